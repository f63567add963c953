//! What was ended is over at once, on every instance and by every command: nothing is cached.

use authara::domain::{PlatformRole, Secret, UserId};
use authara::flows::accounts;
use hyper::Method;
use serde_json::json;

use super::{ADA, LOGIN, LOGOUT, REFRESH, SET_PASSWORD, TOKENS, USER, credentials, session_of};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::Client;
use crate::kit::database::{Database, both};
use crate::kit::world::operator;

/// Two servers on one database, and a caller known to both.
struct Pair {
    here: TestApp,
    there: TestApp,
    client: Client,
    user: UserId,
}

impl Pair {
    async fn on(db: &Database) -> Self {
        let here = TestApp::start(db).await;
        let there = TestApp::start(db).await;
        let client = here.user(ADA).await;
        let twin = there.twin(&client);
        // Both have seen the token, and would remember whatever they remember.
        for client in [&client, &twin] {
            assert_eq!(client.get(USER).await.status, 200);
        }
        let user = client.get(USER).await.json()["id"].as_str().unwrap().parse().unwrap();
        Self {
            here,
            there,
            client,
            user,
        }
    }

    /// Every way in which the other instance could still honour these cookies.
    async fn is_over_there(&self, cookies: &Client) {
        let twin = || self.there.twin(cookies);
        assert_eq!(twin().get(USER).await.status, 401);
        let bearer = format!("Bearer {}", cookies.cookie("authara_access"));
        let by_bearer = self.there.client();
        let call = by_bearer.call(Method::GET, USER).header("authorization", &bearer);
        assert_eq!(call.send().await.status, 401);
        assert_eq!(twin().get("/auth/account").await.status, 303);
        assert_eq!(twin().post(REFRESH).await.status, 401);
        let body = json!({ "refresh_token": cookies.cookie("authara_refresh") });
        assert_eq!(self.there.client().post_json(TOKENS, &body).await.status, 401);
    }
}

both!(r037_a_sign_out_is_felt_at_once_everywhere, async |db: &Database| {
    let pair = Pair::on(db).await;
    let cookies = pair.here.twin(&pair.client);

    assert_eq!(pair.client.post(LOGOUT).await.status, 204);

    pair.is_over_there(&cookies).await;
    assert_eq!(pair.here.twin(&cookies).get(USER).await.status, 401);
});

both!(
    r011_a_password_change_ends_the_other_sessions_everywhere,
    async |db: &Database| {
        let pair = Pair::on(db).await;
        let others = [pair.here.visitor().await, pair.there.visitor().await];
        for other in &others {
            assert_eq!(other.post_json(LOGIN, &credentials(ADA)).await.status, 200);
        }

        let body = json!({ "password": "another good password", "current_password": PASSWORD });
        assert_eq!(pair.client.put_json(SET_PASSWORD, &body).await.status, 204);

        for other in &others {
            pair.is_over_there(other).await;
        }
        assert_eq!(pair.there.twin(&pair.client).get(USER).await.status, 200);
    }
);

both!(
    r026_what_an_operator_does_is_felt_at_once_by_running_servers,
    async |db: &Database| {
        let pair = Pair::on(db).await;
        // As a command does it: a program of its own on the same database.
        let command = TestApp::start(db).await.app.clone();
        let again = async || {
            let client = pair.here.visitor().await;
            assert_eq!(client.post_json(LOGIN, &credentials(ADA)).await.status, 200);
            client
        };

        accounts::end_sessions(&command, &operator(&command), pair.user, None)
            .await
            .unwrap();
        pair.is_over_there(&pair.client).await;

        let client = again().await;
        let session = session_of(&client);
        accounts::end_sessions(&command, &operator(&command), pair.user, Some(session))
            .await
            .unwrap();
        pair.is_over_there(&client).await;

        accounts::grant(&command, &operator(&command), pair.user, PlatformRole::Operator)
            .await
            .unwrap();
        let client = again().await;
        assert_eq!(client.get(USER).await.json()["roles"], json!(["authara:operator"]));
        accounts::revoke(&command, &operator(&command), pair.user, PlatformRole::Operator)
            .await
            .unwrap();
        pair.is_over_there(&client).await;

        let client = again().await;
        let password = Secret::new("another long password");
        accounts::set_password(&command, &operator(&command), pair.user, password)
            .await
            .unwrap();
        pair.is_over_there(&client).await;

        let client = pair.here.visitor().await;
        let body = json!({ "email": ADA, "password": "another long password" });
        assert_eq!(client.post_json(LOGIN, &body).await.status, 200);
        accounts::disable(&command, &operator(&command), pair.user)
            .await
            .unwrap();
        pair.is_over_there(&client).await;
    }
);

both!(
    r047_a_role_is_read_from_the_database_and_not_from_the_token,
    async |db: &Database| {
        let pair = Pair::on(db).await;
        let roles = async |app: &TestApp| app.twin(&pair.client).get(USER).await.json()["roles"].clone();

        accounts::grant(
            &pair.here.app,
            &operator(&pair.here.app),
            pair.user,
            PlatformRole::Operator,
        )
        .await
        .unwrap();
        assert_eq!(roles(&pair.there).await, json!(["authara:operator"]));
    }
);
