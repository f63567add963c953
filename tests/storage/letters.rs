//! The outbox.

use std::collections::BTreeSet;
use std::time::Duration;

use authara::domain::letter::{Kind, Letter, State};
use authara::domain::{Email, LetterId, Timestamp};
use authara::storage::{Result, Store};
use uuid::Uuid;

use super::{HOUR, NOW, add_user, user};
use crate::kit::database::{Database, both};

const LEASE: Uuid = Uuid::from_u128(1);
const OTHER_LEASE: Uuid = Uuid::from_u128(2);
const UNTIL: Duration = Duration::from_mins(1);

/// The letter `number`, queued so many seconds after [`NOW`].
fn letter(number: u32) -> Letter {
    let at = NOW + Duration::from_secs(number.into());
    Letter {
        id: LetterId::new(Uuid::from_u128(number.into())),
        kind: Kind::PasswordChanged,
        user: None,
        to: Email::parse(&format!("user{number}@example.com")).unwrap(),
        language: "de".to_owned(),
        sealed: vec![7, 0, 255],
        created_at: at,
        deadline: at + HOUR,
    }
}

async fn add(store: &Store, letters: &[Letter]) {
    store
        .write(async |tx| {
            for letter in letters {
                tx.letters().add(letter).await?;
            }
            Result::Ok(())
        })
        .await
        .unwrap();
}

async fn claim(store: &Store, lease: Uuid, now: Timestamp) -> Option<LetterId> {
    let claimed = store
        .write(async |tx| tx.letters().claim(lease, now, now + UNTIL).await)
        .await;
    claimed.unwrap().map(|queued| queued.letter.id)
}

async fn settle(store: &Store, id: LetterId, lease: Uuid, state: State, now: Timestamp) -> bool {
    store
        .write(async |tx| tx.letters().settle(id, lease, state, "250 taken", now).await)
        .await
        .unwrap()
}

both!(
    a_letter_is_kept_as_it_was_queued_until_it_was_sent,
    async |db: &Database| {
        let ada = user(1);
        add_user(&db.store, &ada).await;
        let mut queued = letter(1);
        queued.user = Some(ada.id);
        add(&db.store, std::slice::from_ref(&queued)).await;
        let found = async || db.store.read().await.unwrap().letters().by_id(queued.id).await.unwrap();

        let waiting = found().await.unwrap();
        let now = queued.created_at;
        assert_eq!(
            (waiting.letter, waiting.state, waiting.tries),
            (queued.clone(), State::Waiting, 0)
        );
        assert_eq!((waiting.due_at, waiting.settled_at), (now, None));
        assert_eq!(claim(&db.store, LEASE, now).await, Some(queued.id));
        assert!(settle(&db.store, queued.id, LEASE, State::Sent, now + HOUR).await);

        let sent = found().await.unwrap();
        assert_eq!(
            (sent.state, sent.tries, sent.outcome.as_str()),
            (State::Sent, 1, "250 taken")
        );
        assert_eq!(sent.settled_at, Some(now + HOUR));
        assert!(sent.letter.sealed.is_empty(), "a code is not kept");
        db.store
            .write(async |tx| tx.users().delete(ada.id).await)
            .await
            .unwrap();
        assert!(found().await.is_none(), "nothing is sent about an account that is gone");
    }
);

both!(
    a_letter_is_taken_by_one_and_again_when_that_one_is_gone,
    async |db: &Database| {
        let (first, second) = (letter(1), letter(2));
        add(&db.store, &[second.clone(), first.clone()]).await;
        let now = second.created_at;
        let is_due = async |at| db.store.read().await.unwrap().letters().is_due(at).await.unwrap();

        assert!(!is_due(NOW).await && is_due(now).await);
        assert_eq!(
            claim(&db.store, LEASE, now).await,
            Some(first.id),
            "the one that waits longest"
        );
        assert_eq!(claim(&db.store, LEASE, now).await, Some(second.id));
        assert_eq!(claim(&db.store, OTHER_LEASE, now).await, None);
        assert!(!is_due(now).await);

        // The lease is over: whoever had it is gone, and can settle nothing any more.
        assert_eq!(claim(&db.store, OTHER_LEASE, now + UNTIL).await, Some(first.id));
        assert!(!settle(&db.store, first.id, LEASE, State::Sent, now + UNTIL).await);
        assert!(settle(&db.store, first.id, OTHER_LEASE, State::Sent, now + UNTIL).await);
        assert!(
            !settle(&db.store, first.id, OTHER_LEASE, State::Failed, now + UNTIL).await,
            "once"
        );
    }
);

