//! One answer and one duration for every refused sign-in.

use hyper::Method;
use serde_json::json;

use super::form;
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

/// Every reason to refuse a sign-in. The addresses are of one length, for a page shows them again.
const CAUSES: [(&str, &str, &str); 11] = [
    ("unknown address", "nob@example.com", PASSWORD),
    ("malformed address", "mal@example..de", PASSWORD),
    ("wrong password", "ada@example.com", "wrong password"),
    ("no password", "non@example.com", PASSWORD),
    ("account off", "off@example.com", PASSWORD),
    ("account off, wrong password", "off@example.com", "wrong password"),
    ("weak hash", "wea@example.com", "wrong password"),
    ("weak hash, account off", "wof@example.com", PASSWORD),
    ("imported hash", "imp@example.com", "wrong password"),
    ("broken hash", "bro@example.com", PASSWORD),
    ("huge hash", "hug@example.com", PASSWORD),
];

/// Passwords that cannot be anybody's, which must not be quicker to refuse for some.
const UNUSABLE: [&str; 3] = ["nul\0nul\0nul", "\0", "x"];

async fn people(db: &Database) -> TestApp {
    let app = TestApp::start(db).await;
    for name in ["ada", "non", "off", "wea", "wof", "imp", "bro", "hug"] {
        app.user(&format!("{name}@example.com")).await;
    }
    let salt_and_hash = "aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";
    let set = async |name: &str, hash: String| {
        let of = format!("(SELECT id FROM users WHERE email = '{name}@example.com')");
        db.tamper(&format!("UPDATE passwords SET hash = '{hash}' WHERE user_id = {of}"))
            .await;
    };
    // The tests hash with ln=5,r=8,p=1.
    set("wea", format!("$scrypt$ln=2,r=8,p=3${salt_and_hash}")).await;
    set("wof", format!("$scrypt$ln=2,r=8,p=1${salt_and_hash}")).await;
    set("imp", format!("$scrypt$ln=4,r=2,p=5${salt_and_hash}")).await;
    set("bro", "garbage".to_owned()).await;
    set("hug", format!("$scrypt$ln=40,r=8,p=1${salt_and_hash}")).await;
    db.tamper("DELETE FROM passwords WHERE user_id = (SELECT id FROM users WHERE email = 'non@example.com')")
        .await;
    for name in ["off", "wof"] {
        let now = if db.is_sqlite() { "0" } else { "now()" };
        let sql = format!("UPDATE users SET disabled_at = {now} WHERE email = '{name}@example.com'");
        db.tamper(&sql).await;
    }
    app
}

async fn by_json(client: &Client, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    client.post_json("/auth/api/v1/login", &body).await
}

async fn by_page(client: &Client, email: &str, password: &str) -> Answer {
    form(client, "/auth/login", &[("email", email), ("password", password)]).await
}

/// Everything that comes back but the name of the request, the date, and the address as it was typed.
fn seen(answer: &Answer, email: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = answer
        .headers
        .iter()
        .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    (answer.status, headers, answer.text().replace(email, "…"))
}

both!(r016_every_refused_sign_in_looks_the_same, async |db: &Database| {
    let app = people(db).await;
    let client = app.visitor().await;
    let json = by_json(&client, "nob@example.com", "whatever else").await;
    let page = by_page(&client, "nob@example.com", "whatever else").await;
    assert_eq!((json.status, page.status), (401, 422));
    assert!(json.set_cookies().is_empty() && page.set_cookies().is_empty());
    let (json, page) = (seen(&json, "nob@example.com"), seen(&page, "nob@example.com"));

    for (cause, email, password) in CAUSES {
        for password in [&[password][..], &UNUSABLE].concat() {
            let answer = by_json(&client, email, password).await;
            assert_eq!(seen(&answer, email), json, "{cause}: {password:?}");
            let answer = by_page(&client, email, password).await;
            assert_eq!(seen(&answer, email), page, "{cause}: {password:?}");
        }
        let long = "x".repeat(10_000);
        assert_eq!(seen(&by_json(&client, email, &long).await, email), json, "{cause}");
    }
});

both!(
    r016_an_empty_password_is_refused_before_anybody_is_looked_for,
    async |db: &Database| {
        let app = people(db).await;
        let client = app.visitor().await;
        let before = app.app.hasher.work_done();
        let unknown = by_json(&client, "nob@example.com", "").await;

        for (cause, email, _) in CAUSES {
            let answer = by_json(&client, email, "").await;
            assert_eq!(seen(&answer, email), seen(&unknown, "nob@example.com"), "{cause}");
            assert_eq!(
                (answer.status, by_page(&client, email, "").await.status),
                (400, 400),
                "{cause}"
            );
        }

        assert_eq!(app.app.hasher.work_done(), before);
    }
);

both!(r017_every_refused_sign_in_does_the_same_work, async |db: &Database| {
    let app = people(db).await;
    let client = app.visitor().await;
    let work = async |email: &str, password: &str, is_page: bool| {
        let before = app.app.hasher.work_done();
        let answer = if is_page {
            by_page(&client, email, password).await
        } else {
            by_json(&client, email, password).await
        };
        assert!([401, 422].contains(&answer.status), "{answer:?}");
        app.app.hasher.work_done() - before
    };
    let one_hash = work("nob@example.com", PASSWORD, false).await;

    assert_eq!(one_hash, 8 << 5, "the cost that the tests hash with");
    for (cause, email, password) in CAUSES {
        for password in [&[password][..], &UNUSABLE].concat() {
            for is_page in [false, true] {
                assert_eq!(work(email, password, is_page).await, one_hash, "{cause}: {password:?}");
            }
        }
    }
});

both!(
    r015_a_hash_that_cannot_be_read_is_a_failed_sign_in,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        let body = json!({ "password": "another good one", "current_password": PASSWORD });
        let salt_and_hash = "aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E";

        for hash in [
            "",
            "garbage",
            "$scrypt$",
            "$argon2id$v=19$m=65536,t=2,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
            &format!("$scrypt$ln=63,r=8,p=1${salt_and_hash}"),
            &format!("$scrypt$ln=21,r=8,p=1${salt_and_hash}"),
            &format!("$scrypt$ln=1,r=4294967295,p=4294967295${salt_and_hash}"),
        ] {
            db.tamper(&format!("UPDATE passwords SET hash = '{hash}'")).await;

            let visitor = app.visitor().await;
            assert_eq!(
                by_json(&visitor, "ada@example.com", PASSWORD).await.status,
                401,
                "{hash}"
            );
            assert_eq!(
                by_page(&visitor, "ada@example.com", PASSWORD).await.status,
                422,
                "{hash}"
            );
            let change = client.call(Method::PUT, "/auth/api/v1/users/password").json(&body);
            assert_eq!(change.send().await.status, 400, "{hash}");
        }
    }
);
