//! Requests to prove again that a session's owner is there, and links with which an account is taken back.

use std::time::Duration;

use authara::domain::{Appeal, ConfirmationId, TokenHash, TokenId};
use authara::storage::{Result, Store, Tx};
use uuid::Uuid;

use super::{HOUR, NOW, add_user, session, session_id, user};
use crate::kit::database::{Database, both};

const SECOND: Duration = Duration::from_secs(1);

fn confirmation(number: u128) -> ConfirmationId {
    ConfirmationId::new(Uuid::from_u128(number))
}

async fn write<T>(store: &Store, work: impl AsyncFnOnce(&mut Tx) -> Result<T>) -> T {
    store.write(work).await.unwrap()
}

/// Two sessions of one user.
async fn with_sessions(db: &Database) {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    for number in [1, 2] {
        write(&db.store, async |tx| tx.sessions().add(&session(number, &ada)).await).await;
    }
}

both!(
    a_request_is_open_in_its_session_until_it_ends_or_is_used_up,
    async |db: &Database| {
        with_sessions(db).await;
        let (here, there) = (session_id(1), session_id(2));
        let (id, token) = (confirmation(1), TokenId::new(Uuid::from_u128(9)));
        write(&db.store, async |tx| tx.confirmations().add(id, here, NOW + HOUR).await).await;
        let mut conn = db.store.read().await.unwrap();
        let end = NOW + HOUR;

        assert_eq!(conn.confirmations().open(here, NOW).await.unwrap(), Some((id, end)));
        assert_eq!(conn.confirmations().open(here, end).await.unwrap(), None);
        assert_eq!(conn.confirmations().open(there, NOW).await.unwrap(), None);
        assert!(conn.confirmations().is_open(id, here, NOW).await.unwrap());
        for (id, session, at) in [(id, there, NOW), (id, here, end), (confirmation(2), here, NOW)] {
            assert!(!conn.confirmations().is_open(id, session, at).await.unwrap());
        }
        drop(conn);

        let redeem = async |session, at| {
            write(&db.store, async |tx| {
                tx.confirmations().redeem(id, session, Some(token), at).await
            })
            .await
        };
        assert!(!redeem(there, NOW).await);
        assert!(!redeem(here, end).await);
        assert!(redeem(here, NOW + SECOND).await);
        assert!(!redeem(here, NOW + SECOND).await, "once");
        let mut conn = db.store.read().await.unwrap();
        assert_eq!(conn.confirmations().open(here, NOW).await.unwrap(), None);
        let proved = conn.confirmations().proved_with(here, token).await.unwrap();
        assert_eq!(proved, Some(NOW + SECOND));
        assert_eq!(conn.confirmations().proved_with(there, token).await.unwrap(), None);
        let other = TokenId::new(Uuid::from_u128(8));
        assert_eq!(conn.confirmations().proved_with(here, other).await.unwrap(), None);
    }
);

both!(requests_go_once_they_are_over, async |db: &Database| {
    with_sessions(db).await;
    for number in 1..=3 {
        let end = NOW + HOUR * u32::try_from(number).unwrap();
        let add = async |tx: &mut Tx| tx.confirmations().add(confirmation(number), session_id(1), end).await;
        write(&db.store, add).await;
    }

    let delete = async |limit| {
        write(&db.store, async |tx| {
            tx.confirmations().delete_over(NOW + HOUR * 3, limit).await
        })
        .await
    };

    assert_eq!(delete(1).await, 1);
    assert_eq!(delete(9).await, 1);
    assert_eq!(delete(9).await, 0);
});

fn appeal(at: Duration) -> Appeal {
    Appeal {
        user: user(1).id,
        address: user(1).email,
        created_at: NOW + at,
        ends_at: NOW + at + HOUR,
    }
}

both!(
    an_appeal_is_found_by_its_hash_and_goes_with_the_later_ones,
    async |db: &Database| {
        add_user(&db.store, &user(1)).await;
        let hash = |number| TokenHash::new([number; 32]);
        for (number, at) in [(1, HOUR), (2, HOUR * 2), (3, HOUR * 3)] {
            let add = async |tx: &mut Tx| tx.appeals().add(&hash(number), &appeal(at)).await;
            write(&db.store, add).await;
        }
        let found = async |number| {
            let mut conn = db.store.read().await.unwrap();
            conn.appeals().by_hash(&hash(number)).await.unwrap()
        };
        assert_eq!(found(2).await, Some(appeal(HOUR * 2)));
        assert_eq!(found(9).await, None);
        let newest = async |user| db.store.read().await.unwrap().appeals().newest(user).await.unwrap();
        assert_eq!(newest(user(1).id).await, Some(NOW + HOUR * 3));
        assert_eq!(newest(user(2).id).await, None);

        let delete = async |tx: &mut Tx| tx.appeals().delete_since(user(1).id, NOW + HOUR * 2).await;
        assert_eq!(write(&db.store, delete).await, 2);
        assert!(found(1).await.is_some() && found(2).await.is_none());

        let over =
            async |before: Duration| write(&db.store, async |tx| tx.appeals().delete_over(NOW + before, 9).await).await;
        assert_eq!(over(HOUR * 2).await, 0);
        assert_eq!(over(HOUR * 2 + SECOND).await, 1);
    }
);
