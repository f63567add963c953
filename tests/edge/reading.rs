//! Looking changes nothing, and tells nothing that is not for everybody.

use std::collections::BTreeSet;
use std::time::Duration;

use authara::http::routes::routes;
use hyper::Method;

use super::{ADA, path};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::Client;
use crate::kit::database::{Database, both};
use crate::kit::dump::dump;

/// Headers with which some servers turn one method into another.
pub(super) const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Everything that one can look at: every path of the table, and every link of every page behind them.
async fn look_around(client: &Client) -> BTreeSet<String> {
    let mut ahead: Vec<String> = routes().iter().map(path).collect();
    let mut seen = BTreeSet::new();
    while let Some(target) = ahead.pop() {
        if !seen.insert(target.clone()) {
            continue;
        }
        let answer = client.get(&target).await;
        assert_ne!(answer.status, 500, "{target}");
        let text = answer.text();
        let links = text.split(['"', '\'']).filter(|part| part.starts_with("/auth/"));
        ahead.extend(links.map(|link| link.replace("&amp;", "&")));
        ahead.extend(Some(answer.header("location").to_owned()).filter(|next| next.starts_with("/auth/")));
    }
    seen
}

both!(r059_looking_at_everything_changes_nothing, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let csrf = client.cookie("authara_csrf");
    // A note of when somebody was here last would show.
    app.clock.advance(Duration::from_mins(5));
    let before = dump(db).await;

    let seen = look_around(&client).await;
    look_around(&app.client()).await;
    let fields = format!("csrf_token={csrf}&email=eve%40example.com&password=correct+horse+battery&return_to=%2Fadmin");
    for route in routes() {
        for target in [
            path(&route),
            format!("{}?{fields}&_method=POST&audience=admin", path(&route)),
        ] {
            for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"] {
                let method: Method = method.parse().unwrap();
                let call = || client.call(method.clone(), &target);
                call().send().await;
                call()
                    .body("application/x-www-form-urlencoded", fields.clone())
                    .send()
                    .await;
                let body = serde_json::json!({ "email": "eve@example.com", "password": PASSWORD });
                call().json(&body).send().await;
                for name in OVERRIDES {
                    let other = route.method.as_str();
                    call().header("x-csrf-token", &csrf).header(name, other).send().await;
                    call().header("x-csrf-token", &csrf).header(name, "POST").send().await;
                }
            }
        }
    }

    assert!(seen.len() > routes().len() - 10, "{seen:?}");
    assert_eq!(dump(db).await, before);
    assert_eq!(client.get("/auth/account").await.status, 200);
});

once!(r129_what_is_not_for_everybody_is_not_there, async |db: &Database| {
    let app = TestApp::start(db).await;
    let stranger = app.client();
    let version = env!("CARGO_PKG_VERSION");

    for target in [
        "/metrics",
        "/auth/metrics",
        "/auth/version",
        "/auth/status",
        "/auth/health/",
        "/auth/health/detail",
        "/auth/ready/detail",
        "/auth/debug",
        "/auth/debug/pprof",
        "/auth/config",
        "/auth/env",
        "/auth/docs",
        "/auth/openapi.yaml",
        "/auth/openapi.json",
        "/auth/swagger",
        "/auth/api/v1/openapi.yaml",
        "/auth/api/v1/docs",
        "/auth/.env",
        "/auth/.git/config",
        "/auth/static/",
        "/auth/static/../../etc/passwd",
        "/auth/static/..%2f..%2fetc%2fpasswd",
        "/auth/.well-known/openid-configuration",
        "/auth/internal/v1/organizations",
        "/auth/admin",
        "/auth/authara.db",
    ] {
        assert_eq!(stranger.get(target).await.status, 404, "{target}");
    }
    for target in look_around(&stranger).await {
        let answer = stranger.get(&target).await;
        let is_ours = !target.starts_with("/auth/static/");
        assert!(!is_ours || !answer.text().contains(version), "{target}");
        for (name, value) in &answer.headers {
            assert!(!value.to_str().unwrap().contains(version), "{target}: {name}");
            assert!(
                !["server", "x-powered-by", "via"].contains(&name.as_str()),
                "{target}: {name}"
            );
        }
    }
});

both!(
    r129_readiness_tells_everybody_no_more_than_yes_or_no,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        db.tamper("DROP TABLE audit").await;
        db.tamper("ALTER TABLE sessions RENAME TO lost").await;
        let broken = app.client().get("/auth/ready").await;
        let live = app.client().get("/auth/health").await;

        assert!(
            ["ok", "service_unavailable"]
                .iter()
                .any(|word| broken.text().contains(word))
        );
        for word in ["audit", "sessions", "sqlite", "postgres", "schema", "migrat"] {
            assert!(!broken.text().to_lowercase().contains(word), "{}", broken.text());
        }
        assert_eq!(live.text(), "{\"status\":\"ok\"}\n");
    }
);
