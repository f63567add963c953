//! `/auth/api/v1/organizations*` and `/auth/api/v1/capabilities`.

use serde_json::json;

use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

both!(a_new_account_has_one_organization, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;

    let all = client.get("/auth/api/v1/organizations").await.json();
    let current = client.get("/auth/api/v1/organizations/current").await.json();

    assert_eq!(all["organizations"], json!([current]));
    assert_eq!(current["role"], "owner");
    assert_eq!(current.as_object().unwrap().len(), 3);
});

both!(capabilities_follow_the_mode, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user("ada@example.com").await;

    let body = client.get("/auth/api/v1/capabilities").await.json();

    assert_eq!(body["organization_mode"], "single");
    assert_eq!(body["allows_org_switching"], false);
    assert_eq!(body.as_object().unwrap().len(), 7);
});

both!(strangers_see_neither, async |db: &Database| {
    let app = TestApp::start(db).await;

    for path in ["organizations", "organizations/current", "capabilities"] {
        let answer = app.client().get(&format!("/auth/api/v1/{path}")).await;
        assert_eq!(answer.refusal(), (401, "unauthorized".into()), "{path}");
    }
});