both!(
    a_letter_that_was_not_sent_waits_until_it_is_due_or_hurried,
    async |db: &Database| {
        let queued = letter(1);
        add(&db.store, std::slice::from_ref(&queued)).await;
        let now = queued.created_at;
        let later = now + HOUR;
        claim(&db.store, LEASE, now).await.unwrap();
        let hurry = async || {
            db.store
                .write(async |tx| tx.letters().hurry(queued.id, now).await)
                .await
                .unwrap()
        };
        let postpone = async |lease| {
            let work =
                async |tx: &mut authara::storage::Tx| tx.letters().postpone(queued.id, lease, later, "busy").await;
            db.store.write(work).await.unwrap()
        };

        assert!(!hurry().await, "it is being sent");
        assert!(!postpone(OTHER_LEASE).await);
        assert!(postpone(LEASE).await);

        assert_eq!(claim(&db.store, LEASE, later - Duration::from_secs(1)).await, None);
        assert_eq!(claim(&db.store, LEASE, later).await, Some(queued.id));
        assert!(postpone(LEASE).await);
        assert!(hurry().await);
        assert_eq!(claim(&db.store, LEASE, now).await, Some(queued.id));
        assert!(postpone(LEASE).await);
        let hurried = db
            .store
            .write(async |tx| tx.letters().hurry_all(now).await)
            .await
            .unwrap();
        assert_eq!(hurried, 1);
        let found = db
            .store
            .read()
            .await
            .unwrap()
            .letters()
            .by_id(queued.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.tries, found.outcome.as_str()), (3, "busy"));
    }
);

both!(
    a_letter_that_a_wrong_clock_put_off_for_years_is_due,
    async |db: &Database| {
        let queued = letter(1);
        add(&db.store, std::slice::from_ref(&queued)).await;
        claim(&db.store, LEASE, NOW + HOUR * 24 * 365).await.unwrap();

        assert_eq!(claim(&db.store, OTHER_LEASE, queued.created_at).await, Some(queued.id));
    }
);

both!(many_takers_at_once_never_take_the_same_letter, async |db: &Database| {
    let letters: Vec<_> = (1..=40).map(letter).collect();
    add(&db.store, &letters).await;
    let mut takers = tokio::task::JoinSet::new();
    for taker in 0..8 {
        let store = db.store.clone();
        takers.spawn(async move {
            let mut taken = Vec::new();
            while let Some(id) = claim(&store, Uuid::from_u128(taker), NOW + HOUR).await {
                taken.push(id);
            }
            taken
        });
    }
    let taken: Vec<_> = takers.join_all().await.concat();

    assert_eq!(taken.len(), 40);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>().len(), 40);
});

both!(
    an_address_that_was_refused_is_known_for_a_while,
    async |db: &Database| {
        let (refused, failed) = (letter(1), letter(2));
        add(&db.store, &[refused.clone(), failed.clone()]).await;
        let now = failed.created_at;
        for (letter, state) in [(&refused, State::Refused), (&failed, State::Failed)] {
            claim(&db.store, LEASE, now).await.unwrap();
            assert!(settle(&db.store, letter.id, LEASE, state, now).await);
        }
        let is_refused = async |letter: &Letter, since| {
            let mut conn = db.store.read().await.unwrap();
            conn.letters().is_refused(&letter.to, since).await.unwrap()
        };

        assert!(is_refused(&refused, NOW).await);
        assert!(!is_refused(&refused, now).await, "that long ago");
        assert!(!is_refused(&failed, NOW).await, "it was the letter");
    }
);

