//! `GET /auth/api/v1/account`, another address, sign-in by mailed code, and the duty to prove one's address (contract v0.22, 2.0 to 2.3).

use std::time::Duration;

use authara::flows::letters;
use authara::workers;
use hyper::Method;
use serde_json::{Value, json};

use super::{ADA, BOB, LOGIN, REFRESH, SIGN_UP, USER, credentials, is_signed_in, refused};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

const ACCOUNT: &str = "/auth/api/v1/account";
const PASSWORDS: &str = "/auth/api/v1/account/password";
const METHOD: &str = "/auth/api/v1/account/auth-methods/password";
const CHANGE: &str = "/auth/api/v1/account/email-change/challenges";
const COMPLETE: &str = "/auth/api/v1/account/email-change/challenges/verify";
const CODE: &str = "/auth/api/v1/login/challenges";
const BY_CODE: &str = "/auth/api/v1/login/challenges/verify";
const COUNTESS: &str = "countess@example.com";
const NEW: &str = "another good password";

/// The letters to an address, newest first, as text.
async fn letters_to(app: &TestApp, address: &str) -> Vec<String> {
    workers::letters::round(app.app.clone()).await.unwrap();
    let inbox = letters::inbox(&app.app).unwrap();
    let theirs = inbox.into_iter().filter(|entry| entry.to.as_str() == address);
    theirs.map(|entry| entry.text.clone()).collect()
}

/// The code in the newest letter to an address.
async fn code(app: &TestApp, address: &str) -> String {
    let letters = letters_to(app, address).await;
    let lines = letters.first().expect("a letter").lines().map(str::trim);
    let mut codes = lines.filter(|line| line.len() == 6 && line.parse::<u32>().is_ok());
    codes.next().expect("a code").to_owned()
}

fn id(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text());
    answer.json()["challenge_id"].as_str().unwrap().to_owned()
}

async fn change(client: &Client, address: &str) -> Answer {
    client.post_json(CHANGE, &json!({ "new_email": address })).await
}

async fn enter(client: &Client, path: &str, id: &str, code: &str) -> Answer {
    client
        .post_json(path, &json!({ "challenge_id": id, "code": code }))
        .await
}

async fn elsewhere(app: &TestApp, email: &str) -> Client {
    let client = app.visitor().await;
    assert_eq!(client.post_json(LOGIN, &credentials(email)).await.status, 200);
    client
}

/// Signs in by a mailed code.
async fn by_code(app: &TestApp, email: &str) -> (Client, Answer) {
    let client = app.visitor().await;
    let id = id(&client.post_json(CODE, &json!({ "email": email })).await);
    let answer = enter(&client, BY_CODE, &id, &code(app, email).await).await;
    (client, answer)
}

both!(the_account_is_shown_as_the_contract_says, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;

    let account = client.get(ACCOUNT).await.json();

    let names: Vec<_> = account.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names, ["auth_methods", "passkeys", "sessions", "user"]);
    assert_eq!(account["user"]["email"], ADA);
    assert_eq!(account["passkeys"], json!([]));
    let session = account["sessions"][0].as_object().unwrap();
    let names: Vec<_> = session.keys().map(String::as_str).collect();
    assert_eq!(names, ["created_at", "current", "expires_at", "id", "user_agent"]);
    assert_eq!(session["current"], true);
    assert_eq!(account["auth_methods"][0]["provider"], "password");
    assert!(
        account["auth_methods"][0]["created_at"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
});

both!(
    sessions_come_in_parts_newest_first_without_gap_or_double,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let first = app.user(ADA).await;
        for _ in 0..4 {
            app.clock.advance(Duration::from_secs(1));
            elsewhere(&app, ADA).await;
        }
        let ended = elsewhere(&app, ADA).await;
        assert_eq!(ended.post("/auth/api/v1/sessions/logout").await.status, 204);
        let part = async |query: &str| first.get(&format!("{ACCOUNT}?{query}")).await;

        let mut seen: Vec<Value> = Vec::new();
        let mut cursor = String::new();
        for (wanted, is_last) in [(2, false), (2, false), (1, true)] {
            let account = part(&format!("sessions_limit=2&sessions_cursor={cursor}")).await.json();
            let sessions = account["sessions"].as_array().unwrap();
            assert_eq!(sessions.len(), wanted);
            assert_eq!(account.get("sessions_next_cursor").is_none(), is_last);
            cursor = account["sessions_next_cursor"].as_str().unwrap_or_default().to_owned();
            seen.extend(sessions.iter().map(|session| session["created_at"].clone()));
        }

        let mut sorted: Vec<_> = seen.iter().map(|at| at.as_str().unwrap().to_owned()).collect();
        sorted.sort();
        sorted.dedup();
        sorted.reverse();
        assert_eq!(seen, sorted, "five of them, each once, newest first");
        let whole = first.get(ACCOUNT).await.json();
        assert_eq!(whole["sessions"].as_array().unwrap().len(), 5);
        let one = part("sessions_limit=1").await.json();
        let cursor = one["sessions_next_cursor"].as_str().unwrap().to_owned();
        let bob = app.user(BOB).await;
        refused(
            &bob.get(&format!("{ACCOUNT}?sessions_cursor={cursor}")).await,
            400,
            "invalid_request",
        );
        for query in [
            "sessions_limit=0",
            "sessions_limit=101",
            "sessions_limit=x",
            "passkeys_limit=0",
            "sessions_cursor=x",
            &format!("passkeys_cursor={cursor}"),
            &format!("sessions_cursor={cursor}&sessions_cursor={cursor}"),
        ] {
            refused(&part(query).await, 400, "invalid_request");
        }
        let organizations = first.get("/auth/api/v1/organizations?cursor=&limit=50").await;
        assert_eq!(organizations.json()["organizations"].as_array().unwrap().len(), 1);
        refused(
            &first.get("/auth/api/v1/organizations?limit=0").await,
            400,
            "invalid_request",
        );
    }
);

