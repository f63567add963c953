//! Addresses and domains that accounts may have.

use authara::domain::{Allowed, Email, PlatformRole};
use authara::storage::Result;
use authara::storage::allowlist::KeptOut;

use super::{NOW, add_user, user};
use crate::kit::database::{Database, both};

fn entry(text: &str) -> Allowed {
    text.parse().unwrap()
}

both!(
    an_address_is_admitted_by_itself_or_its_whole_domain,
    async |db: &Database| {
        let add = async |text| {
            let entry = entry(text);
            db.store
                .write(async |tx| tx.allowlist().add(&entry, NOW).await)
                .await
                .unwrap()
        };
        let admits = async |text| {
            let email = Email::parse(text).unwrap();
            db.store.read().await.unwrap().allowlist().admits(&email).await.unwrap()
        };

        assert!(!admits("ada@example.com").await);
        assert!(add("ada@example.com").await);
        assert!(!add("ADA@example.com").await, "it is there");
        assert!(add("@example.org").await);

        for text in ["ada@example.com", "bob@example.org"] {
            assert!(admits(text).await, "{text}");
        }
        for text in [
            "bob@example.com",
            "ada@x.example.com",
            "bob@x.example.org",
            "example.org@example.net",
        ] {
            assert!(!admits(text).await, "{text}");
        }
        let page = async |after: Option<Allowed>, limit| {
            let mut conn = db.store.read().await.unwrap();
            conn.allowlist().page(after.as_ref(), limit).await.unwrap()
        };
        let both = [(entry("@example.org"), NOW), (entry("ada@example.com"), NOW)];
        assert_eq!(page(None, 9).await, both);
        assert_eq!(page(None, 1).await, both[..1]);
        assert_eq!(page(Some(entry("@example.org")), 9).await, both[1..]);

        let remove = async |text| {
            let entry = entry(text);
            db.store
                .write(async |tx| tx.allowlist().remove(&entry).await)
                .await
                .unwrap()
        };
        assert!(remove("@example.org").await);
        assert!(!remove("@example.org").await);
        assert!(!admits("bob@example.org").await);
    }
);

both!(accounts_that_are_kept_out_are_counted, async |db: &Database| {
    let people = [user(1), user(2), user(3), user(4)];
    for person in &people {
        add_user(&db.store, person).await;
    }
    let kept_out = async || db.store.read().await.unwrap().allowlist().kept_out().await.unwrap();
    db.store
        .write(async |tx| {
            for role in PlatformRole::ALL {
                tx.roles().grant(people[0].id, role, NOW).await?;
            }
            tx.roles().grant(people[1].id, PlatformRole::Operator, NOW).await?;
            tx.users().disable(people[3].id, NOW).await?;
            Result::Ok(())
        })
        .await
        .unwrap();

    assert_eq!(kept_out().await, KeptOut { accounts: 3, admins: 1 });

    let first = Allowed::Address(people[0].email.clone());
    db.store
        .write(async |tx| tx.allowlist().add(&first, NOW).await)
        .await
        .unwrap();
    assert_eq!(kept_out().await, KeptOut { accounts: 2, admins: 0 });

    let all = Allowed::domain_of(&people[1].email);
    db.store
        .write(async |tx| tx.allowlist().add(&all, NOW).await)
        .await
        .unwrap();
    assert_eq!(kept_out().await, KeptOut { accounts: 0, admins: 0 });
});
