//! What was proved, compared with the account as it is now.

use authara::domain::{Evidence, UserId};
use authara::storage::{Result, Store};

use super::{NOW, add_user, user};
use crate::kit::database::{Database, both};

async fn holds(store: &Store, evidence: &Evidence) -> bool {
    store
        .write(async |tx| -> Result<_> { tx.evidence().redeem(evidence).await })
        .await
        .unwrap()
}

async fn set_password(store: &Store, user: UserId, hash: &str) -> Evidence {
    let set = async |tx: &mut authara::storage::Tx| tx.users().set_password(user, hash, NOW).await;
    let seen = store.write(set).await.unwrap();
    Evidence::Password { user, seen }
}

both!(a_password_is_evidence_until_another_is_set, async |db: &Database| {
    let (ada, bob) = (user(1), user(2));
    add_user(&db.store, &ada).await;
    add_user(&db.store, &bob).await;

    let first = set_password(&db.store, ada.id, "one").await;
    assert!(holds(&db.store, &first).await);
    assert!(holds(&db.store, &first).await, "it is not used up");
    let upgrade = async |tx: &mut authara::storage::Tx| tx.users().upgrade_password_hash(ada.id, "one", "strong").await;
    assert!(db.store.write(upgrade).await.unwrap());
    assert!(
        holds(&db.store, &first).await,
        "a stronger hash is of the same password"
    );

    let second = set_password(&db.store, ada.id, "one").await;
    assert!(!holds(&db.store, &first).await, "also if it is the same text again");
    assert!(holds(&db.store, &second).await);
    let Evidence::Password { seen, .. } = second else {
        panic!("a password")
    };
    assert!(!holds(&db.store, &Evidence::Password { user: bob.id, seen }).await);
});
