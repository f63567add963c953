//! Limits as clients see them: 429 with `Retry-After`, and a cookie by which a browser is known again.

use std::time::Duration;

use authara::config::Config;
use authara::domain::limit::{Budget, Limit};
use hyper::Method;
use serde_json::json;

use super::{ADA, LOGIN, REFRESH, credentials};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both, on_postgres};

fn strict(config: &mut Config) {
    config.limits.set(
        Limit::LoginAddress,
        Budget {
            limit: 5,
            window: Duration::from_mins(1),
        },
    );
}

fn strict_with_accounts(config: &mut Config) {
    config.limits.set(
        Limit::LoginAccount,
        Budget {
            limit: 2,
            window: Duration::from_hours(1),
        },
    );
}

async fn guess(client: &Client) -> Answer {
    let body = json!({ "email": ADA, "password": "not her password" });
    client.post_json(LOGIN, &body).await
}

async fn guess_on_the_page(client: &Client) -> Answer {
    let csrf = client.cookie("authara_csrf");
    let call = client.call(Method::POST, "/auth/login").form(&[
        ("csrf_token", &csrf),
        ("email", ADA),
        ("password", "not her password"),
    ]);
    call.send().await
}

both!(
    r121_pages_and_the_api_share_one_limit_and_say_when_to_come_back,
    async |db: &Database| {
        let app = TestApp::with(db, strict).await;
        app.user(ADA).await;
        let client = app.visitor().await;
        for number in 0..5 {
            if number % 2 == 0 {
                assert_eq!(guess(&client).await.status, 401);
            } else {
                assert_eq!(guess_on_the_page(&client).await.status, 422);
            }
        }
        app.clock.advance(Duration::from_secs(20));

        let refused = client.post_json(LOGIN, &credentials(ADA)).await;
        assert_eq!(refused.refusal(), (429, "rate_limited".to_owned()));
        assert_eq!(refused.header("retry-after"), "40");
        assert_eq!(refused.header("cache-control"), "no-store");
        assert!(refused.set_cookies().is_empty());

        let page = guess_on_the_page(&client).await;
        assert_eq!((page.status, page.header("retry-after")), (429, "40"));
        assert!(
            page.text()
                .contains("Too many attempts. Please try again in 40 seconds.")
        );
        assert!(page.text().contains(ADA), "what was typed stays");
    }
);

both!(
    r119_the_cookie_of_a_known_browser_keeps_the_door_open_for_it_alone,
    async |db: &Database| {
        let app = TestApp::with(db, strict_with_accounts).await;
        let owner = app.user(ADA).await;
        let line = owner
            .post_json(LOGIN, &credentials(ADA))
            .await
            .cookie_line("authara_device");
        assert!(
            line.contains("; Max-Age=31536000; ") && line.ends_with("SameSite=Lax; HttpOnly"),
            "{line}"
        );
        assert!(!line.contains(ADA) && !line.contains(PASSWORD));

        let stranger = app.visitor().await;
        for _ in 0..2 {
            assert_eq!(guess(&stranger).await.status, 401);
        }
        assert_eq!(stranger.post_json(LOGIN, &credentials(ADA)).await.status, 429);
        assert_eq!(owner.post_json(LOGIN, &credentials(ADA)).await.status, 200);

        let device = owner.cookie("authara_device");
        let forged = [
            device.to_lowercase(),
            format!("{device}A"),
            device[..device.len() - 1].to_owned(),
            owner.cookie("authara_csrf"),
            owner.cookie("authara_refresh"),
        ];
        for value in forged {
            stranger.jar().insert("authara_device".to_owned(), value.clone());
            assert_eq!(
                stranger.post_json(LOGIN, &credentials(ADA)).await.status,
                429,
                "{value}"
            );
        }
        stranger.jar().insert("authara_device".to_owned(), device);
        assert_eq!(stranger.post_json(LOGIN, &credentials(ADA)).await.status, 200);
    }
);

both!(
    a_browser_that_proved_the_password_is_known_whatever_it_was_proved_for,
    async |db: &Database| {
        const NEW: &str = "a new and better password";

        let app = TestApp::with(db, strict_with_accounts).await;
        let owner = app.user(ADA).await;
        let body = json!({ "password": NEW, "current_password": PASSWORD });
        let changed = owner.put_json("/auth/api/v1/users/password", &body).await;
        assert_eq!(changed.status, 204);
        let stranger = app.visitor().await;
        for _ in 0..3 {
            guess(&stranger).await;
        }

        let now = json!({ "email": ADA, "password": NEW });
        assert_eq!(stranger.post_json(LOGIN, &now).await.status, 429);
        assert_eq!(owner.post_json(LOGIN, &now).await.status, 200);

        // A browser that is signed in, and has lost that cookie.
        owner.jar().remove("authara_device");
        let csrf = owner.cookie("authara_csrf");
        let form = [("csrf_token", csrf.as_str()), ("password", NEW)];
        let confirmed = owner
            .call(Method::POST, "/auth/reauthenticate")
            .form(&form)
            .send()
            .await;
        assert_eq!(confirmed.status, 303);
        assert_eq!(owner.post_json(LOGIN, &now).await.status, 200);
    }
);

both!(signing_out_does_not_make_a_browser_a_stranger, async |db: &Database| {
    let app = TestApp::with(db, strict_with_accounts).await;
    let owner = app.user(ADA).await;
    assert_eq!(owner.post("/auth/api/v1/sessions/logout").await.status, 204);
    let stranger = app.visitor().await;
    for _ in 0..3 {
        guess(&stranger).await;
    }

    assert_eq!(owner.post_json(LOGIN, &credentials(ADA)).await.status, 200);
});

both!(one_address_refreshes_for_as_many_as_it_likes, async |db: &Database| {
    let app = TestApp::with(db, strict).await;
    let clients = [app.user(ADA).await, app.user("bob@example.com").await];
    for _ in 0..40 {
        for client in &clients {
            assert_eq!(client.post(REFRESH).await.status, 200);
        }
    }
});

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_budget_that_cannot_be_read_is_503_and_not_429() {
    on_postgres(async |db: &Database| {
        let app = TestApp::with(db, strict_with_accounts).await;
        app.user(ADA).await;
        let client = app.visitor().await;

        db.tamper("ALTER TABLE budgets RENAME TO away").await;
        let broken = guess(&client).await;
        db.refuse_connections(true).await;
        let away = guess(&client).await;
        db.refuse_connections(false).await;
        db.tamper("ALTER TABLE away RENAME TO budgets").await;

        assert_eq!(broken.status, 500, "{}", broken.text());
        assert_eq!(away.refusal(), (503, "service_unavailable".to_owned()));
        assert_eq!(away.header("retry-after"), "2");
        assert_eq!(client.post_json(LOGIN, &credentials(ADA)).await.status, 200);
    })
    .await;
}
