//! 428 and the way out of it (contract v0.22, 2.0 and 2.2).

use std::time::Duration;

use authara::domain::limit::{Budget, Limit};
use hyper::Method;
use serde_json::{Value, json};

use super::{ADA, BOB, LOGIN, REFRESH, credentials, is_signed_in, refused};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

const CHECK: &str = "/auth/api/v1/reauthenticate/check";
const BY_PASSWORD: &str = "/auth/api/v1/reauthenticate/password";
const OTHERS: &str = "/auth/api/v1/account/sessions/others";

/// A browser whose sign-in is too long ago.
async fn stale(app: &TestApp, email: &str) -> Client {
    let client = app.user(email).await;
    app.clock.advance(Duration::from_mins(11));
    assert_eq!(client.post(REFRESH).await.status, 200);
    client
}

/// The id of the challenge in a 428, whose shape is checked.
fn challenge(answer: &Answer) -> String {
    refused(answer, 428, "recent_authentication_required");
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 3, "{body}");
    let id = body["authentication_challenge"]["id"].as_str().unwrap();
    assert!(
        body["authentication_challenge"]["expires_at"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    let url = body["reauthenticate_url"].as_str().unwrap();
    let expected = format!("/auth/reauthenticate?authentication_challenge_id={id}&return_to=");
    assert!(url.starts_with(&expected), "{url}");
    id.to_owned()
}

fn proof(id: &str, password: &str) -> Value {
    json!({ "authentication_challenge_id": id, "password": password })
}

both!(
    a_challenge_is_answered_once_and_lets_the_same_token_go_on,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = stale(&app, ADA).await;
        let id = challenge(&client.post(CHECK).await);
        let again = client.call(Method::DELETE, OTHERS).send().await;
        assert_eq!(challenge(&again), id, "an open one is given again");

        refused(
            &client.post_json(BY_PASSWORD, &proof(&id, "not the password")).await,
            401,
            "unauthorized",
        );
        let answer = client.post_json(BY_PASSWORD, &proof(&id, PASSWORD)).await;

        assert_eq!((answer.status, answer.set_cookies().len()), (204, 0));
        assert_eq!(client.post(CHECK).await.status, 204);
        assert_eq!(client.call(Method::DELETE, OTHERS).send().await.status, 204);
        let used = client.post_json(BY_PASSWORD, &proof(&id, PASSWORD)).await;
        refused(&used, 409, "invalid_authentication_challenge");
        // What is issued from now on has it as well, for as long as a sign-in counts.
        assert_eq!(client.post(REFRESH).await.status, 200);
        assert_eq!(client.post(CHECK).await.status, 204);
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(client.post(REFRESH).await.status, 200);
        assert_ne!(challenge(&client.post(CHECK).await), id);
    }
);

both!(a_challenge_is_of_one_session_and_ends, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = stale(&app, ADA).await;
    let id = challenge(&client.post(CHECK).await);
    let there = app.client();
    assert_eq!(there.post_json(LOGIN, &credentials(ADA)).await.status, 200);
    let bob = app.user(BOB).await;

    for other in [&there, &bob] {
        let answer = other.post_json(BY_PASSWORD, &proof(&id, PASSWORD)).await;
        refused(&answer, 409, "invalid_authentication_challenge");
    }
    let nobody = proof("0190b5a0-0000-7000-8000-00000000000a", PASSWORD);
    refused(
        &client.post_json(BY_PASSWORD, &nobody).await,
        409,
        "invalid_authentication_challenge",
    );
    refused(
        &client.post_json(BY_PASSWORD, &proof("x", PASSWORD)).await,
        400,
        "invalid_request",
    );
    app.clock.advance(Duration::from_mins(5));
    let late = client.post_json(BY_PASSWORD, &proof(&id, PASSWORD)).await;
    refused(&late, 409, "invalid_authentication_challenge");
    challenge(&client.post(CHECK).await);
});

both!(
    an_older_copy_of_a_token_gains_nothing_by_a_proof,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        app.clock.advance(Duration::from_mins(11));
        assert_eq!(client.post(REFRESH).await.status, 200);
        let copy = format!("Bearer {}", client.cookie("authara_access"));
        assert_eq!(client.post(REFRESH).await.status, 200);
        let id = challenge(&client.post(CHECK).await);
        assert_eq!(client.post_json(BY_PASSWORD, &proof(&id, PASSWORD)).await.status, 204);

        let thief = app.client();
        let answer = thief
            .call(Method::POST, CHECK)
            .header("authorization", &copy)
            .send()
            .await;

        challenge(&answer);
        assert_eq!(client.post(CHECK).await.status, 204);
    }
);

both!(x006_guesses_at_the_proof_are_counted, async |db: &Database| {
    let three = Budget {
        limit: 3,
        window: Duration::from_hours(1),
    };
    let app = TestApp::with(db, |config| config.limits.set(Limit::PasswordSession, three)).await;
    let client = stale(&app, ADA).await;
    let id = challenge(&client.post(CHECK).await);

    for _ in 0..3 {
        refused(
            &client.post_json(BY_PASSWORD, &proof(&id, "a guess")).await,
            401,
            "unauthorized",
        );
    }

    let right = client.post_json(BY_PASSWORD, &proof(&id, PASSWORD)).await;
    refused(&right, 429, "rate_limited");
    assert!(is_signed_in(&client).await, "the session goes on");
});

both!(x007_a_session_that_is_gone_is_401_not_500, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = stale(&app, ADA).await;
    let id = challenge(&client.post(CHECK).await);
    let bearer = format!("Bearer {}", client.cookie("authara_access"));
    assert_eq!(client.post("/auth/api/v1/sessions/logout").await.status, 204);

    for (path, body) in [(CHECK, None), (BY_PASSWORD, Some(proof(&id, PASSWORD)))] {
        let program = app.client();
        let call = program.call(Method::POST, path).header("authorization", &bearer);
        let call = match &body {
            Some(body) => call.json(body),
            None => call,
        };
        refused(&call.send().await, 401, "unauthorized");
    }
});

both!(
    the_way_back_is_the_page_of_this_site_that_asked,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = stale(&app, ADA).await;
        let origin = app.app.config.public_url.origin.clone();
        for (referrer, back) in [
            (format!("{origin}/pay?b=1&a=2"), "%2Fpay%3Fb%3D1%26a%3D2"),
            (format!("{origin}.evil.example/pay"), "%2Fauth%2Faccount"),
            ("https://evil.example/pay".to_owned(), "%2Fauth%2Faccount"),
            ("/pay".to_owned(), "%2Fauth%2Faccount"),
        ] {
            let answer = client
                .call(Method::POST, CHECK)
                .header("referer", &referrer)
                .send()
                .await;
            let body = answer.json();
            let url = body["reauthenticate_url"].as_str().unwrap();
            assert!(url.ends_with(&format!("&return_to={back}")), "{referrer}: {url}");
        }
    }
);
