//! `/auth/api/v1/csrf`, and what the value is asked for.

use hyper::Method;
use serde_json::json;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

const LOGIN: &str = "/auth/api/v1/login";

both!(
    a_browser_without_a_value_gets_one_and_keeps_it,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.client();

        let first = client.get("/auth/api/v1/csrf").await;
        let second = client.get("/auth/api/v1/csrf").await;

        assert_eq!(first.json()["csrf_token"], client.cookie("authara_csrf"));
        assert_eq!(client.cookie("authara_csrf").len(), 43);
        assert_eq!(first.set_cookies(), ["authara_csrf"]);
        assert!(first.cookie_line("authara_csrf").contains("Max-Age=2592000"));
        assert_eq!(second.json(), first.json());
        assert!(second.set_cookies().is_empty());
    }
);

both!(a_foreign_value_is_replaced, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.with_cookies(&[("authara_csrf", &"a".repeat(43))]);

    let answer = client.get("/auth/api/v1/csrf").await;

    assert_ne!(answer.json()["csrf_token"], "a".repeat(43));
    assert_eq!(answer.set_cookies(), ["authara_csrf"]);
});

both!(
    r057_only_a_value_of_ours_in_cookie_and_header_is_a_proof,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.visitor().await;
        let body = json!({ "email": "a@example.com", "password": "wrong password" });
        let foreign = "a".repeat(43);

        let login = || client.call(Method::POST, LOGIN).json(&body);
        assert_eq!(login().send().await.refusal(), (401, "unauthorized".into()));

        let forbidden = (403, "forbidden".into());
        assert_eq!(login().without("x-csrf-token").send().await.refusal(), forbidden);
        assert_eq!(login().header("x-csrf-token", "").send().await.refusal(), forbidden);
        assert_eq!(
            login().header("x-csrf-token", &foreign).send().await.refusal(),
            forbidden
        );
        let query = format!("{LOGIN}?csrf_token={}", client.cookie("authara_csrf"));
        let in_query = client.call(Method::POST, &query).json(&body).without("x-csrf-token");
        assert_eq!(in_query.send().await.refusal(), forbidden);

        let planted = app.with_cookies(&[("authara_csrf", &foreign)]);
        assert_eq!(planted.post_json(LOGIN, &body).await.refusal(), forbidden);
        let bare = app.client();
        assert_eq!(bare.post_json(LOGIN, &body).await.refusal(), forbidden);
    }
);

both!(r058_another_site_cannot_send_it, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;
    let body = json!({ "email": "a@example.com", "password": "wrong password" });
    let status = async |name, value: &str| {
        let call = client.call(Method::POST, LOGIN).json(&body).header(name, value);
        call.send().await.status
    };

    let own = app.app.config.public_url.origin.clone();
    assert_eq!(status("origin", &own).await, 401);
    assert_eq!(status("sec-fetch-site", "same-origin").await, 401);
    assert_eq!(status("sec-fetch-site", "none").await, 401);
    for origin in [
        "null",
        "https://evil.example",
        &format!("{own}.evil.example"),
        &format!("{own}0"),
        "",
    ] {
        assert_eq!(status("origin", origin).await, 403, "{origin}");
    }
    for site in ["cross-site", "same-site", "", "Same-Origin"] {
        assert_eq!(status("sec-fetch-site", site).await, 403, "{site}");
    }
});

both!(
    r060_a_bearer_token_does_not_open_sign_in_to_other_sites,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.client();

        let body = json!({ "email": "a@example.com", "password": "x" });
        let call = client
            .call(Method::POST, LOGIN)
            .json(&body)
            .header("authorization", "Bearer x");

        assert_eq!(call.send().await.refusal(), (403, "forbidden".into()));
    }
);
