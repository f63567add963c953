//! A database that is away: 503, later everything as before, and nobody is signed out meanwhile.

use std::time::{Duration, Instant};

use authara::domain::limit::{Budget, Limit};
use authara::storage::Target;
use hyper::Method;
use serde_json::{Value, json};

use super::{ADA, BOB, LOGIN, LOGOUT, REFRESH, SET_PASSWORD, SIGN_UP, TOKENS, USER, credentials, is_signed_in, users};
use crate::kit::app::TestApp;
use crate::kit::client::{Answer, Client};
use crate::kit::cluster::Cluster;
use crate::kit::database::{Database, both, on_postgres, on_sqlite};

/// How long after an outage everything works again.
const RECOVERY: Duration = Duration::from_secs(5);

/// A call: method, path, and a body if it takes one.
pub(super) type Plan = (Method, &'static str, Option<Value>);

/// Every call that writes.
pub(super) fn writing(client: &Client) -> Vec<Plan> {
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
pub(super) fn reading() -> Vec<Plan> {
    [
        USER,
        "/auth/api/v1/capabilities",
        "/auth/api/v1/organizations",
        "/auth/api/v1/organizations/current",
        "/auth/account",
        "/auth/login",
    ]
    .map(|path| (Method::GET, path, None))
    .into()
}

/// Sends them side by side, since each may wait for the database until its patience ends.
pub(super) async fn all(app: &TestApp, client: &Client, plans: Vec<Plan>) -> Vec<Answer> {
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

pub(super) fn are_all_unavailable(answers: &[Answer]) {
    for answer in answers {
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.header("retry-after"), "2", "{answer:?}");
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

/// Where nothing can be kept, an instance is of no use.
async fn is_not_ready(app: &TestApp) {
    assert_eq!(app.client().get("/auth/ready").await.status, 503);
}

pub(super) async fn works_as_before(app: &TestApp, client: &Client) {
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
        is_not_ready(&app).await;
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
        is_not_ready(&app).await;
        other.execute_batch("COMMIT").unwrap();

        are_all_unavailable(&written);
        assert!(read.iter().all(|answer| answer.status < 400), "{read:?}");
        works_as_before(&app, &client).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r038_a_file_that_is_gone_is_not_written_on_and_signs_nobody_out() {
    on_sqlite(async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let elsewhere = db.path().with_extension("moved");

        std::fs::rename(db.path(), &elsewhere).unwrap();
        let answers = all(&app, &client, [writing(&client), reading()].concat()).await;
        assert!(!db.path().exists(), "an empty one in its place would be worse");
        std::fs::rename(&elsewhere, db.path()).unwrap();

        are_all_unavailable(&answers);
        works_as_before(&app, &client).await;
    })
    .await;
}

both!(
    r038_what_failed_in_an_outage_is_not_held_against_anybody,
    async |db: &Database| {
        let few = Budget {
            limit: 3,
            window: Duration::from_hours(1),
        };
        let app = TestApp::with(db, |config| {
            config.limits.set(Limit::LoginAddress, few);
            config.limits.set(Limit::LoginAccount, few);
            config.limits.set(Limit::SignUpAddress, few);
            config.limits.set(Limit::SignUpAccount, few);
            config.limits.set(Limit::NewAccounts, few);
            config.limits.set(Limit::PasswordSession, few);
        })
        .await;
        let client = app.user(ADA).await;
        let away = async |is_away: bool| {
            if db.is_sqlite() {
                let elsewhere = db.path().with_extension("moved");
                let (from, to) = if is_away {
                    (db.path(), elsewhere)
                } else {
                    (elsewhere, db.path())
                };
                std::fs::rename(from, to).unwrap();
            } else {
                db.refuse_connections(is_away).await;
            }
        };

        away(true).await;
        // More than any limit lets pass.
        for _ in 0..15 {
            let tried = [
                client.post_json(LOGIN, &credentials(ADA)).await,
                client.post_json(SIGN_UP, &credentials(BOB)).await,
                client
                    .put_json(SET_PASSWORD, &json!({ "password": "another good password" }))
                    .await,
            ];
            are_all_unavailable(&tried);
        }
        away(false).await;

        works_as_before(&app, &client).await;
        let changed = client
            .put_json(SET_PASSWORD, &json!({ "password": "another good password" }))
            .await;
        assert!(changed.status < 300, "{changed:?}");
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_set_to_read_only_can_be_read_and_signs_nobody_out() {
    on_postgres(async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;

        db.forbid_writes(true).await;
        let written = all(&app, &client, writing(&client)).await;
        let read = all(&app, &client, reading()).await;
        is_not_ready(&app).await;
        db.forbid_writes(false).await;

        are_all_unavailable(&written);
        assert!(read.iter().all(|answer| answer.status < 400), "{read:?}");
        works_as_before(&app, &client).await;
    })
    .await;
}

/// A server of its own that is stopped, started, and has no room for us.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r038_a_server_that_is_stopped_or_full_signs_nobody_out() {
    let Some(cluster) = Cluster::start(&["max_connections=20"]) else {
        return;
    };
    let db = Database::on_cluster(&cluster).await;
    let app = TestApp::start(&db).await;
    let client = app.user(ADA).await;

    cluster.halt();
    let stopped = all(&app, &client, [writing(&client), reading()].concat()).await;
    cluster.again(&["max_connections=20"]);
    let again = Instant::now();
    while !is_signed_in(&client).await {
        assert!(again.elapsed() < RECOVERY, "the server is not used again");
    }

    cluster.halt();
    cluster.again(&["max_connections=20"]);
    let mut others = Vec::new();
    while let Ok((other, connection)) = other(&cluster).await {
        tokio::spawn(connection);
        others.push(other);
    }
    let full = all(&app, &client, [writing(&client), reading()].concat()).await;
    let taken = others.len();
    drop(others);
    let room = Instant::now();
    while !is_signed_in(&client).await {
        assert!(room.elapsed() < RECOVERY, "the room is not used");
    }

    assert!(taken > 10, "{taken}");
    are_all_unavailable(&stopped);
    are_all_unavailable(&full);
    works_as_before(&app, &client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failover_is_followed_and_a_demoted_server_is_left() {
    let Some(primary) = Cluster::start(&[]) else { return };
    primary.migrated().await;
    let replica = primary.replica();
    let mut target = primary.target();
    target.servers.push(("127.0.0.1".to_owned(), replica.port));
    let db = Database::of(Target::Postgres(Box::new(target))).await;
    // What is acknowledged from here on is on both.
    primary
        .execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        .await;
    primary.execute("SELECT pg_reload_conf()").await;
    let app = TestApp::start(&db).await;
    let client = app.user(ADA).await;

    primary.halt();
    let away = all(&app, &client, [writing(&client), reading()].concat()).await;
    replica.promote();
    let promoted = Instant::now();
    while client.post(REFRESH).await.status != 200 {
        assert!(promoted.elapsed() < RECOVERY, "the new primary is not found");
    }
    // Back as what an operator leaves behind who has demoted it. New connections ask it, too.
    primary.again(&["default_transaction_read_only=on"]);
    replica
        .execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'authara'")
        .await;

    are_all_unavailable(&away);
    works_as_before(&app, &client).await;
}

async fn other(
    cluster: &Cluster,
) -> Result<
    (
        tokio_postgres::Client,
        tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>,
    ),
    tokio_postgres::Error,
> {
    let mut config = tokio_postgres::Config::new();
    config.host("127.0.0.1").port(cluster.port).user("postgres");
    config.connect(tokio_postgres::NoTls).await
}