both!(
    another_address_is_proved_before_the_account_has_it,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        let id = id(&change(&client, COUNTESS).await);
        assert_eq!(client.get(USER).await.json()["email"], ADA, "not yet");
        refused(&enter(&client, COMPLETE, &id, "00000x").await, 400, "invalid_request");
        let answer = enter(&client, COMPLETE, &id, &code(&app, COUNTESS).await).await;

        assert_eq!((answer.status, answer.text().as_str()), (204, ""));
        let user = client.get(USER).await.json();
        assert_eq!(
            (&user["email"], &user["email_verified"]),
            (&json!(COUNTESS), &json!(true))
        );
        assert_eq!(
            app.visitor().await.post_json(LOGIN, &credentials(ADA)).await.status,
            401
        );
        elsewhere(&app, COUNTESS).await;
        assert!(letters_to(&app, COUNTESS).await[0].contains("has this address now"));
        refused(&change(&client, COUNTESS).await, 400, "invalid_request");
        refused(&change(&client, "nobody").await, 400, "invalid_request");
    }
);

both!(a_taken_address_looks_free_and_gets_no_letter, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    app.user(BOB).await;
    let before = letters_to(&app, BOB).await.len();

    let id = id(&change(&client, BOB).await);

    assert_eq!(letters_to(&app, BOB).await.len(), before);
    for code in ["123456", "000000", "999999"] {
        refused(&enter(&client, COMPLETE, &id, code).await, 400, "invalid_request");
    }
});

both!(a_change_is_of_the_session_that_began_it, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let there = elsewhere(&app, ADA).await;
    let bob = app.user(BOB).await;
    let id = id(&change(&client, COUNTESS).await);
    let code = code(&app, COUNTESS).await;

    for other in [&there, &bob] {
        refused(&enter(other, COMPLETE, &id, &code).await, 400, "invalid_request");
    }
    refused(
        &enter(&app.visitor().await, COMPLETE, &id, &code).await,
        401,
        "unauthorized",
    );

    assert_eq!(
        enter(&client, COMPLETE, &id, &code).await.status,
        204,
        "nobody has used it up"
    );
});

both!(a_change_asks_for_a_recent_proof, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    // Proved, so that it is a change and no proof.
    let id = id(&change(&client, COUNTESS).await);
    assert_eq!(
        enter(&client, COMPLETE, &id, &code(&app, COUNTESS).await).await.status,
        204
    );
    app.clock.advance(Duration::from_mins(11));
    assert_eq!(client.post(REFRESH).await.status, 200);

    refused(&change(&client, ADA).await, 428, "recent_authentication_required");
});

both!(
    x005_letters_to_addresses_of_choice_are_limited,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        for number in 0..10 {
            id(&change(&client, &format!("victim{number}@example.com")).await);
        }

        refused(&change(&client, "victim10@example.com").await, 429, "rate_limited");
    }
);

both!(a_code_signs_in_where_that_is_switched_on, async |db: &Database| {
    let app = TestApp::start(db).await;
    let off = app.visitor().await;
    refused(&off.post_json(CODE, &json!({ "email": ADA })).await, 404, "not_found");
    let nobody = "0190b5a0-0000-7000-8000-00000000000a";
    refused(&enter(&off, BY_CODE, nobody, "123456").await, 404, "not_found");
    let app = TestApp::with(db, |config| config.challenges.at_sign_in = true).await;
    let owner = app.user(ADA).await;
    let proof = id(&change(&owner, ADA).await);
    assert_eq!(
        enter(&owner, COMPLETE, &proof, &code(&app, ADA).await).await.status,
        204
    );

    let (client, answer) = by_code(&app, ADA).await;

    assert_eq!((answer.status, &answer.json()["user"]["email"]), (200, &json!(ADA)));
    assert!(is_signed_in(&client).await && is_signed_in(&owner).await);
    assert_eq!(client.post("/auth/api/v1/reauthenticate/check").await.status, 204);
    let known = id(&client.post_json(CODE, &json!({ "email": ADA })).await);
    let unknown = id(&client.post_json(CODE, &json!({ "email": BOB })).await);
    for id in [known, unknown] {
        refused(&enter(&client, BY_CODE, &id, "00000x").await, 400, "invalid_request");
    }
});

