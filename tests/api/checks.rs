//! What every JSON route does alike: the order of its checks, HEAD, spellings. Walks the route table, so that a new route is covered on the day it is added.

use authara::http::csrf::Csrf;
use authara::http::route::{Route, Takes};
use authara::http::routes::routes;
use hyper::Method;
use serde_json::{Value, json};

use super::{ADA, BOB, USER, credentials, is_signed_in, refused, users};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Call, Client};
use crate::kit::database::{Database, both};

fn json_routes() -> Vec<Route> {
    let mut routes = routes();
    routes.retain(|route| route.pattern.starts_with("/auth/api/"));
    assert!(routes.len() >= 11, "all routes are seen");
    routes
}

/// A body of the right shape.
pub(crate) fn sound_body(route: &Route) -> Option<Value> {
    if route.takes != Takes::Json {
        return None;
    }
    Some(match route.pattern {
        "/auth/api/v1/login" | "/auth/api/v1/signup/direct" | "/auth/api/v1/signup/challenges" => credentials(BOB),
        "/auth/api/v1/signup/challenges/verify"
        | "/auth/api/v1/password-reset/challenges/verify"
        | "/auth/api/v1/login/challenges/verify"
        | "/auth/api/v1/account/email-change/challenges/verify" => {
            json!({ "challenge_id": "0190b5a0-0000-7000-8000-00000000000a", "code": "123456" })
        }
        "/auth/api/v1/password-reset/challenges" => {
            json!({ "email": BOB, "new_password": "another good password" })
        }
        "/auth/api/v1/challenges/resend" => json!({ "challenge_id": "0190b5a0-0000-7000-8000-00000000000a" }),
        "/auth/api/v1/tokens/refresh" => json!({ "refresh_token": "A".repeat(43) }),
        "/auth/api/v1/account/username" => json!({ "username": "another-name" }),
        "/auth/api/v1/account/password" if route.method == Method::PUT => {
            json!({ "current_password": PASSWORD, "new_password": "another good password" })
        }
        "/auth/api/v1/login/challenges" => json!({ "email": BOB }),
        "/auth/api/v1/account/email-change/challenges" => json!({ "new_email": BOB }),
        "/auth/api/v1/reauthenticate/password" => {
            json!({ "authentication_challenge_id": "0190b5a0-0000-7000-8000-00000000000a", "password": PASSWORD })
        }
        "/auth/api/v1/account/password" | "/auth/api/v1/users/password" => {
            json!({ "password": "another good password" })
        }
        other => panic!("give {other} a sound body here"),
    })
}

fn call<'c>(client: &'c Client, route: &Route) -> Call<'c> {
    let call = client.call(route.method.clone(), route.pattern);
    match sound_body(route) {
        Some(body) => call.json(&body),
        None => call,
    }
}

both!(a_bad_body_is_told_before_a_missing_sign_in, async |db: &Database| {
    let app = TestApp::start(db).await;
    for route in json_routes().iter().filter(|route| route.takes == Takes::Json) {
        let client = app.client();
        let call = client
            .call(route.method.clone(), route.pattern)
            .json(&json!({ "unknown": 1 }));

        refused(&call.send().await, 400, "invalid_request");
    }
});

both!(a_bad_query_is_told_before_a_missing_proof, async |db: &Database| {
    let app = TestApp::start(db).await;
    let mut asked = 0;
    for route in json_routes().iter().filter(|route| !route.rules.audiences.is_empty()) {
        let target = format!("{}?audience=nobody", route.pattern);

        refused(&app.client().post(&target).await, 400, "invalid_request");
        asked += 1;
    }
    assert_eq!(asked, 6);
});

both!(
    a_missing_sign_in_is_told_before_a_missing_csrf_proof,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        for route in json_routes()
            .iter()
            .filter(|route| matches!(route.access, "user" | "newcomer" | "recent"))
        {
            refused(&call(&app.client(), route).send().await, 401, "unauthorized");
        }
    }
);

both!(
    a_missing_csrf_proof_is_told_before_the_route_does_anything,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        for route in json_routes() {
            if matches!(route.rules.csrf, Csrf::Required | Csrf::RequiredWithoutBearer) {
                refused(
                    &call(&client, &route).without("x-csrf-token").send().await,
                    403,
                    "forbidden",
                );
            }
        }

        assert!(is_signed_in(&client).await);
        assert_eq!(users(&app).await, 1);
    }
);

both!(r125_head_is_get_without_the_body, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;

    for route in json_routes() {
        let head = client.call(Method::HEAD, route.pattern).send().await;
        if route.method == Method::GET {
            let get = client.get(route.pattern).await;

            assert_eq!((head.status, head.body.len()), (200, 0), "{}", route.pattern);
            assert_eq!(
                head.header("content-length"),
                get.body.len().to_string(),
                "{}",
                route.pattern
            );
            assert_eq!(
                head.header("content-type"),
                get.header("content-type"),
                "{}",
                route.pattern
            );
        } else {
            assert_eq!((head.status, head.body.len()), (405, 0), "{}", route.pattern);
        }
    }
});

both!(a_path_has_one_spelling, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;

    for path in [
        "/auth/api/v1/user/",
        "/auth/api/v1//user",
        "/auth/api//v1/user",
        "/auth/api/v1/%75ser",
        "/auth/api/v1%2fuser",
        "/auth/api/v1/./user",
        "/auth/api/v1/x/../user",
        "/auth/api/v1/user;x",
        "/auth/api/v1/user%00",
        "/auth/api/v1/User",
        "/auth/api/v1",
        "/auth/api/",
        "/auth/api",
        "/auth/internal/v1/organizations",
        "/auth/api/v2/user",
        "/auth/api/v1/admin/users",
    ] {
        refused(&client.get(path).await, 404, "not_found");
    }
    for path in [
        "//auth/api/v1/user",
        "/auth//api/v1/user",
        "/auth%2fapi/v1/user",
        "/AUTH/api/v1/user",
        "/authx",
    ] {
        let answer = client.get(path).await;

        assert_eq!((answer.status, answer.set_cookies().len()), (404, 0), "{path}");
    }
    assert!(is_signed_in(&client).await);
});

both!(
    r056_with_a_bearer_token_planted_cookies_do_not_matter,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let token = format!("Bearer {}", client.cookie("authara_access"));

        let answer = client
            .call(Method::GET, USER)
            .header("cookie", "authara_access=x; authara_access=y")
            .header("authorization", &token)
            .send()
            .await;

        assert_eq!(answer.status, 200);
    }
);
