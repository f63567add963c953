//! `/auth/api/v1/account/…`: what a person changes about their own account.

use std::time::Duration;

use authara::domain::limit::{Budget, Limit};
use hyper::Method;
use serde_json::json;

use super::{ADA, BOB, LOGIN, REFRESH, TOKENS, USER, credentials, is_signed_in, refused, session_of};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

const USERNAME: &str = "/auth/api/v1/account/username";
const CHANGE: &str = "/auth/api/v1/account/password";
const SESSIONS: &str = "/auth/api/v1/account/sessions";
const OTHERS: &str = "/auth/api/v1/account/sessions/others";
const NEW: &str = "another good password";

async fn rename(client: &Client, name: &str) -> Answer {
    let body = json!({ "username": name });
    client.call(Method::PATCH, USERNAME).json(&body).send().await
}

async fn change(client: &Client, current: &str, new: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": new });
    client.put_json(CHANGE, &body).await
}

async fn end(client: &Client, path: &str) -> Answer {
    client.call(Method::DELETE, path).send().await
}

/// Signs in once more, in another browser.
async fn elsewhere(app: &TestApp, email: &str) -> Client {
    let client = app.visitor().await;
    assert_eq!(client.post_json(LOGIN, &credentials(email)).await.status, 200);
    client
}

both!(
    a_username_is_changed_without_the_space_around_it,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let ada = app.user(ADA).await;

        let answer = rename(&ada, " Countess ").await;

        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
        assert_eq!(ada.get(USER).await.json()["username"], "Countess");
        assert_eq!(rename(&ada, "Countess").await.status, 204, "it is that one already");
    }
);

both!(a_username_that_cannot_be_is_refused, async |db: &Database| {
    let app = TestApp::start(db).await;
    let (ada, bob) = (app.user(ADA).await, app.user(BOB).await);
    assert_eq!(rename(&ada, "Countess").await.status, 204);
    let before = bob.get(USER).await.json();

    for name in ["Countess", "COUNTESS", "admin"] {
        refused(&rename(&bob, name).await, 409, "username_taken");
    }
    for name in ["", "  ", "ab", "two words", "\u{e4}da"] {
        refused(&rename(&bob, name).await, 400, "invalid_request");
    }

    assert_eq!(bob.get(USER).await.json(), before);
});

both!(a_password_is_changed_by_the_current_one, async |db: &Database| {
    let app = TestApp::start(db).await;
    let here = app.user(ADA).await;
    let there = elsewhere(&app, ADA).await;
    app.clock.advance(Duration::from_mins(11));
    assert_eq!(here.post(REFRESH).await.status, 200);

    let before = (here.cookie("authara_access"), here.cookie("authara_refresh"));
    let answer = change(&here, PASSWORD, NEW).await;

    assert_eq!((answer.status, answer.text().as_str()), (204, ""));
    assert_ne!(here.cookie("authara_access"), before.0);
    assert_ne!(here.cookie("authara_refresh"), before.1);
    assert_eq!(end(&here, OTHERS).await.status, 204, "that was a proof of who it is");
    assert!(is_signed_in(&here).await && !is_signed_in(&there).await);
    let again = app.visitor().await;
    assert_eq!(again.post_json(LOGIN, &credentials(ADA)).await.status, 401);
    let now = json!({ "email": ADA, "password": NEW });
    assert_eq!(again.post_json(LOGIN, &now).await.status, 200);
});

both!(
    a_recent_sign_in_does_not_stand_for_the_current_password,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        let wrong = change(&client, "wrong password", NEW).await;
        refused(&wrong, 400, "invalid_request");
        let words = wrong.json()["error"]["message"].as_str().unwrap().to_owned();
        assert_eq!(words, "the current password is not right");
        refused(&change(&client, "", NEW).await, 400, "invalid_request");
        let without = client.put_json(CHANGE, &json!({ "new_password": NEW })).await;
        refused(&without, 400, "invalid_request");
        refused(&change(&client, PASSWORD, "short").await, 400, "invalid_request");

        assert_eq!(elsewhere(&app, ADA).await.get(USER).await.status, 200);
    }
);

both!(a_program_changes_its_password_by_bearer_token, async |db: &Database| {
    let app = TestApp::start(db).await;
    let bearer = format!("Bearer {}", app.user(ADA).await.cookie("authara_access"));
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });

    let program = app.client();
    let call = program.call(Method::PUT, CHANGE).json(&body);
    let answer = call.header("authorization", &bearer).send().await;

    assert_eq!(answer.status, 204);
    assert!(answer.set_cookies().is_empty());
});

