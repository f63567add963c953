//! `/auth/api/v1/login`.

use authara::domain::limit::{Budget, Limit};
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
        assert_eq!(body["user"]["email_verified"], false);
        assert_eq!(body["user"].as_object().unwrap().len(), 6);
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

both!(
    a_person_signs_in_with_their_username_where_that_is_on,
    async |db: &Database| {
        let app = TestApp::with(db, |config| config.username_login = true).await;
        let ada = app.user("ada@example.com").await;
        let name = ada.get("/auth/api/v1/user").await.json()["username"]
            .as_str()
            .unwrap()
            .to_owned();
        let client = app.visitor().await;
        let sign_in = async |identifier: &str| {
            let body = json!({ "identifier": identifier, "password": PASSWORD });
            client.post_json(LOGIN, &body).await.status
        };

        for identifier in [&name, &name.to_uppercase(), &format!(" {name} "), "ADA@example.com"] {
            assert_eq!(sign_in(identifier).await, 200, "{identifier}");
        }
        for identifier in ["nobody-at-all", "a", "ada@example.org"] {
            assert_eq!(sign_in(identifier).await, 401, "{identifier}");
        }
    }
);

both!(
    x13_an_account_has_one_budget_whatever_was_typed,
    async |db: &Database| {
        let budget = Budget {
            limit: 10,
            window: std::time::Duration::from_hours(1),
        };
        let app = TestApp::with(db, |config| {
            config.username_login = true;
            config.limits.set(Limit::LoginAccount, budget);
        })
        .await;
        let ada = app.user("ada@example.com").await;
        let name = ada.get("/auth/api/v1/user").await.json()["username"]
            .as_str()
            .unwrap()
            .to_owned();
        for known in [[name.as_str(), "ada@example.com"], ["nobody-at-all", "NOBODY-at-all"]] {
            let mut statuses = Vec::new();
            for number in 0..11 {
                let client = app.client();
                let body = json!({ "identifier": known[number % 2], "password": "a wrong password" });
                statuses.push(client.post_json(LOGIN, &body).await.status);
                // The network has a budget of its own, which is not meant.
                app.clock.advance(std::time::Duration::from_secs(61));
            }
            assert_eq!(statuses[..10], [401; 10], "{known:?}");
            assert_eq!(statuses[10], 429, "{known:?}");
        }
    }
);

both!(by_default_a_username_signs_nobody_in, async |db: &Database| {
    let app = TestApp::start(db).await;
    let ada = app.user("ada@example.com").await;
    let name = ada.get("/auth/api/v1/user").await.json()["username"].clone();
    let client = app.visitor().await;

    let body = json!({ "identifier": name, "password": PASSWORD });
    assert_eq!(client.post_json(LOGIN, &body).await.status, 401);
    for body in [
        json!({ "password": PASSWORD }),
        json!({ "identifier": "ada@example.com", "email": "ada@example.com", "password": PASSWORD }),
        json!({ "identifier": "", "password": PASSWORD }),
    ] {
        assert_eq!(
            client.post_json(LOGIN, &body).await.refusal(),
            (400, "invalid_request".into()),
            "{body}"
        );
    }
});
