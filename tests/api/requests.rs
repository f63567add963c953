//! Requests that are odd before anybody looks at what they ask for.

use hyper::Method;
use serde_json::json;

use crate::kit::app::TestApp;
use crate::kit::client::raw;
use crate::kit::database::{Database, both};

both!(an_unknown_json_path_or_method_is_not_found, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    for (method, path) in [
        (Method::GET, "/auth/api/v1/nothing"),
        (Method::GET, "/auth/api"),
        (Method::GET, "/auth/api/v1/login"),
        (Method::DELETE, "/auth/api/v1/user"),
        (Method::OPTIONS, "/auth/api/v1/user"),
        (Method::TRACE, "/auth/api/v1/user"),
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

both!(elsewhere_another_method_is_told_what_fits, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    for method in [Method::DELETE, Method::TRACE, Method::OPTIONS] {
        let answer = client.call(method.clone(), "/auth/ready").send().await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
    }
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
