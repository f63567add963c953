//! A password counts as it was typed.

use super::{Outcome, WAYS, address, opens, stored_hash};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};

both!(
    r002_a_weak_hash_is_replaced_and_the_session_goes_on,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        // N=16, r=1, p=1 of "correct horse battery", as another program would have written it.
        let weak = weak_hash().await;
        db.tamper(&format!("UPDATE passwords SET hash = '{weak}'")).await;

        assert!(opens(&app, "ada@example.com", PASSWORD).await);
        let replaced = stored_hash(&app, "ada@example.com").await;
        assert!(opens(&app, "ada@example.com", PASSWORD).await);

        assert_ne!(replaced, weak);
        assert_eq!(stored_hash(&app, "ada@example.com").await, replaced, "once is enough");
        assert_eq!(client.get("/auth/api/v1/user").await.status, 200);
    }
);

/// The hash that a server with a low cost would have left.
async fn weak_hash() -> String {
    use authara::crypto::password::{Hasher, PoolSize, Share};
    use authara::crypto::phc::Cost;
    use authara::domain::Secret;
    use authara::domain::password::Password;

    let size = PoolSize {
        threads: 1,
        queue: 1,
        patience: std::time::Duration::from_secs(30),
    };
    let hasher = Hasher::start(Cost { log_n: 4, r: 1, p: 1 }, size);
    hasher
        .hash(
            Share::of([0, 0, 0, 0].into()),
            Password::typed(&Secret::new(PASSWORD)).unwrap(),
        )
        .await
        .unwrap()
}

both!(r005_a_password_counts_exactly_as_typed, async |db: &Database| {
    let app = TestApp::start(db).await;
    let password = "  P ssword' +%20&é ";

    for way in WAYS {
        let email = address(way, 0);
        assert_eq!(way.set(&app, &email, password).await, Outcome::Taken, "{way:?}");

        assert!(opens(&app, &email, password).await, "{way:?}");
        for other in [
            password.trim(),
            password.trim_start(),
            password.trim_end(),
            &password.to_lowercase(),
            &password.replace("%20", " "),
            &password.replace('+', " "),
            &format!("{password} "),
        ] {
            assert!(!opens(&app, &email, other).await, "{way:?} {other:?}");
        }
    }
});

both!(
    r006_every_spelling_of_a_letter_is_the_same_letter,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let spellings = ["Ｃafe\u{301}-ﬁne-한", "Caf\u{e9}-fine-\u{1112}\u{1161}\u{11ab}"];

        for (number, (set, typed)) in [(0, 1), (1, 0)].into_iter().enumerate() {
            for way in WAYS {
                let email = address(way, number);
                assert_eq!(way.set(&app, &email, spellings[set]).await, Outcome::Taken, "{way:?}");

                assert!(opens(&app, &email, spellings[typed]).await, "{way:?}");
                assert!(opens(&app, &email, spellings[set]).await, "{way:?}");
                assert!(!opens(&app, &email, "Cafe-fine-한").await, "{way:?}");
            }
        }
    }
);
