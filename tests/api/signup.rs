//! `/auth/api/v1/signup/direct`.

use authara::config::SignUp;
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

both!(
    where_nobody_may_sign_up_known_and_unknown_addresses_get_one_answer,
    async |db: &Database| {
        for mode in [SignUp::Closed, SignUp::Invitation] {
            let app = TestApp::with(db, |config| config.accounts.sign_up = mode).await;
            let coded = TestApp::with(db, |config| {
                config.accounts.sign_up = mode;
                config.challenges.at_sign_up = true;
            })
            .await;
            let open = TestApp::start(db).await;
            open.user("ada@example.com").await;

            let mut answers = Vec::new();
            for (app, path) in [(&app, SIGN_UP), (&coded, "/auth/api/v1/signup/challenges")] {
                for email in ["ada@example.com", "bob@example.com"] {
                    for body in [
                        json!({ "email": email, "password": PASSWORD }),
                        json!({ "email": email, "password": PASSWORD, "invitation_code": "x" }),
                    ] {
                        let answer = app.visitor().await.post_json(path, &body).await;
                        assert_eq!(answer.refusal(), (403, "forbidden".into()), "{path}");
                        answers.push(answer.text());
                    }
                }
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{answers:?}");
            db.tamper("DELETE FROM users").await;
        }
    }
);

both!(
    a_program_is_told_that_an_account_waits_for_approval,
    async |db: &Database| {
        let app = TestApp::with(db, |config| config.accounts.sign_up = SignUp::Approval).await;
        let client = app.visitor().await;
        let body = json!({ "email": "ada@example.com", "password": PASSWORD });

        for path in [SIGN_UP, "/auth/api/v1/login"] {
            let answer = client.post_json(path, &body).await;
            assert_eq!(answer.refusal(), (403, "forbidden".into()), "{path}");
            assert!(answer.text().contains("waits for approval"), "{}", answer.text());
            assert!(client.cookie("authara_access").is_empty());
        }
    }
);