both!(guesses_at_the_current_password_are_counted, async |db: &Database| {
    let two_an_hour = Budget {
        limit: 2,
        window: Duration::from_hours(1),
    };
    let app = TestApp::with(db, |config| config.limits.set(Limit::PasswordSession, two_an_hour)).await;
    let client = app.user(ADA).await;
    for _ in 0..2 {
        refused(&change(&client, "wrong password", NEW).await, 400, "invalid_request");
    }

    let answer = change(&client, PASSWORD, NEW).await;

    refused(&answer, 429, "rate_limited");
    assert!(!answer.header("retry-after").is_empty());
});

both!(a_session_is_ended_by_its_id, async |db: &Database| {
    let app = TestApp::start(db).await;
    let here = app.user(ADA).await;
    let there = elsewhere(&app, ADA).await;
    let bob = app.user(BOB).await;
    let path = format!("{SESSIONS}/{}", session_of(&there));

    refused(&end(&bob, &path).await, 404, "not_found");
    assert!(is_signed_in(&there).await);
    let answer = end(&here, &path).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (204, 0));

    assert!(is_signed_in(&here).await && !is_signed_in(&there).await);
    refused(&end(&here, &path).await, 404, "not_found");
    refused(&end(&here, &format!("{SESSIONS}/x")).await, 400, "invalid_request");
    let own = format!("{SESSIONS}/{}", session_of(&here));
    assert_eq!(end(&here, &own).await.status, 204);
    assert!(!is_signed_in(&here).await);
});

both!(all_other_sessions_are_ended_and_nobody_elses, async |db: &Database| {
    let app = TestApp::start(db).await;
    let here = app.user(ADA).await;
    let others = [elsewhere(&app, ADA).await, elsewhere(&app, ADA).await];
    let bob = app.user(BOB).await;

    assert_eq!(end(&here, OTHERS).await.status, 204);

    assert!(is_signed_in(&here).await && is_signed_in(&bob).await);
    for other in &others {
        assert!(!is_signed_in(other).await);
    }
    assert_eq!(end(&here, OTHERS).await.status, 204, "there are none");
});

both!(no_session_is_ended_after_an_old_sign_in, async |db: &Database| {
    let app = TestApp::start(db).await;
    let here = app.user(ADA).await;
    app.clock.advance(Duration::from_mins(11));
    let there = elsewhere(&app, ADA).await;
    assert_eq!(here.post(REFRESH).await.status, 200);

    for path in [OTHERS.to_owned(), format!("{SESSIONS}/{}", session_of(&there))] {
        refused(&end(&here, &path).await, 428, "recent_authentication_required");
    }

    assert!(is_signed_in(&there).await);
});

both!(
    a_program_does_all_of_it_by_bearer_token_for_its_owner_alone,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let ada = app.user(ADA).await;
        let there = elsewhere(&app, ADA).await;
        let bearer = format!("Bearer {}", ada.cookie("authara_access"));
        // Somebody else's cookies come along.
        let bob = app.user(BOB).await;
        let call = |method: Method, path: &str| {
            let call = bob.call(method, path).without("x-csrf-token");
            call.header("authorization", &bearer)
        };

        let body = json!({ "username": "Countess" });
        assert_eq!(call(Method::PATCH, USERNAME).json(&body).send().await.status, 204);
        let path = format!("{SESSIONS}/{}", session_of(&there));
        assert_eq!(call(Method::DELETE, &path).send().await.status, 204);
        assert_eq!(call(Method::DELETE, OTHERS).send().await.status, 204);

        assert_eq!(ada.get(USER).await.json()["username"], "Countess");
        assert!(is_signed_in(&bob).await && !is_signed_in(&there).await);
    }
);

both!(
    after_a_new_password_a_program_refreshes_before_it_ends_sessions,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let body = credentials(ADA);
        app.user(ADA).await;
        let program = app.client();
        let session = program.post_json(LOGIN, &body).await.json();
        let text = |name: &str| session[name].as_str().unwrap().to_owned();
        let by = |token: &str| format!("Bearer {token}");
        let old = by(&text("access_token"));
        app.clock.advance(Duration::from_secs(1));
        let body = json!({ "current_password": PASSWORD, "new_password": NEW });
        let program = app.client();
        let call = program.call(Method::PUT, CHANGE).json(&body);
        assert_eq!(call.header("authorization", &old).send().await.status, 204);
        let end_by = async |bearer: &str| {
            let call = program.call(Method::DELETE, OTHERS);
            call.header("authorization", bearer).send().await
        };

        refused(&end_by(&old).await, 428, "recent_authentication_required");
        let body = json!({ "refresh_token": text("refresh_token") });
        let fresh = program.post_json(TOKENS, &body).await.json();
        let fresh = by(fresh["access_token"].as_str().unwrap());
        assert_eq!(end_by(&fresh).await.status, 204);
    }
);
