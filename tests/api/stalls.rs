//! A wire to the database that stalls, breaks, or breaks at the worst moment; and callers who hang up.

use std::time::{Duration, Instant};

use hyper::Method;
use serde_json::json;

use super::outages::{all, are_all_unavailable, reading, works_as_before, writing};
use super::{ADA, BOB, LOGIN, REFRESH, SIGN_UP, USER, credentials, is_signed_in, users};
use crate::kit::app::TestApp;
use crate::kit::database::{Database, on_postgres};
use crate::kit::proxy::{Proxy, Wire};

/// How it looks on the wire; without its end it would be in every `READ COMMITTED`.
const COMMIT: &[u8] = b"COMMIT\0";
const ROTATING: &[u8] = b"a browser that rotates";
/// What each request may take here.
const LIMIT: Duration = Duration::from_secs(1);
/// By when it is answered, on a busy machine.
const SOON: Duration = Duration::from_secs(3);

async fn limited(db: &Database) -> TestApp {
    TestApp::with(db, |config| config.server.request_timeout = LIMIT).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r038_a_stalled_server_signs_nobody_out_and_holds_nobody_else_up() {
    on_postgres(async |db| {
        let (proxy, db) = Proxy::before(db).await;
        let app = limited(&db).await;
        let client = app.user(ADA).await;

        proxy.set(Wire::Stalled);
        let begun = Instant::now();
        // Everything at once and thrice, more than there are connections.
        let calls = [writing(&client), reading(), reading(), reading()].concat();
        let stalled = all(&app, &client, calls);
        let others = async {
            tokio::time::sleep(LIMIT / 3).await;
            let asked = Instant::now();
            for path in ["/auth/health", "/auth/api/v1/csrf", "/auth/.well-known/jwks.json"] {
                assert_eq!(client.get(path).await.status, 200, "{path}");
            }
            assert_eq!(app.client().get("/auth/login").await.status, 200);
            asked.elapsed()
        };
        let (answers, others) = tokio::join!(stalled, others);
        let took = begun.elapsed();
        proxy.set(Wire::Open);
        let open = Instant::now();

        are_all_unavailable(&answers);
        assert!(took < SOON, "{took:?}");
        assert!(others < LIMIT / 2, "what needs no database took {others:?}");
        works_as_before(&app, &client).await;
        assert!(open.elapsed() < SOON, "{:?}", open.elapsed());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_and_reset_connections_sign_nobody_out() {
    on_postgres(async |db| {
        let (proxy, db) = Proxy::before(db).await;
        let app = limited(&db).await;
        let client = app.user(ADA).await;

        for wire in [Wire::Cut, Wire::Reset] {
            proxy.set(wire);
            let answers = all(&app, &client, [writing(&client), reading()].concat()).await;
            are_all_unavailable(&answers);
            proxy.set(Wire::Open);
            assert!(is_signed_in(&client).await, "{wire:?}");
        }

        works_as_before(&app, &client).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_without_an_answer_is_no_success_and_can_be_tried_again() {
    on_postgres(async |db| {
        let (proxy, db) = Proxy::before(db).await;
        let app = limited(&db).await;
        let client = app.user(ADA).await;

        for wire in [
            Wire::StallBefore(COMMIT),
            Wire::StallAfter(COMMIT),
            Wire::CutAfter(COMMIT),
        ] {
            proxy.set(wire);
            let signed_in = app.visitor().await.post_json(LOGIN, &credentials(ADA)).await;
            proxy.set(Wire::Open);

            are_all_unavailable(&[signed_in]);
            assert!(is_signed_in(&client).await, "{wire:?}");
        }
        // A refresh is one statement that commits by itself; its arguments tell it apart.
        for wire in [
            Wire::StallBefore(ROTATING),
            Wire::StallAfter(ROTATING),
            Wire::CutAfter(ROTATING),
        ] {
            proxy.set(wire);
            let refresh = client.call(Method::POST, REFRESH);
            let refreshed = refresh.header("user-agent", "a browser that rotates").send().await;
            proxy.set(Wire::Open);

            are_all_unavailable(&[refreshed]);
            assert_eq!(client.post(REFRESH).await.status, 200, "{wire:?}");
            assert!(is_signed_in(&client).await, "{wire:?}");
        }
        assert_eq!(users(&app).await, 1);

        for (number, wire) in [Wire::StallBefore(COMMIT), Wire::CutAfter(COMMIT)]
            .into_iter()
            .enumerate()
        {
            let who = credentials(&format!("{number}-{BOB}"));
            proxy.set(wire);
            let signed_up = app.visitor().await.post_json(SIGN_UP, &who).await;
            proxy.set(Wire::Open);

            are_all_unavailable(&[signed_up]);
            // Whole or not at all: either the account is there and opens, or it can be made. (The first
            // commit may have been that of a limit.)
            let visitor = app.visitor().await;
            let status = visitor.post_json(SIGN_UP, &who).await.status;
            assert!(matches!(status, 201 | 400), "{wire:?}: {status}");
            assert_eq!(app.visitor().await.post_json(LOGIN, &who).await.status, 200, "{wire:?}");
        }
        assert_eq!(users(&app).await, 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wire_that_breaks_within_a_transaction_leaves_nothing_of_it() {
    on_postgres(async |db| {
        let (proxy, db) = Proxy::before(db).await;
        let app = limited(&db).await;
        let client = app.user(ADA).await;
        let who = json!({ "email": BOB, "password": crate::kit::app::PASSWORD });

        // A new connection prepares the statement, whose text can be seen then.
        proxy.set(Wire::Cut);
        let cut = client.get(USER).await;
        proxy.set(Wire::CutAfter(b"INSERT INTO sessions"));
        let answer = app.visitor().await.post_json(SIGN_UP, &who).await;
        proxy.set(Wire::Open);

        are_all_unavailable(&[cut, answer]);
        assert_eq!(users(&app).await, 1);
        works_as_before(&app, &client).await;
    })
    .await;
}
