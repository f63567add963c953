//! `/auth/api/v1/sessions/*` and `/auth/api/v1/tokens/refresh`.

use std::time::Duration;

use hyper::Method;
use serde_json::json;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

const REFRESH: &str = "/auth/api/v1/sessions/refresh";
const LOGOUT: &str = "/auth/api/v1/sessions/logout";
const TOKENS: &str = "/auth/api/v1/tokens/refresh";
const USER: &str = "/auth/api/v1/user";

both!(
    a_refresh_answers_with_cookies_and_an_empty_body,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        let (access, refresh) = (client.cookie("authara_access"), client.cookie("authara_refresh"));
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(client.get(USER).await.refusal(), (401, "unauthorized".into()));

        let answer = client.post(&format!("{REFRESH}?audience=app")).await;

        assert_eq!((answer.status, answer.text().as_str()), (200, ""));
        assert_eq!(answer.header("content-type"), "");
        assert_eq!(
            answer.set_cookies(),
            ["authara_access", "authara_csrf", "authara_refresh"]
        );
        assert_ne!(client.cookie("authara_access"), access);
        assert_ne!(client.cookie("authara_refresh"), refresh);
        assert_eq!(client.get(USER).await.status, 200);
    }
);

both!(without_a_refresh_cookie_no_cookie_is_touched, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;

    let answer = client.post(REFRESH).await;

    assert_eq!(answer.refusal(), (401, "unauthorized".into()));
    assert!(answer.set_cookies().is_empty());
});

both!(a_refused_refresh_clears_both_cookies, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;
    client.jar().insert("authara_refresh".into(), "a".repeat(43));

    let answer = client.post(REFRESH).await;

    assert_eq!(answer.refusal(), (401, "unauthorized".into()));
    assert_eq!(answer.set_cookies(), ["authara_access", "authara_refresh"]);
    assert!(
        answer
            .cookie_line("authara_refresh")
            .contains("Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT")
    );
});

both!(a_refresh_without_csrf_proof_is_forbidden, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;

    let answer = client.call(Method::POST, REFRESH).without("x-csrf-token").send().await;

    assert_eq!(answer.refusal(), (403, "forbidden".into()));
    assert!(answer.set_cookies().is_empty());
});

both!(a_route_without_a_body_ignores_whatever_comes, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;

    let call = client.call(Method::POST, REFRESH).body("application/json", "{not json");

    assert_eq!(call.send().await.status, 200);
});

both!(
    signing_out_ends_the_session_and_clears_cookies,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        let thief = app.twin(&client);

        let answer = client.post(LOGOUT).await;

        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
        assert_eq!(answer.set_cookies(), ["authara_access", "authara_refresh"]);
        assert_eq!(thief.get(USER).await.status, 401);
        assert_eq!(thief.post(REFRESH).await.status, 401);
        assert_eq!(client.post(LOGOUT).await.status, 204);
    }
);

both!(a_bearer_signs_out_without_cookies, async |db: &Database| {
    let app = TestApp::start(db).await;
    let browser = app.user("ada@example.com").await;
    let token = browser.cookie("authara_access");
    let program = app.client();

    let call = program
        .call(Method::POST, LOGOUT)
        .header("authorization", &format!("Bearer {token}"));
    let answer = call.send().await;

    assert_eq!(answer.status, 204);
    assert!(answer.set_cookies().is_empty());
    assert_eq!(browser.get(USER).await.status, 401);
});

both!(
    a_token_in_the_body_needs_no_cookie_and_sets_none,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let browser = app.user("ada@example.com").await;
        let program = app.client();

        let body = json!({ "refresh_token": browser.cookie("authara_refresh") });
        let answer = program.post_json(TOKENS, &body).await;

        assert_eq!(answer.status, 200);
        assert!(answer.set_cookies().is_empty());
        assert_eq!(answer.json().as_object().unwrap().len(), 2);
        let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
        let call = program.call(Method::GET, USER).header("authorization", &bearer);
        assert_eq!(call.send().await.status, 200);
    }
);

both!(a_token_in_the_body_is_judged_like_any_other, async |db: &Database| {
    let app = TestApp::start(db).await;
    let program = app.client();
    let unknown = "a".repeat(43);

    for (body, status) in [
        (json!({ "refresh_token": unknown }), 401),
        (json!({ "refresh_token": "x" }), 401),
        (json!({ "refresh_token": "" }), 400),
        (json!({}), 400),
        (json!({ "refresh_token": unknown, "audience": "root" }), 400),
        (json!({ "refresh_token": unknown, "audience": null }), 400),
        (json!({ "refresh_token": unknown, "audience": { "app": null } }), 400),
    ] {
        assert_eq!(program.post_json(TOKENS, &body).await.status, status, "{body}");
    }
});
