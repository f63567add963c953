//! Changing a password: who may, and what it ends.

use std::time::Duration;

use hyper::Method;
use serde_json::json;

use super::{form, opens};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};

const ADA: &str = "ada@example.com";
const NEW: &str = "a new and better password";
const JSON: &str = "/auth/api/v1/users/password";
const PAGE: &str = "/auth/providers/password/change";

both!(
    r010_an_old_sign_in_changes_no_password_without_the_current_one,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(client.post("/auth/api/v1/sessions/refresh").await.status, 200);
        let bearer = format!("Bearer {}", client.cookie("authara_access"));
        let program = app.client();

        for body in [
            json!({ "password": NEW }),
            json!({ "password": NEW, "current_password": "wrong password" }),
            json!({ "password": NEW, "current_password": NEW }),
            json!({ "password": NEW, "current_password": "nul\0nul\0nul" }),
        ] {
            let refused = match body.get("current_password") {
                None => (428, "recent_authentication_required".to_owned()),
                Some(_) => (400, "invalid_request".to_owned()),
            };
            assert_eq!(client.put_json(JSON, &body).await.refusal(), refused, "{body}");
            let call = program.call(Method::PUT, JSON).json(&body);
            assert_eq!(
                call.header("authorization", &bearer).send().await.refusal(),
                refused,
                "{body}"
            );
        }
        let empty = json!({ "password": NEW, "current_password": "" });
        assert_eq!(client.put_json(JSON, &empty).await.status, 400);
        for (current, status) in [("", 400), ("wrong password", 422), (NEW, 422)] {
            let fields = [("current_password", current), ("new_password", NEW)];
            assert_eq!(form(&client, PAGE, &fields).await.status, status, "{current}");
        }
        assert_eq!(form(&client, PAGE, &[("new_password", NEW)]).await.status, 400);

        assert!(opens(&app, ADA, PASSWORD).await && !opens(&app, ADA, NEW).await);
    }
);

both!(
    r010_a_page_asks_for_the_current_password_of_a_recent_sign_in_too,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        assert_eq!(form(&client, PAGE, &[("new_password", NEW)]).await.status, 400);

        assert!(opens(&app, ADA, PASSWORD).await);
    }
);

both!(
    r011_a_change_ends_every_other_session_at_once_on_every_instance,
    async |db: &Database| {
        for is_page in [false, true] {
            let (here, elsewhere) = (TestApp::start(db).await, TestApp::start(db).await);
            let user = format!("{is_page}@example.com");
            let own = here.user(&user).await;
            let body = json!({ "email": user, "password": PASSWORD });
            let mut others = Vec::new();
            for app in [&here, &elsewhere, &elsewhere] {
                let client = app.visitor().await;
                assert_eq!(client.post_json("/auth/api/v1/login", &body).await.status, 200);
                others.push(client);
            }
            let before = own.jar().clone();

            let changed = if is_page {
                let fields = [("current_password", PASSWORD), ("new_password", NEW)];
                form(&own, PAGE, &fields).await.status
            } else {
                own.put_json(JSON, &json!({ "password": NEW })).await.status
            };

            assert_eq!(changed, if is_page { 303 } else { 204 });
            for other in &others {
                for app in [&here, &elsewhere] {
                    let other = app.twin(other);
                    assert_eq!(other.get("/auth/api/v1/user").await.status, 401);
                    let bearer = format!("Bearer {}", other.cookie("authara_access"));
                    let program = app.client();
                    let call = program.call(Method::GET, "/auth/api/v1/user");
                    assert_eq!(call.header("authorization", &bearer).send().await.status, 401);
                    let body = json!({ "refresh_token": other.cookie("authara_refresh") });
                    assert_eq!(other.post_json("/auth/api/v1/tokens/refresh", &body).await.status, 401);
                    assert_eq!(app.twin(&other).post("/auth/api/v1/sessions/refresh").await.status, 401);
                    let page = other.get("/auth/account").await;
                    assert_eq!(
                        (page.status, page.header("location").starts_with("/auth/login")),
                        (303, true)
                    );
                }
            }
            // One's own session goes on, with tokens of its own.
            for cookie in ["authara_access", "authara_refresh"] {
                assert_ne!(own.cookie(cookie), before[cookie]);
            }
            for app in [&here, &elsewhere] {
                let own = app.twin(&own);
                assert_eq!(own.get("/auth/api/v1/user").await.status, 200);
                assert_eq!(own.get("/auth/account").await.status, 200);
            }
            assert_eq!(
                elsewhere.twin(&own).post("/auth/api/v1/sessions/refresh").await.status,
                200
            );
        }
    }
);

both!(
    r031_signing_in_makes_a_session_of_its_own_whatever_the_browser_brought,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let first = app.user(ADA).await;
        let planted = app.twin(&first);
        planted.jar().insert("authara_refresh".to_owned(), "A".repeat(43));
        let own = app.twin(&first);

        for client in [&planted, &own] {
            let body = json!({ "email": ADA, "password": PASSWORD });
            assert_eq!(client.post_json("/auth/api/v1/login", &body).await.status, 200);
            assert_ne!(client.cookie("authara_refresh"), "A".repeat(43));
            for cookie in ["authara_access", "authara_refresh"] {
                assert_ne!(client.cookie(cookie), first.cookie(cookie));
            }
        }

        let planted = json!({ "refresh_token": "A".repeat(43) });
        assert_eq!(
            app.client()
                .post_json("/auth/api/v1/tokens/refresh", &planted)
                .await
                .status,
            401
        );
    }
);
