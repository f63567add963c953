//! Requests that are odd before anybody looks at what they ask for.

use hyper::Method;
use serde_json::json;

use crate::kit::app::TestApp;
use crate::kit::client::raw;
use crate::kit::database::{Database, both};

both!(an_unknown_json_path_is_not_found, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    for (method, path) in [
        (Method::GET, "/auth/api/v1/nothing"),
        (Method::GET, "/auth/api"),
        (Method::POST, "/auth/internal/v1/organizations"),
        (Method::GET, "/auth/api/v1/user/"),
        (Method::GET, "/auth/api/v1//user"),
        (Method::GET, "/auth/api/v1/%75ser"),
        (Method::GET, "/auth/api/v1/x/../user"),
    ] {
        let answer = client.call(method.clone(), path).send().await;
        assert_eq!(answer.refusal(), (404, "not_found".into()), "{method} {path}");
        assert_eq!(answer.header("allow"), "");
    }
    assert_eq!(
        client.call(Method::HEAD, "/auth/api/v1/nothing").send().await.status,
        404
    );
});

both!(another_method_is_told_what_fits, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    for method in [Method::DELETE, Method::TRACE, Method::OPTIONS] {
        let answer = client.call(method.clone(), "/auth/ready").send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
        let answer = client.call(method.clone(), "/auth/api/v1/user").send().await;
        assert_eq!(answer.refusal(), (405, "method_not_allowed".into()), "{method}");
        assert_eq!(answer.header("allow"), "GET, HEAD", "{method}");
    }
    let answer = client.get("/auth/api/v1/login").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "POST"));
    assert_eq!(client.get("/auth/nothing").await.status, 404);
    assert_eq!(client.get("/").await.status, 404);
    assert_eq!(client.get("/authority").await.status, 404);
});

both!(a_body_beyond_the_limit_is_refused, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;

    let body = json!({ "email": "a@example.com", "password": "x".repeat(2 << 20) });
    let answer = client.post_json("/auth/api/v1/login", &body).await;

    assert_eq!(answer.refusal(), (400, "invalid_request".into()));
});

both!(a_body_that_does_not_arrive_is_not_waited_for, async |db: &Database| {
    let app = TestApp::start(db).await;

    let head =
        "POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{";
    let answer = raw(app.address, head.as_bytes()).await;

    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.to_ascii_lowercase().contains("connection: close"), "{answer}");
});

both!(
    a_request_is_named_here_whatever_name_it_came_with,
    async |db: &Database| {
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

        for answer in [named, forged] {
            assert_eq!(answer.header("x-request-id").len(), 36);
        }
    }
);

both!(
    r064_an_audit_line_has_no_name_that_a_stranger_chose,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.visitor().await;
        let body = json!({ "email": "a@example.com", "password": "wrong password" });
        let call = client.call(Method::POST, "/auth/api/v1/login").json(&body);

        let answer = call.header("x-request-id", "somebody-elses").send().await;

        let filter = authara::domain::audit::Filter::default();
        let mut conn = app.app.store.read().await.unwrap();
        let lines = conn.audit().newest(&filter, 10).await.unwrap();
        assert_eq!(lines[0].client.request_id, answer.header("x-request-id"));
        assert!(lines.iter().all(|line| line.client.request_id != "somebody-elses"));
    }
);

both!(a_token_that_cannot_be_read_is_nobody, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;
    let own = format!("Bearer {}", client.cookie("authara_access"));
    let routes = authara::http::routes::routes();
    let json = routes.iter().filter(|route| route.rules.takes_bearer);

    for route in json {
        for lines in [
            &[own.as_str(), own.as_str()][..],
            &[&own, "Bearer x"],
            &["Bearer"],
            &["Bearer "],
            &["bearer\t"],
            &["Basic YTpi", "BEARER", &own],
        ] {
            let call = client.call(route.method.clone(), route.pattern);
            let call = match crate::api::checks::sound_body(route) {
                Some(body) => call.json(&body),
                None => call,
            };
            let call = lines.iter().fold(call, |call, line| call.line("authorization", line));
            let answer = call.send().await;
            assert_eq!(
                answer.refusal(),
                (401, "unauthorized".into()),
                "{} {lines:?}",
                route.pattern
            );
        }
        if route.method != Method::GET {
            continue;
        }
        let call = client.call(route.method.clone(), route.pattern);
        let with_other = call.header("authorization", "Basic YTpi").send().await;
        assert_ne!(with_other.status, 401, "{}: the proxy's own", route.pattern);
    }
});
