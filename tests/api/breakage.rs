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
        all.push(anyone().get_json("/auth/api/v1/panicking", panicking));
        all.push(anyone().get_json("/auth/api/v1/panicking-inside", panicking_inside));
        all.push(anyone().get_json("/auth/api/v1/endless", endless));
        all.push(anyone().get_json("/auth/api/v1/away", away));
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

both!(
    r015_a_hash_that_cannot_be_used_is_a_failed_sign_in,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        let salt = "c2FsdHNhbHRzYWx0c2FsdA";
        let hash = "A".repeat(43);
        let credentials = serde_json::json!({ "email": "ada@example.com", "password": crate::kit::app::PASSWORD });

        for broken in [
            String::new(),
            "garbage".to_owned(),
            "$".repeat(10_000),
            format!("$argon2id$v=19$m=4294967295,t=4294967295,p=255${salt}${hash}"),
            format!("$scrypt$ln=63,r=8,p=1${salt}${hash}"),
            format!("$scrypt$ln=15,r=4294967295,p=4294967295${salt}${hash}"),
            format!("$scrypt$ln=30,r=8,p=3${salt}${hash}"),
            format!("$scrypt$ln=0,r=0,p=0${salt}${hash}"),
            format!("$scrypt$ln=-1,r=8,p=3${salt}${hash}"),
            "$scrypt$ln=15,r=8,p=3$".to_owned(),
            format!("$scrypt$ln=15,r=8,p=3${salt}$"),
        ] {
            db.tamper(&format!("UPDATE passwords SET hash = '{broken}'")).await;

            let answer = app.visitor().await.post_json("/auth/api/v1/login", &credentials).await;

            assert_eq!(answer.refusal(), (401, "unauthorized".into()), "{broken}");
        }
        assert_eq!(client.get("/auth/api/v1/user").await.status, 200);
    }
);

both!(
    r123_errors_have_one_form_and_tell_nothing_of_the_inside,
    async |db: &Database| {
        let app = misbehaving(db).await;
        let client = app.client();
        let inside = [
            "panick",
            "defect",
            "secret",
            "src/",
            ".rs",
            "SELECT",
            "sql",
            "SQL",
            "postgres",
            "backtrace",
            env!("CARGO_PKG_VERSION"),
        ];
        let mut answers = Vec::new();
        for path in ["panicking", "panicking-inside", "away", "endless", "nothing"] {
            answers.push(client.get(&format!("/auth/api/v1/{path}")).await);
        }
        db.tamper("ALTER TABLE users RENAME TO lost").await;
        let credentials = serde_json::json!({ "email": "ada@example.com", "password": crate::kit::app::PASSWORD });
        let visitor = app.visitor().await;
        answers.push(visitor.post_json("/auth/api/v1/login", &credentials).await);
        answers.push(visitor.post_json("/auth/api/v1/signup/direct", &credentials).await);

        let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
        assert_eq!(statuses[..5], [500, 500, 503, 503, 404]);
        // Or 503, where the machine is too busy for the time that is given here.
        assert!(
            statuses[5..].iter().all(|status| matches!(status, 500 | 503)),
            "{statuses:?}"
        );
        for answer in &answers {
            let json = answer.json();
            let told = json["error"].as_object().unwrap();
            let is_envelope = json.as_object().unwrap().len() == 1 && told.len() == 2;
            assert!(
                is_envelope && told["code"].is_string() && told["message"].is_string(),
                "{json}"
            );
            let says_when = !answer.header("retry-after").is_empty();
            assert_eq!(says_when, answer.status == 503, "{answer:?}");
            for word in inside {
                assert!(!answer.text().contains(word), "{word}: {}", answer.text());
            }
        }
        let page = visitor
            .call(hyper::Method::POST, "/auth/login")
            .form(&[
                ("csrf_token", &visitor.cookie("authara_csrf")),
                ("email", "ada@example.com"),
                ("password", "x"),
            ])
            .send()
            .await;
        assert!(matches!(page.status, 500 | 503), "{}", page.status);
        for word in ["SELECT", "sql", "lost", "42P01", ".rs"] {
            assert!(!page.text().contains(word), "{word}: {}", page.text());
        }
    }
);

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
    for path in ["/auth/nothing", "/auth//login"] {
        let status = client.get(path).await.status;
        assert_eq!(status, StatusCode::NOT_FOUND.as_u16(), "{path}");
    }
});
