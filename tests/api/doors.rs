//! How a page lets people in: by access token, silently by refresh token, or by way of the sign-in page.

use std::time::Duration;

use hyper::Method;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

const ACCOUNT: &str = "/auth/account";

both!(
    an_expired_access_token_is_refreshed_in_passing,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;
        let before = client.cookie("authara_access");
        app.clock.advance(Duration::from_mins(11));

        let answer = client.get(ACCOUNT).await;

        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.set_cookies(),
            ["authara_access", "authara_csrf", "authara_refresh"]
        );
        assert_ne!(client.cookie("authara_access"), before);
        assert!(client.get(ACCOUNT).await.set_cookies().is_empty());
    }
);

both!(a_stranger_signs_in_first_and_comes_back, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;

    let page = client.get("/auth/account?tab=a&x=%2F").await;
    assert_eq!(page.status, 303);
    assert_eq!(
        page.header("location"),
        "/auth/login?return_to=%2Fauth%2Faccount%3Ftab%3Da%26x%3D%252F"
    );

    let form = client
        .call(Method::POST, "/auth/sessions/revoke-other")
        .form(&[])
        .send()
        .await;
    assert_eq!(form.header("location"), "/auth/login?return_to=%2Fauth%2Faccount");

    let part = client
        .call(Method::GET, ACCOUNT)
        .header("hx-request", "true")
        .send()
        .await;
    assert_eq!((part.status, part.header("location")), (200, ""));
    assert_eq!(part.header("hx-redirect"), "/auth/login?return_to=%2Fauth%2Faccount");
});

both!(a_refused_refresh_token_is_taken_away, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.with_cookies(&[("authara_refresh", &"a".repeat(43))]);

    let answer = client.get(ACCOUNT).await;

    assert_eq!(answer.status, 303);
    assert_eq!(answer.set_cookies(), ["authara_access", "authara_refresh"]);
});

both!(a_page_takes_no_bearer_token, async |db: &Database| {
    let app = TestApp::start(db).await;
    let bearer = format!("Bearer {}", app.user("ada@example.com").await.cookie("authara_access"));

    let answer = app
        .client()
        .call(Method::GET, ACCOUNT)
        .header("authorization", &bearer)
        .send()
        .await;

    assert_eq!(answer.status, 303);
});

both!(a_form_proves_itself_by_its_field, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;
    let post = || {
        client
            .call(Method::POST, "/auth/sessions/revoke-other")
            .without("x-csrf-token")
    };

    let csrf = client.cookie("authara_csrf");
    assert_eq!(post().form(&[("csrf_token", &csrf)]).send().await.status, 303);
    assert_eq!(post().form(&[("csrf_token", "")]).send().await.status, 403);
    assert_eq!(
        post()
            .form(&[("csrf_token", &csrf), ("csrf_token", &csrf)])
            .send()
            .await
            .status,
        400
    );
    let json = post().body("application/json", format!("{{\"csrf_token\":\"{csrf}\"}}"));
    assert_eq!(json.send().await.status, 400);
});

both!(a_form_beyond_the_limit_is_too_large, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;

    let big = "x".repeat(2 << 20);
    let answer = client
        .call(Method::POST, "/auth/login")
        .form(&[("email", &big)])
        .send()
        .await;

    assert_eq!(answer.status, 413);
});

both!(
    an_id_in_the_path_that_is_none_is_a_bad_request,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user("ada@example.com").await;

        let csrf = client.cookie("authara_csrf");
        let call = client
            .call(Method::POST, "/auth/sessions/not-an-id/revoke")
            .form(&[("csrf_token", &csrf)]);

        assert_eq!(call.send().await.status, 400);
    }
);
