//! What a secret is made of, where it is kept, and where it never shows.

use std::collections::BTreeSet;

use authara::crypto::stamp::Stamp;
use authara::crypto::{derive, token};
use authara::domain::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::Method;
use serde_json::json;

use super::{ADA, LOGIN, LOGOUT, REFRESH, TOKENS, USER, credentials};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};
use crate::kit::dump::dump;

#[test]
fn r029_a_hundred_thousand_secrets_have_nothing_in_common() {
    let root = derive::RootSecret::parse(&Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="));
    let stamp = Stamp::new(root.unwrap().key(derive::Purpose::Csrf));
    let makers: [(&str, &dyn Fn() -> String); 2] = [
        ("refresh token", &|| token::new().expose().to_owned()),
        ("CSRF value", &|| {
            stamp.issue(authara::domain::Timestamp::from_seconds(1_800_000_000))
        }),
    ];

    for (what, make) in makers {
        // A CSRF value begins with its time.
        let time = if what == "CSRF value" { 4 } else { 0 };
        let random = |text: String| URL_SAFE_NO_PAD.decode(text).unwrap()[time..].to_vec();
        let all: BTreeSet<Vec<u8>> = (0..100_000).map(|_| random(make())).collect();
        assert_eq!(all.len(), 100_000, "{what}: one came twice");
        assert!(all.iter().all(|bytes| bytes.len() == 32 - time), "{what}");
        // Every bit of the random part is as often 1 as 0; six sigma is a thousand off.
        for bit in 0..96 {
            let ones = all.iter().filter(|bytes| bytes[bit / 8] >> (bit % 8) & 1 == 1).count();
            assert!((49_000..51_000).contains(&ones), "{what}: bit {bit} is 1 {ones} times");
        }
    }
}

both!(r030_the_database_holds_hashes_only, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let mut secrets = vec![PASSWORD.to_owned()];
    let learn = |client: &Client, secrets: &mut Vec<String>| secrets.extend(client.jar().values().cloned());
    learn(&client, &mut secrets);
    assert_eq!(client.post(REFRESH).await.status, 200);
    learn(&client, &mut secrets);
    let wrong = json!({ "email": "bob@example.com", "password": "a password nobody has" });
    assert_eq!(client.post_json(LOGIN, &wrong).await.status, 401);
    secrets.extend(["a password nobody has".to_owned(), "bob@example.com".to_owned()]);

    let held = everything(db).await;
    assert!(contains(&held, ADA), "what is there is found");
    for secret in secrets {
        assert!(!contains(&held, &secret), "{secret}");
    }
});

/// Every byte that the database holds, old versions included where they can be had.
async fn everything(db: &Database) -> Vec<u8> {
    if !db.is_sqlite() {
        return dump(db).await.join("\n").into_bytes();
    }
    let log = db.path().with_extension("db-wal");
    let mut bytes = std::fs::read(db.path()).unwrap();
    bytes.extend(std::fs::read(log).unwrap_or_default());
    bytes
}

/// Whether a text is there: as it is, in hexadecimal, or as the bytes it stands for.
fn contains(held: &[u8], text: &str) -> bool {
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<Vec<_>>()
            .concat()
            .into_bytes()
    };
    let mut forms = vec![text.as_bytes().to_vec(), hex(text.as_bytes())];
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) {
        forms.extend([hex(&bytes), bytes]);
    }
    forms
        .iter()
        .any(|form| held.windows(form.len()).any(|window| window == form))
}

both!(
    r031_a_cookie_from_before_a_sign_in_never_opens_what_comes_after,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let before = app.twin(&client);
        assert_eq!(client.post_json(LOGIN, &credentials(ADA)).await.status, 200);

        let (old, new) = (before.cookie("authara_refresh"), client.cookie("authara_refresh"));
        assert_ne!(old, new);
        assert_ne!(before.cookie("authara_access"), client.cookie("authara_access"));
        // Two sessions: ending the one leaves the other.
        assert_eq!(before.post(LOGOUT).await.status, 204);
        assert_eq!(client.get(USER).await.status, 200);
    }
);

both!(r023_an_address_nobody_proved_is_not_verified, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let payload = client.cookie("authara_access");
    let payload = URL_SAFE_NO_PAD.decode(payload.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();

    assert_eq!(claims["email_verified"], json!(false));
});

both!(
    r051_no_secret_is_in_an_address_and_pages_tell_no_other_site,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let secrets: Vec<String> = client.jar().values().cloned().collect();
        let is_clean = |answer: &Answer| {
            let location = answer.header("location");
            assert!(!secrets.iter().any(|secret| location.contains(secret)), "{location}");
            assert_eq!(answer.header("referrer-policy"), "same-origin");
        };

        let csrf = client.cookie("authara_csrf");
        for path in ["/auth/login", "/auth/account", "/auth/login?return_to=%2Fprivate"] {
            is_clean(&client.get(path).await);
        }
        let fields = [("csrf_token", csrf.as_str()), ("email", ADA), ("password", PASSWORD)];
        is_clean(&client.call(Method::POST, "/auth/login").form(&fields).send().await);
        let field = [("csrf_token", csrf.as_str())];
        is_clean(
            &client
                .call(Method::POST, "/auth/sessions/refresh")
                .form(&field)
                .send()
                .await,
        );
        is_clean(
            &client
                .call(Method::POST, "/auth/sessions/logout")
                .form(&field)
                .send()
                .await,
        );
        // A token in the query is none.
        let body = json!({ "refresh_token": "" });
        let path = format!("{TOKENS}?refresh_token={}", secrets[0]);
        assert_ne!(client.post_json(&path, &body).await.status, 200);
    }
);

both!(
    r041_what_was_signed_for_one_purpose_serves_no_other,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        // A notice, which only a redirect leaves behind.
        let csrf = client.cookie("authara_csrf");
        let fields = [("csrf_token", csrf.as_str())];
        let path = "/auth/sessions/revoke-other";
        assert_eq!(client.call(Method::POST, path).form(&fields).send().await.status, 303);
        let all = client.jar().clone();
        assert_eq!(all.len(), 5, "{:?}", all.keys());

        for (own, value) in &all {
            let with = |name: &str| {
                let client = app.twin(&client);
                client.jar().insert(name.to_owned(), value.clone());
                client
            };
            if own != "authara_access" {
                assert_eq!(with("authara_access").get(USER).await.status, 401, "{own}");
            }
            if own != "authara_refresh" {
                assert_eq!(with("authara_refresh").post(REFRESH).await.status, 401, "{own}");
            }
            if own != "authara_csrf" {
                assert_eq!(with("authara_csrf").post(REFRESH).await.status, 403, "{own}");
            }
            let page = with("authara_flash").get("/auth/account").await;
            assert_eq!(
                page.text().contains("There was no other session."),
                own == "authara_flash",
                "{own}"
            );
        }
    }
);
