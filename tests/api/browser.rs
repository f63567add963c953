//! What every answer carries, and cookies that somebody planted.

use hyper::Method;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

const ALWAYS: [&str; 8] = [
    "content-security-policy",
    "x-frame-options",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "cache-control",
];

both!(every_answer_carries_the_security_headers, async |db: &Database| {
    let app = TestApp::with(db, |config| config.public_url.is_https = true).await;
    let client = app.client();

    for (method, path) in [
        (Method::GET, "/auth/health"),
        (Method::GET, "/auth/ready"),
        (Method::GET, "/auth/api/v1/csrf"),
        (Method::GET, "/auth/api/v1/user"),
        (Method::POST, "/auth/api/v1/login"),
        (Method::GET, "/auth/nothing"),
        (Method::DELETE, "/auth/ready"),
        (Method::GET, "/elsewhere"),
        (Method::GET, "/auth/static/nothing.css"),
    ] {
        let answer = client.call(method, path).send().await;
        for name in ALWAYS {
            assert_ne!(answer.header(name), "", "{path}: {name}");
        }
        assert!(!answer.header("content-security-policy").contains("unsafe"), "{path}");
        assert!(
            answer.header("strict-transport-security").contains("max-age=31536000"),
            "{path}"
        );
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
    }
});

both!(
    secure_cookies_follow_the_public_url_and_the_prefix_the_setting,
    async |db: &Database| {
        let app = TestApp::with(db, |config| {
            config.public_url.is_https = true;
            config.cookie_prefix = "__Host-".to_owned();
        })
        .await;

        let answer = app.client().get("/auth/api/v1/csrf").await;

        let line = answer.cookie_line("__Host-authara_csrf");
        assert!(line.ends_with("; Secure") && line.contains("; Path=/;"), "{line}");
    }
);

both!(
    a_cookie_that_comes_twice_is_refused_and_nobody_is_signed_out,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        let access = client.cookie("authara_access");

        let twice = format!("authara_access={access}; authara_access={access}");
        let answer = client
            .call(Method::GET, "/auth/api/v1/user")
            .header("cookie", &twice)
            .send()
            .await;

        assert_eq!(answer.refusal(), (400, "invalid_request".into()));
        assert!(answer.set_cookies().is_empty());
        assert_eq!(client.get("/auth/api/v1/user").await.status, 200);
    }
);

both!(a_request_keeps_the_name_its_proxy_gave_it, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    let named = client
        .call(Method::GET, "/auth/ready")
        .header("x-request-id", "trace-1")
        .send()
        .await;
    let forged = client
        .call(Method::GET, "/auth/ready")
        .header("x-request-id", "a b\"c")
        .send()
        .await;

    assert_eq!(named.header("x-request-id"), "trace-1");
    assert_eq!(forged.header("x-request-id").len(), 36);
});