both!(a_letter_that_is_taken_back_was_never_there, async |db: &Database| {
    let queued = letter(1);
    db.store
        .write(async |tx| {
            tx.letters().add(&queued).await?;
            tx.letters().take_back(queued.id).await
        })
        .await
        .unwrap();

    assert!(
        !db.store
            .read()
            .await
            .unwrap()
            .letters()
            .is_due(NOW + HOUR)
            .await
            .unwrap()
    );
});

both!(letters_are_listed_counted_and_deleted, async |db: &Database| {
    let ada = user(9);
    add_user(&db.store, &ada).await;
    let mut letters: Vec<_> = (1..=4).map(letter).collect();
    letters[3].user = Some(ada.id);
    add(&db.store, &letters).await;
    let now = letters[3].created_at;
    let first = claim(&db.store, LEASE, now).await.unwrap();
    settle(&db.store, first, LEASE, State::Sent, now).await;
    let mut conn = db.store.read().await.unwrap();
    let ids =
        |queued: Vec<authara::domain::letter::Queued>| queued.into_iter().map(|one| one.letter.id).collect::<Vec<_>>();

    let newest = ids(conn.letters().newest(None, None, 2).await.unwrap());
    assert_eq!(newest, [letters[3].id, letters[2].id]);
    let after = Some((letters[2].created_at, letters[2].id));
    assert_eq!(
        ids(conn.letters().newest(None, after, 9).await.unwrap()),
        [letters[1].id, first]
    );
    assert_eq!(
        ids(conn.letters().newest(Some(State::Sent), None, 9).await.unwrap()),
        [first]
    );
    assert_eq!(ids(conn.letters().of_user(ada.id, 9).await.unwrap()), [letters[3].id]);
    assert!(conn.letters().of_user(ada.id, 0).await.unwrap().is_empty());
    assert_eq!(
        conn.letters().waiting().await.unwrap(),
        (3, Some(letters[1].created_at))
    );
    let count = async |conn: &mut authara::storage::Conn, kind, since| {
        conn.letters().count_since(ada.id, kind, since).await.unwrap()
    };
    assert_eq!(count(&mut conn, Kind::PasswordChanged, NOW).await, 1);
    assert_eq!(count(&mut conn, Kind::PasswordChanged, now).await, 0);
    assert_eq!(count(&mut conn, Kind::NewSignIn, NOW).await, 0);
    drop(conn);

    let delete = async |before| {
        db.store
            .write(async |tx| tx.letters().delete_settled(before, 9).await)
            .await
            .unwrap()
    };
    assert_eq!(delete(now).await, 0);
    assert_eq!(delete(now + UNTIL).await, 1, "those that wait stay");
    assert_eq!(delete(now + HOUR * 2).await, 3, "until they are of no use");
});

both!(a_letter_of_a_newer_version_can_be_read, async |db: &Database| {
    add(&db.store, &[letter(1)]).await;
    db.tamper("UPDATE letters SET kind = 'of_another_century'").await;

    let found = db
        .store
        .read()
        .await
        .unwrap()
        .letters()
        .newest(None, None, 9)
        .await
        .unwrap();

    assert_eq!(found[0].letter.kind, Kind::Unknown);
});

both!(letters_to_an_address_are_deleted, async |db: &Database| {
    add(&db.store, &[letter(1), letter(2)]).await;
    let address = letter(1).to;

    let deleted = db
        .store
        .write(async |tx| tx.letters().delete_of_address(&address).await)
        .await
        .unwrap();

    assert_eq!(deleted, 1);
    assert_eq!(
        db.store
            .read()
            .await
            .unwrap()
            .letters()
            .newest(None, None, 9)
            .await
            .unwrap()
            .len(),
        1
    );
});
