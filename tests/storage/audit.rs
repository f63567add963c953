//! Audit lines.

use authara::domain::audit::{Action, Actor, AuditLine, Filter, Outcome};
use authara::domain::{AuditId, Client, Timestamp};
use authara::storage::Result;
use uuid::Uuid;

use super::{NOW, client, session_id, user_id};
use crate::kit::database::{Database, both};

fn line(number: u128, actor: Actor) -> AuditLine {
    AuditLine {
        id: AuditId::new(Uuid::from_u128(number)),
        at: NOW,
        action: Action::RoleGranted,
        outcome: Outcome::Done,
        actor,
        subject: None,
        session: None,
        client: client(),
        detail: String::new(),
    }
}

async fn add(db: &Database, lines: &[&AuditLine]) {
    for line in lines {
        db.store.write(async |tx| tx.audit().add(line).await).await.unwrap();
    }
}

async fn newest(db: &Database, filter: Filter, limit: u32) -> Vec<AuditLine> {
    let mut conn = db.store.read().await.unwrap();
    conn.audit().newest(&filter, limit).await.unwrap()
}

both!(
    lines_are_listed_newest_first_and_page_after_page,
    async |db: &Database| {
        let first = line(1, Actor::Operator);
        let second = line(2, Actor::User(user_id(1)));
        let mut third = line(3, Actor::System);
        third.at = Timestamp::from_micros(NOW.micros() - 1);
        add(db, &[&first, &second, &third]).await;

        assert_eq!(
            newest(db, Filter::default(), 10).await,
            [second.clone(), first.clone(), third.clone()]
        );
        let page = newest(db, Filter::default(), 1).await;
        assert_eq!(page, [second]);
        let before = Some((page[0].at, page[0].id));
        assert_eq!(
            newest(
                db,
                Filter {
                    before,
                    ..Filter::default()
                },
                10
            )
            .await,
            [first, third]
        );
    }
);

both!(every_condition_of_a_filter_counts, async |db: &Database| {
    let plain = line(1, Actor::Operator);
    let mut other = line(2, Actor::User(user_id(1)));
    other.action = Action::SignIn;
    other.outcome = Outcome::Refused;
    other.subject = Some(user_id(7));
    other.session = Some(session_id(8));
    other.client = Client::new("2001:db8::1".parse().unwrap(), "x").in_request("req-1".to_owned());
    other.detail = "wrong password".to_owned();
    let mut old = other.clone();
    old.id = AuditId::new(Uuid::from_u128(3));
    old.at = Timestamp::from_micros(NOW.micros() - 1);
    add(db, &[&plain, &other, &old]).await;

    let all = Filter::default;
    for filter in [
        Filter {
            subject: Some(user_id(7)),
            ..all()
        },
        Filter {
            action: Some(Action::SignIn),
            ..all()
        },
        Filter {
            outcome: Some(Outcome::Refused),
            ..all()
        },
        Filter {
            address: Some("2001:db8::1".parse().unwrap()),
            ..all()
        },
        Filter {
            request_id: Some("req-1".to_owned()),
            ..all()
        },
        Filter {
            outcome: Some(Outcome::Refused),
            subject: Some(user_id(7)),
            ..all()
        },
    ] {
        assert_eq!(
            newest(db, filter.clone(), 10).await,
            [other.clone(), old.clone()],
            "{filter:?}"
        );
        let since = Filter {
            since: Some(NOW),
            ..filter
        };
        assert_eq!(newest(db, since, 10).await, [other.clone()]);
    }
    let nobody = Filter {
        subject: Some(user_id(1)),
        ..all()
    };
    assert!(newest(db, nobody, 10).await.is_empty());
});

both!(old_lines_are_deleted_and_no_others, async |db: &Database| {
    let kept = line(1, Actor::Operator);
    let mut old = line(2, Actor::Operator);
    old.at = Timestamp::from_micros(NOW.micros() - 1);
    add(db, &[&kept, &old]).await;

    let delete = async |limit| {
        let work = async |tx: &mut authara::storage::Tx| -> Result<u64> { tx.audit().delete_old(NOW, limit).await };
        db.store.write(work).await.unwrap()
    };
    assert_eq!(delete(0).await, 0);
    assert_eq!(delete(10).await, 1);
    assert_eq!(delete(10).await, 0);
    assert_eq!(newest(db, Filter::default(), 10).await, [kept]);
});
