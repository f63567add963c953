//! A database that is away: 503, later everything as before, and nobody is signed out meanwhile.

use hyper::Method;
use serde_json::{Value, json};

use super::{ADA, BOB, LOGIN, LOGOUT, REFRESH, SET_PASSWORD, SIGN_UP, TOKENS, USER, credentials, is_signed_in, users};
use crate::kit::app::TestApp;
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, on_postgres, on_sqlite};

/// A call: method, path, and a body if it takes one.
type Plan = (Method, &'static str, Option<Value>);

/// Every call that writes.
fn writing(client: &Client) -> Vec<Plan> {
    let refresh_token = client.cookie("authara_refresh");
    vec![
        (Method::POST, LOGIN, Some(credentials(ADA))),
        (Method::POST, SIGN_UP, Some(credentials(BOB))),
        (Method::POST, REFRESH, None),
        (Method::POST, LOGOUT, None),
        (Method::POST, TOKENS, Some(json!({ "refresh_token": refresh_token }))),
        (
            Method::PUT,
            SET_PASSWORD,
            Some(json!({ "password": "another good password" })),
        ),
    ]
}

/// Every call that only reads, pages included.
fn reading() -> Vec<Plan> {
    [
        USER,
        "/auth/api/v1/capabilities",
        "/auth/api/v1/organizations",
        "/auth/api/v1/organizations/current",
        "/auth/ready",
        "/auth/account",
        "/auth/login",
    ]
    .map(|path| (Method::GET, path, None))
    .into()
}

/// Sends them side by side, since each may wait for the database until its patience ends.
async fn all(app: &TestApp, client: &Client, plans: Vec<Plan>) -> Vec<Answer> {
    let sent = plans.into_iter().map(|(method, path, body)| {
        let client = app.twin(client);
        tokio::spawn(async move {
            let call = client.call(method, path);
            let call = match &body {
                Some(body) => call.json(body),
                None => call,
            };
            call.send().await
        })
    });
    let mut answers = Vec::new();
    for answer in sent.collect::<Vec<_>>() {
        answers.push(answer.await.unwrap());
    }
    answers
}

fn are_all_unavailable(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "2", "{answer:?}");
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

async fn works_as_before(app: &TestApp, client: &Client) {
    assert!(is_signed_in(client).await);
    assert_eq!(client.post(REFRESH).await.status, 200);
    assert_eq!(users(app).await, 1);
    let another = app.visitor().await;
    assert_eq!(another.post_json(LOGIN, &credentials(ADA)).await.status, 200);
    assert_eq!(another.post_json(SIGN_UP, &credentials(BOB)).await.status, 201);
    assert_eq!(app.client().get("/auth/ready").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_takes_no_connections_signs_nobody_out() {
    on_postgres(async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        db.refuse_connections(true).await;
        let calls = [writing(&client), reading()].concat();
        let answers = all(&app, &client, calls).await;
        let healthy = client.get("/auth/health").await;
        let csrf = client.get("/auth/api/v1/csrf").await;
        db.refuse_connections(false).await;

        are_all_unavailable(&answers);
        assert_eq!(
            (healthy.status, csrf.status),
            (200, 200),
            "what needs no database goes on"
        );
        works_as_before(&app, &client).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_restart_of_the_server_is_not_noticed() {
    on_postgres(async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        db.end_connections().await;

        works_as_before(&app, &client).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_file_that_somebody_keeps_locked_can_be_read_and_signs_nobody_out() {
    on_sqlite(async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let other = rusqlite::Connection::open(db.path()).unwrap();

        other.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let written = all(&app, &client, writing(&client)).await;
        let read = all(&app, &client, reading()).await;
        other.execute_batch("COMMIT").unwrap();

        are_all_unavailable(&written);
        assert!(read.iter().all(|answer| answer.status < 400), "{read:?}");
        works_as_before(&app, &client).await;
    })
    .await;
}
