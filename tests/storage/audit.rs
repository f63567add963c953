//! Audit lines.

use authara::domain::audit::{Action, Actor, AuditLine};
use authara::domain::{AuditId, Timestamp};
use uuid::Uuid;

use super::{NOW, client, session_id, user_id};
use crate::kit::database::{Database, both};

fn line(number: u128, actor: Actor) -> AuditLine {
    AuditLine {
        id: AuditId::new(Uuid::from_u128(number)),
        at: NOW,
        action: Action::RoleGranted,
        actor,
        subject: None,
        session: None,
        client: client(),
        detail: String::new(),
    }
}

both!(
    lines_are_listed_newest_first_of_one_subject_or_of_all,
    async |db: &Database| {
        let first = line(1, Actor::Operator);
        let mut second = line(2, Actor::User(user_id(1)));
        second.subject = Some(user_id(7));
        second.session = Some(session_id(8));
        second.detail = "admin".to_owned();
        let mut third = line(3, Actor::System);
        third.at = Timestamp::from_micros(NOW.micros() - 1);

        for line in [&first, &second, &third] {
            db.store.write(async |tx| tx.audit().add(line).await).await.unwrap();
        }

        let mut conn = db.store.read().await.unwrap();
        let all = conn.audit().newest(None, 10).await.unwrap();
        assert_eq!(all, [second.clone(), first, third]);
        assert_eq!(conn.audit().newest(None, 1).await.unwrap().len(), 1);
        assert_eq!(conn.audit().newest(Some(user_id(7)), 10).await.unwrap(), [second]);
        assert!(conn.audit().newest(Some(user_id(1)), 10).await.unwrap().is_empty());
    }
);
