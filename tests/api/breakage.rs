//! What callers see when something breaks: never the cause, never the loss of their cookies.

use std::sync::Arc;
use std::time::Duration;

use authara::domain::{Anyone, UserId};
use authara::flows::{Error, Result};
use authara::http::cx::Cx;
use authara::http::pipeline::Service;
use authara::http::reply::Reply;
use authara::http::route::anyone;
use authara::http::{Body, routes};
use http_body_util::{Either, Full};
use hyper::{Response, StatusCode};

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

async fn panicking(_: Cx, _: Anyone) -> Result<Reply> {
    panic!("a defect")
}

/// Panics with a connection and an open transaction in hand.
async fn panicking_inside(cx: Cx, _: Anyone) -> Result<Reply> {
    let mut conn = cx.app.store.read().await?;
    conn.users().count().await?;
    cx.app
        .store
        .write(async |tx| -> Result<Reply> {
            let nobody = UserId::new(uuid::Uuid::nil());
            tx.users().disable(nobody, cx.now()).await?;
            panic!("a defect")
        })
        .await
}

async fn endless(_: Cx, _: Anyone) -> Result<Reply> {
    std::future::pending().await
}

async fn away(_: Cx, _: Anyone) -> Result<Reply> {
    Err(Error::Unavailable("secret cause".to_owned()))
}

/// A server with rows that misbehave.
async fn misbehaving(db: &Database) -> TestApp {
    let quick = |config: &mut authara::config::Config| config.server.request_timeout = Duration::from_millis(200);
    TestApp::serving(db, quick, |app| {
        let mut all = routes::routes();
        all.push(anyone().get("/auth/api/v1/panicking", panicking));
        all.push(anyone().get("/auth/api/v1/panicking-inside", panicking_inside));
        all.push(anyone().get("/auth/api/v1/endless", endless));
        all.push(anyone().get("/auth/api/v1/away", away));
        Service::with_routes(app, all)
    })
    .await
}

both!(a_panic_is_one_failed_request_and_nothing_more, async |db: &Database| {
    let app = misbehaving(db).await;
    let client = app.client();

    let answer = client.get("/auth/api/v1/panicking").await;

    assert_eq!(answer.refusal(), (500, "internal_error".into()));
    assert!(!answer.text().contains("defect"));
    assert_eq!(client.get("/auth/ready").await.status, 200);
});

both!(
    panics_leak_neither_connections_nor_transactions,
    async |db: &Database| {
        let app = misbehaving(db).await;
        let client = app.client();

        // More than there are connections of any kind.
        for _ in 0..40 {
            let answer = client.get("/auth/api/v1/panicking-inside").await;
            assert_eq!(answer.refusal(), (500, "internal_error".into()));
        }

        app.user("ada@example.com").await;
        assert_eq!(client.get("/auth/ready").await.status, 200);
    }
);

both!(a_request_without_end_is_given_up, async |db: &Database| {
    let app = misbehaving(db).await;

    let answer = app.client().get("/auth/api/v1/endless").await;

    assert_eq!(answer.refusal(), (503, "service_unavailable".into()));
    assert_eq!(answer.header("retry-after"), "2");
});

both!(what_is_away_is_not_named, async |db: &Database| {
    let app = misbehaving(db).await;

    let answer = app.client().get("/auth/api/v1/away").await;

    assert_eq!(answer.refusal(), (503, "service_unavailable".into()));
    assert_ne!(answer.header("retry-after"), "");
    assert!(!answer.text().contains("secret"));
});

both!(a_broken_database_signs_nobody_out, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;
    app.clock.advance(Duration::from_mins(11));
    db.tamper("ALTER TABLE sessions RENAME TO lost").await;

    for answer in [
        client.post("/auth/api/v1/sessions/refresh").await,
        client.post("/auth/api/v1/sessions/logout").await,
        client.get("/auth/account").await,
    ] {
        assert!(answer.status == 500 || answer.status == 503, "{}", answer.status);
        assert!(
            !answer.set_cookies().iter().any(|name| name != "authara_csrf"),
            "{:?}",
            answer.set_cookies()
        );
        assert!(!answer.text().contains("sessions"), "{}", answer.text());
    }
});

both!(a_breakage_has_a_reference, async |db: &Database| {
    let app = misbehaving(db).await;

    let answer = app.client().get("/auth/api/v1/panicking").await;

    assert!(answer.text().contains(answer.header("x-request-id")));
});

both!(a_fallback_answers_outside_the_mount_only, async |db: &Database| {
    let fallback = |app| {
        Service::new(app).with_fallback(Arc::new(|_, _| {
            let body: Body = Either::Left(Full::new("elsewhere".into()));
            Box::pin(std::future::ready(Response::new(body)))
        }))
    };
    let app = TestApp::serving(db, |_| {}, fallback).await;
    let client = app.client();

    for path in ["/", "/authority", "/a/auth/login", "//auth/login"] {
        assert_eq!(client.get(path).await.text(), "elsewhere", "{path}");
    }
    for path in ["/auth", "/auth/", "/auth/nothing", "/auth//login"] {
        let status = client.get(path).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND.as_u16(), "{path}");
    }
});
