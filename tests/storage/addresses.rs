//! Addresses that change or must be proved, and passwords that go.

use std::time::Duration;

use authara::domain::{Email, Timestamp};
use authara::storage::Tx;

use super::{HOUR, NOW, add_user, user, user_id};
use crate::kit::database::{Database, both};

both!(an_account_gets_another_address_that_is_proved, async |db: &Database| {
    let (ada, bob) = (user(1), user(2));
    add_user(&db.store, &ada).await;
    add_user(&db.store, &bob).await;
    let set = async |id, address: &Email| {
        db.store
            .write(async |tx| tx.users().set_address(id, address, NOW).await)
            .await
    };
    let free = Email::parse("free@example.com").unwrap();

    assert!(set(ada.id, &free).await.unwrap());
    assert!(!matches!(set(ada.id, &bob.email).await, Ok(true)), "it is taken");
    assert!(!set(user_id(9), &ada.email).await.unwrap());

    let mut conn = db.store.read().await.unwrap();
    let found = conn.users().by_id(ada.id).await.unwrap().unwrap();
    assert_eq!((found.email, found.email_verified_at), (free, Some(NOW)));
});

both!(an_address_is_overdue_until_it_is_proved, async |db: &Database| {
    for number in 1..=4 {
        add_user(&db.store, &user(number)).await;
    }
    let write = async |work: &dyn Fn(u32) -> Option<Timestamp>| {
        for number in 1..=4 {
            let (id, due) = (user(number).id, work(number));
            db.store
                .write(async |tx| tx.users().set_proof_due(id, due).await)
                .await
                .unwrap();
        }
    };
    write(&|number| (number < 4).then(|| NOW - Duration::from_secs(u64::from(number)))).await;
    let overdue = async |now, limit| {
        let mut conn = db.store.read().await.unwrap();
        conn.users().overdue(now, limit).await.unwrap()
    };

    assert_eq!(overdue(NOW, 9).await, [3, 2, 1].map(|number| user(number).id));
    assert_eq!(overdue(NOW, 1).await, [user(3).id]);
    assert_eq!(overdue(NOW - HOUR, 9).await, []);
    let prove = async |tx: &mut Tx| tx.users().prove_address(user(3).id, NOW).await;
    assert!(db.store.write(prove).await.unwrap());
    let mut conn = db.store.read().await.unwrap();
    assert!(!conn.users().is_overdue(user(3).id, NOW).await.unwrap());
    assert!(conn.users().is_overdue(user(2).id, NOW).await.unwrap());
    assert!(!conn.users().is_overdue(user(4).id, NOW).await.unwrap());
    drop(conn);
    assert_eq!(overdue(NOW, 9).await, [2, 1].map(|number| user(number).id));
    let clear = async |tx: &mut Tx| tx.users().clear_proof_due().await;
    assert_eq!(db.store.write(clear).await.unwrap(), 2);
    assert_eq!(overdue(NOW, 9).await, []);
});

both!(a_password_is_taken_away, async |db: &Database| {
    let ada = user(1);
    add_user(&db.store, &ada).await;
    let set = async |tx: &mut Tx| tx.users().set_password(ada.id, "hash", NOW).await;
    db.store.write(set).await.unwrap();
    let remove = async || {
        let remove = async |tx: &mut Tx| tx.users().remove_password(ada.id).await;
        db.store.write(remove).await.unwrap()
    };

    assert!(remove().await);
    assert!(!remove().await);
    let mut conn = db.store.read().await.unwrap();
    assert!(conn.users().password(ada.id).await.unwrap().is_none());
});
