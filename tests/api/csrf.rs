//! `/auth/api/v1/csrf`, and what the value is asked for.

use hyper::Method;
use serde_json::json;

use crate::kit::app::PASSWORD;
use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

const LOGIN: &str = "/auth/api/v1/login";

both!(
    a_browser_without_a_value_gets_one_and_keeps_it,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.client();

        let first = client.get("/auth/api/v1/csrf").await;
        let second = client.get("/auth/api/v1/csrf").await;

        assert_eq!(first.json()["csrf_token"], client.cookie("authara_csrf"));
        assert_eq!(client.cookie("authara_csrf").len(), 43);
        assert_eq!(first.set_cookies(), ["authara_csrf"]);
        assert!(first.cookie_line("authara_csrf").contains("Max-Age=2592000"));
        assert_eq!(second.json(), first.json());
        assert!(second.set_cookies().is_empty());
    }
);

both!(a_foreign_value_is_replaced, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.with_cookies(&[("authara_csrf", &"a".repeat(43))]);

    let answer = client.get("/auth/api/v1/csrf").await;

    assert_ne!(answer.json()["csrf_token"], "a".repeat(43));
    assert_eq!(answer.set_cookies(), ["authara_csrf"]);
});

both!(
    r057_only_a_value_of_ours_in_cookie_and_header_is_a_proof,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.visitor().await;
        let body = json!({ "email": "a@example.com", "password": "wrong password" });
        let foreign = "a".repeat(43);

        let login = || client.call(Method::POST, LOGIN).json(&body);
        assert_eq!(login().send().await.refusal(), (401, "unauthorized".into()));

        let forbidden = (403, "forbidden".into());
        assert_eq!(login().without("x-csrf-token").send().await.refusal(), forbidden);
        assert_eq!(login().header("x-csrf-token", "").send().await.refusal(), forbidden);
        assert_eq!(
            login().header("x-csrf-token", &foreign).send().await.refusal(),
            forbidden
        );
        let query = format!("{LOGIN}?csrf_token={}", client.cookie("authara_csrf"));
        let in_query = client.call(Method::POST, &query).json(&body).without("x-csrf-token");
        assert_eq!(in_query.send().await.refusal(), forbidden);

        let planted = app.with_cookies(&[("authara_csrf", &foreign)]);
        assert_eq!(planted.post_json(LOGIN, &body).await.refusal(), forbidden);
    }
);

both!(
    a_program_without_cookies_signs_in_without_the_value_and_no_other_site_does,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        app.user("ada@example.com").await;
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });
        let login = async |lines: &[(&'static str, &str)]| {
            let client = app.client();
            let call = client.call(Method::POST, LOGIN).json(&body).without("x-csrf-token");
            let mut call = call;
            for (name, value) in lines {
                call = call.line(name, *value);
            }
            call.send().await.status
        };
        let own = app.app.config.public_url.origin.clone();

        assert_eq!(login(&[]).await, 200);
        assert_eq!(login(&[("cookie", "of_the_application=1")]).await, 200);
        assert_eq!(login(&[("origin", &own), ("sec-fetch-site", "same-origin")]).await, 200);
        // With a cookie of ours as before, whichever it is, and however often it came.
        for cookie in authara::http::cookies::ALL {
            let name = cookie.name();
            for value in [format!("{name}=x"), format!("{name}=x; {name}=y")] {
                assert_eq!(login(&[("cookie", &value)]).await, 403, "{value}");
            }
        }
        for foreign in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
        ] {
            assert_eq!(login(&[foreign]).await, 403, "{foreign:?}");
        }
        let new = json!({ "email": "new@example.com", "password": PASSWORD });
        let client = app.client();
        let signed_up = client.call(Method::POST, "/auth/api/v1/signup/direct").json(&new);
        assert_eq!(signed_up.without("x-csrf-token").send().await.status, 201);
        let refreshed = app
            .client()
            .call(Method::POST, "/auth/api/v1/sessions/refresh")
            .send()
            .await;
        assert_eq!(refreshed.refusal(), (401, "unauthorized".into()));
    }
);

both!(
    a_hidden_origin_is_taken_with_the_value_and_the_browsers_word_and_only_then,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.visitor().await;
        let body = json!({ "email": "a@example.com", "password": "wrong password" });
        let login = async |site: Option<&str>, with_value: bool| {
            let call = client.call(Method::POST, LOGIN).json(&body).header("origin", "null");
            let call = site
                .into_iter()
                .fold(call, |call, site| call.header("sec-fetch-site", site));
            let call = if with_value { call } else { call.without("x-csrf-token") };
            call.send().await.status
        };

        assert_eq!(login(Some("same-origin"), true).await, 401);
        assert_eq!(login(Some("same-origin"), false).await, 403);
        for site in [None, Some("none"), Some("same-site"), Some("cross-site"), Some("")] {
            assert_eq!(login(site, true).await, 403, "{site:?}");
        }
    }
);

both!(r058_another_site_cannot_send_it, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;
    let body = json!({ "email": "a@example.com", "password": "wrong password" });
    let status = async |name, value: &str| {
        let call = client.call(Method::POST, LOGIN).json(&body).header(name, value);
        call.send().await.status
    };

    let own = app.app.config.public_url.origin.clone();
    assert_eq!(status("origin", &own).await, 401);
    assert_eq!(status("sec-fetch-site", "same-origin").await, 401);
    assert_eq!(status("sec-fetch-site", "none").await, 401);
    for origin in [
        "null",
        "https://evil.example",
        &format!("{own}.evil.example"),
        &format!("{own}0"),
        "",
    ] {
        assert_eq!(status("origin", origin).await, 403, "{origin}");
    }
    for site in ["cross-site", "same-site", "", "Same-Origin"] {
        assert_eq!(status("sec-fetch-site", site).await, 403, "{site}");
    }
});

both!(
    r060_a_bearer_token_does_not_open_sign_in_to_other_sites,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.client();
        client.get("/auth/login").await;

        let body = json!({ "email": "a@example.com", "password": "x" });
        let call = client
            .call(Method::POST, LOGIN)
            .json(&body)
            .without("x-csrf-token")
            .header("authorization", "Bearer x");

        assert_eq!(call.send().await.refusal(), (403, "forbidden".into()));
    }
);

both!(
    a_browser_that_keeps_no_cookies_is_told_to_allow_them,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let browser = app.visitor().await;
        let csrf = browser.cookie("authara_csrf");
        let without_cookies = app.client();

        let fields = [
            ("csrf_token", csrf.as_str()),
            ("email", "ada@example.com"),
            ("password", PASSWORD),
        ];
        let submitted = without_cookies.call(Method::POST, "/auth/login").form(&fields);
        let page = submitted.header("sec-fetch-site", "same-origin").send().await;

        assert_eq!(page.status, 403);
        assert!(page.text().contains("Allow cookies for this site"), "{}", page.text());
        assert!(!page.text().contains("came from another site"));
    }
);
