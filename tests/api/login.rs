//! `/auth/api/v1/login`.

use hyper::Method;
use serde_json::json;

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};

const LOGIN: &str = "/auth/api/v1/login";

both!(
    signing_in_gives_cookies_and_to_programs_tokens,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        app.user("ada@example.com").await;
        let client = app.visitor().await;

        let answer = client
            .post_json(LOGIN, &json!({ "email": " ADA@example.com", "password": PASSWORD }))
            .await;

        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.body.ends_with(b"\n"));
        let body = answer.json();
        assert_eq!(body["user"]["email"], "ada@example.com");
        assert_eq!(body["user"]["disabled"], false);
        assert!(body["user"]["created_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(body["user"].as_object().unwrap().len(), 5);
        assert_eq!(body["access_token"], client.cookie("authara_access"));
        assert_eq!(body["refresh_token"], client.cookie("authara_refresh"));
        assert_eq!(
            answer.set_cookies(),
            ["authara_access", "authara_csrf", "authara_device", "authara_refresh"]
        );
        let line = answer.cookie_line("authara_refresh");
        assert!(
            line.contains("; Path=/; Max-Age=1209600; Expires=") && line.ends_with("SameSite=Lax; HttpOnly"),
            "{line}"
        );
        assert!(answer.cookie_line("authara_access").contains("; Max-Age=600; "));
        assert!(!answer.cookie_line("authara_csrf").contains("HttpOnly"));
    }
);

both!(r050_a_browser_gets_no_tokens_in_the_body, async |db: &Database| {
    let app = TestApp::start(db).await;
    app.user("ada@example.com").await;
    let client = app.visitor().await;

    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let call = client
        .call(Method::POST, LOGIN)
        .json(&body)
        .header("sec-fetch-site", "same-origin");
    let answer = call.send().await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        (&answer.json()["access_token"], &answer.json()["refresh_token"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(client.get("/auth/api/v1/user").await.status, 200);
});

both!(unless_the_operator_wants_it_so, async |db: &Database| {
    let app = TestApp::with(db, |config| config.json_tokens_always = true).await;
    app.user("ada@example.com").await;
    let client = app.visitor().await;

    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let call = client
        .call(Method::POST, LOGIN)
        .json(&body)
        .header("sec-fetch-site", "same-origin");

    assert_ne!(call.send().await.json()["access_token"], "");
});

both!(a_wrong_pair_is_refused_without_a_trace_of_why, async |db: &Database| {
    let app = TestApp::start(db).await;
    app.user("ada@example.com").await;
    let client = app.visitor().await;

    let unknown = client
        .post_json(LOGIN, &json!({ "email": "bob@example.com", "password": PASSWORD }))
        .await;
    let wrong = client
        .post_json(
            LOGIN,
            &json!({ "email": "ada@example.com", "password": "wrong password" }),
        )
        .await;

    assert_eq!(unknown.refusal(), (401, "unauthorized".into()));
    assert_eq!(unknown.body, wrong.body);
    assert!(wrong.set_cookies().is_empty());
    let names =
        |answer: &crate::kit::client::Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&unknown), names(&wrong));
});

both!(the_body_is_judged_before_the_csrf_proof, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.with_cookies(&[("authara_csrf", "not ours")]);

    for body in [
        r#"{"email":"a@b.c"}"#,
        r#"{"email":"","password":"x"}"#,
        r#"{"email":"  ","password":"x"}"#,
        r#"{"email":"a@b.c","password":""}"#,
        r#"{"email":"a@b.c","password":"x","role":"admin"}"#,
        r#"{"email":"a@b.c","password":"x","password":"y"}"#,
        r#"{"email":["a@b.c"],"password":"x"}"#,
        r#"["a@b.c","x"]"#,
        "",
    ] {
        let call = client.call(Method::POST, LOGIN).body("application/json", body);
        assert_eq!(call.send().await.refusal(), (400, "invalid_request".into()), "{body}");
    }
    let good = r#"{"email":"a@b.c","password":"x"}"#;
    let call = client.call(Method::POST, LOGIN).body("text/plain", good);
    assert_eq!(call.send().await.status, 400);
    let call = client
        .call(Method::POST, LOGIN)
        .body("application/json; charset=utf-8", good);
    assert_eq!(call.send().await.status, 403);
});

both!(the_audience_is_judged_before_the_csrf_proof, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.with_cookies(&[("authara_csrf", "not ours")]);
    let body = json!({ "email": "a@b.c", "password": "x" });

    for (query, status) in [
        ("?audience=root", 400),
        ("?audience=", 400),
        ("?audience=app&audience=admin", 400),
        ("?audience=admin", 403),
        ("?unknown=1", 403),
    ] {
        let answer = client.post_json(&format!("{LOGIN}{query}"), &body).await;
        assert_eq!(answer.status, status, "{query}");
    }
});

both!(
    the_admin_audience_is_for_those_with_a_platform_role,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        app.user("ada@example.com").await;
        let client = app.visitor().await;

        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        let answer = client.post_json(&format!("{LOGIN}?audience=admin"), &body).await;

        assert_eq!(answer.refusal(), (403, "forbidden".into()));
        assert!(client.cookie("authara_access").is_empty());
    }
);