both!(
    pre_hijack_the_first_proof_by_mail_ends_what_somebody_else_prepared,
    async |db: &Database| {
        let app = TestApp::with(db, |config| config.challenges.at_sign_in = true).await;
        let hijacker = app.user(ADA).await;

        let (owner, answer) = by_code(&app, ADA).await;

        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(owner.get(USER).await.json()["email_verified"], true);
        assert!(!is_signed_in(&hijacker).await);
        assert_eq!(hijacker.post(REFRESH).await.status, 401);
        let by_password = app.visitor().await.post_json(LOGIN, &credentials(ADA)).await;
        refused(&by_password, 401, "unauthorized");
        assert_eq!(owner.get(ACCOUNT).await.json()["auth_methods"], json!([]));
    }
);

both!(a_password_is_added_and_taken_away, async |db: &Database| {
    let app = TestApp::with(db, |config| config.challenges.at_sign_in = true).await;
    app.user(ADA).await;
    let (client, _) = by_code(&app, ADA).await;
    let current = json!({ "current_password": PASSWORD, "new_password": NEW });
    refused(&client.put_json(PASSWORDS, &current).await, 404, "not_found");
    let remove = async || client.call(Method::DELETE, METHOD).send().await;
    refused(&remove().await, 404, "not_found");
    refused(
        &client.post_json(PASSWORDS, &json!({ "password": "short" })).await,
        400,
        "invalid_request",
    );

    app.clock.advance(Duration::from_secs(3));
    let added = client.post_json(PASSWORDS, &json!({ "password": NEW })).await;
    assert_eq!((added.status, added.text().as_str()), (204, ""));
    let again = client.post_json(PASSWORDS, &json!({ "password": NEW })).await;
    refused(&again, 409, "password_already_exists");
    let now = json!({ "email": ADA, "password": NEW });
    let there = app.visitor().await;
    assert_eq!(there.post_json(LOGIN, &now).await.status, 200);

    // What needs a recent proof goes on: setting the password was one.
    app.clock.advance(Duration::from_secs(3));
    let check = client.post("/auth/api/v1/reauthenticate/check").await;
    assert_eq!(check.status, 204);
    let others = "/auth/api/v1/account/sessions/others";
    assert_eq!(client.call(Method::DELETE, others).send().await.status, 204);
    let there = app.visitor().await;
    assert_eq!(there.post_json(LOGIN, &now).await.status, 200);

    let there_remove = there.call(Method::DELETE, METHOD).send().await;
    assert_eq!((there_remove.status, there_remove.text().as_str()), (204, ""));
    assert_eq!(app.visitor().await.post_json(LOGIN, &now).await.status, 401);
    assert!(
        is_signed_in(&there).await && !is_signed_in(&client).await,
        "a way in less ends the others"
    );
    let client = there;
    let google = client
        .call(Method::DELETE, "/auth/api/v1/account/auth-methods/google")
        .send()
        .await;
    refused(&google, 404, "not_found");
});

both!(the_only_way_in_is_not_taken_away, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;

    let answer = client.call(Method::DELETE, METHOD).send().await;

    refused(&answer, 409, "cannot_remove_last_auth_method");
    elsewhere(&app, ADA).await;
});

both!(
    x003_who_must_prove_their_address_is_told_where_and_keeps_the_session,
    async |db: &Database| {
        let app = TestApp::with(db, |config| config.challenges.is_proof_required = true).await;
        let client = app.visitor().await;
        assert_eq!(client.post_json(SIGN_UP, &credentials(ADA)).await.status, 201);

        for _ in 0..2 {
            let answer = client.get(USER).await;
            refused(&answer, 403, "forbidden");
            assert_eq!(answer.header("location"), "/auth/verify-email");
            assert!(answer.set_cookies().is_empty());
        }
        assert_eq!(client.post(REFRESH).await.status, 200, "the session goes on");
        app.clock.advance(Duration::from_mins(20));
        assert_eq!(client.post(REFRESH).await.status, 200);
        let id = id(&change(&client, ADA).await);
        assert_eq!(enter(&client, COMPLETE, &id, &code(&app, ADA).await).await.status, 204);

        assert_eq!(client.get(USER).await.json()["email_verified"], true);
    }
);

both!(who_mistyped_their_address_proves_another_one, async |db: &Database| {
    let app = TestApp::with(db, |config| config.challenges.is_proof_required = true).await;
    let client = app.visitor().await;
    assert_eq!(client.post_json(SIGN_UP, &credentials(ADA)).await.status, 201);

    let id = id(&change(&client, COUNTESS).await);
    assert_eq!(
        enter(&client, COMPLETE, &id, &code(&app, COUNTESS).await).await.status,
        204
    );

    assert_eq!(client.get(USER).await.json()["email"], COUNTESS);
    assert!(letters_to(&app, ADA).await.is_empty(), "it may be a stranger's");
});
