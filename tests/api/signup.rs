//! `/auth/api/v1/signup/direct`.

use serde_json::json;

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};

const SIGN_UP: &str = "/auth/api/v1/signup/direct";

both!(signing_up_opens_an_account_and_a_session, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;

    let answer = client
        .post_json(SIGN_UP, &json!({ "email": "Ada@Example.com", "password": PASSWORD }))
        .await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.json()["user"]["email"], "ada@example.com");
    assert_eq!(client.get("/auth/api/v1/user").await.status, 200);
});

both!(what_cannot_be_an_account_is_refused, async |db: &Database| {
    let app = TestApp::start(db).await;
    app.user("ada@example.com").await;
    let client = app.visitor().await;

    for body in [
        json!({ "email": "ada@example.com", "password": PASSWORD }),
        json!({ "email": "Ada <bob@example.com>", "password": PASSWORD }),
        json!({ "email": "bob@example.com", "password": "short" }),
        json!({ "email": "bob@example.com", "password": "x".repeat(129) }),
        json!({ "email": "bob@example.com", "password": "nul\0nul\0nul" }),
        json!({ "email": "bob@example.com", "password": "bob@example.com" }),
        json!({ "email": "bob@example.com", "password": PASSWORD, "invitation_code": "x" }),
        json!({ "email": "bob@example.com", "password": PASSWORD, "invitation_code": null }),
        json!({ "email": "bob@example.com", "password": PASSWORD, "email_verified": true }),
    ] {
        let answer = client.post_json(SIGN_UP, &body).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into()), "{body}");
        assert!(answer.set_cookies().is_empty());
    }
});

both!(nobody_signs_up_for_the_admin_audience, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;

    let body = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = client.post_json(&format!("{SIGN_UP}?audience=admin"), &body).await;

    assert_eq!(answer.refusal(), (400, "invalid_request".into()));
});
