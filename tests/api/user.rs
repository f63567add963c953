//! `/auth/api/v1/user` and `/auth/api/v1/users/password`.

use std::time::Duration;

use hyper::Method;
use serde_json::json;

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};

const USER: &str = "/auth/api/v1/user";
const SET_PASSWORD: &str = "/auth/api/v1/users/password";

both!(the_person_signed_in_is_shown, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;

    let answer = client.get(USER).await;

    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let body = answer.json();
    assert_eq!(body["email"], "ada@example.com");
    assert_eq!(body["roles"], json!([]));
    assert_eq!(body["organization"]["role"], "owner");
    let names: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        names,
        [
            "created_at",
            "disabled",
            "email",
            "email_verified",
            "id",
            "organization",
            "roles",
            "username"
        ]
    );
});

both!(nobody_else_is, async |db: &Database| {
    let app = TestApp::start(db).await;
    let refused = (401, "unauthorized".into());

    assert_eq!(app.client().get(USER).await.refusal(), refused);
    for token in ["", "x", "a.b.c", "é", &"x".repeat(20_000)] {
        let client = app.client();
        client.jar().insert("authara_access".into(), "x".into());
        if token.is_ascii() {
            client.jar().insert("authara_access".into(), token.into());
        }
        assert_eq!(client.get(USER).await.refusal(), refused, "{}", token.len());
    }
});

both!(the_header_wins_over_the_cookie, async |db: &Database| {
    let app = TestApp::start(db).await;
    let ada = app.user("ada@example.com").await;
    let bob = app.user("bob@example.com").await;
    let as_bearer = |token: &str| format!("Bearer {token}");

    let bearer = as_bearer(&ada.cookie("authara_access"));
    let answer = bob
        .call(Method::GET, USER)
        .header("authorization", &bearer)
        .send()
        .await;
    assert_eq!(answer.json()["email"], "ada@example.com");

    let broken = bob
        .call(Method::GET, USER)
        .header("authorization", "Bearer x")
        .send()
        .await;
    assert_eq!(broken.status, 401);
    let basic = bob
        .call(Method::GET, USER)
        .header("authorization", "Basic eDp5")
        .send()
        .await;
    assert_eq!(basic.json()["email"], "bob@example.com");
});

both!(
    a_new_password_keeps_this_session_and_ends_the_others,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let here = app.user("ada@example.com").await;
        let there = app.visitor().await;
        let login = json!({ "email": "ada@example.com", "password": PASSWORD });
        assert_eq!(there.post_json("/auth/api/v1/login", &login).await.status, 200);

        let answer = here
            .put_json(SET_PASSWORD, &json!({ "password": "another good one" }))
            .await;

        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
        assert_eq!(here.get(USER).await.status, 200);
        assert_eq!(there.get(USER).await.status, 401);
        assert_eq!(there.post_json("/auth/api/v1/login", &login).await.status, 401);
    }
);

both!(
    an_old_sign_in_must_be_confirmed_with_the_current_password,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(client.post("/auth/api/v1/sessions/refresh").await.status, 200);
        let set = async |body| client.put_json(SET_PASSWORD, &body).await;

        let without = set(json!({ "password": "another good one" })).await;
        assert_eq!(without.refusal(), (428, "recent_authentication_required".into()));
        let wrong = set(json!({ "password": "another good one", "current_password": "wrong password" })).await;
        assert_eq!(wrong.refusal(), (400, "invalid_request".into()));
        let right = set(json!({ "password": "another good one", "current_password": PASSWORD })).await;
        assert_eq!(right.status, 204);
    }
);

both!(checks_come_in_the_contracts_order, async |db: &Database| {
    let app = TestApp::start(db).await;
    let user = app.user("ada@example.com").await;
    let bad = json!({ "password": 1 });
    let good = json!({ "password": "another good one" });
    let stranger = app.client();

    assert_eq!(
        stranger.put_json(SET_PASSWORD, &bad).await.refusal(),
        (400, "invalid_request".into())
    );
    assert_eq!(
        stranger.put_json(SET_PASSWORD, &good).await.refusal(),
        (401, "unauthorized".into())
    );
    let call = user.call(Method::PUT, SET_PASSWORD).json(&good).without("x-csrf-token");
    assert_eq!(call.send().await.refusal(), (403, "forbidden".into()));
    let call = user
        .call(Method::PUT, SET_PASSWORD)
        .json(&json!({ "password": "short" }));
    assert_eq!(call.send().await.refusal(), (400, "invalid_request".into()));
});

both!(a_bearer_needs_no_csrf_proof, async |db: &Database| {
    let app = TestApp::start(db).await;
    let bearer = format!("Bearer {}", app.user("ada@example.com").await.cookie("authara_access"));
    let program = app.client();

    let call = program
        .call(Method::PUT, SET_PASSWORD)
        .json(&json!({ "password": "another good one" }));
    let answer = call.header("authorization", &bearer).send().await;

    assert_eq!(answer.status, 204);
    assert!(answer.set_cookies().is_empty());
});
