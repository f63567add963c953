//! What an operator does at the command line is noticed by the servers that run, within two seconds.

use std::time::{Duration, Instant};

use crate::kit::database::{Database, both};
use crate::kit::log;
use crate::live::{self, Client, Deployment, get};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "a password nobody guesses";
const BOUND: Duration = Duration::from_secs(2);

/// A server in a process of its own, and somebody who is signed in.
struct Desk {
    deployment: Deployment,
    _server: live::Server,
}

impl Desk {
    async fn on(db: &Database, name: &str) -> Self {
        log::secret(PASSWORD);
        let kind = if db.is_sqlite() { "sqlite" } else { "postgres" };
        let mut deployment = Deployment::on(
            env!("CARGO_BIN_EXE_authara"),
            &std::env::temp_dir(),
            &format!("{name}-{kind}"),
            db.url(),
        );
        deployment.log = Some(log::file());
        let (server, _) = deployment.start().await;
        Self {
            deployment,
            _server: server,
        }
    }

    /// An access token of a new session.
    async fn token(&self) -> String {
        let mut client = Client::connect(self.deployment.address).await.unwrap();
        let csrf = live::csrf(&mut client).await.unwrap();
        let sign_up = live::sign_up(&csrf, EMAIL, PASSWORD);
        if let (201, body) = live::when_not_busy(&mut client, &sign_up).await.unwrap() {
            return live::text_in(&body, "access_token");
        }
        let body = serde_json::json!({ "email": EMAIL, "password": PASSWORD });
        let sign_in = live::post("/auth/api/v1/login", &csrf, &body);
        let (status, body) = live::when_not_busy(&mut client, &sign_in).await.unwrap();
        assert_eq!(status, 200);
        live::text_in(&body, "access_token")
    }

    async fn status(&self, token: &str) -> u16 {
        let mut client = Client::connect(self.deployment.address).await.unwrap();
        let line = format!("authorization: Bearer {token}\r\n");
        client.send(&get("/auth/api/v1/user", &line)).await.unwrap().0
    }

    /// Runs a command, and says how long afterwards the token is still accepted.
    async fn felt_after(&self, arguments: &[&str], token: &str) -> Duration {
        assert_eq!(self.status(token).await, 200);
        let output = self.deployment.command(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}");
        let done = Instant::now();
        while self.status(token).await != 401 {
            assert!(
                done.elapsed() < Duration::from_secs(20),
                "{arguments:?} is never noticed"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        done.elapsed()
    }
}

both!(a_running_server_notices_every_command, async |db: &Database| {
    let desk = Desk::on(db, "noticed").await;

    let token = desk.token().await;
    let after = desk
        .felt_after(&["user", "sessions", EMAIL, "--end-all", "--yes"], &token)
        .await;
    assert!(after < BOUND, "{after:?}");

    let token = desk.token().await;
    let after = desk.felt_after(&["key", "rotate", "--now", "--yes"], &token).await;
    assert!(after < BOUND, "{after:?}");

    let token = desk.token().await;
    let after = desk.felt_after(&["user", "disable", EMAIL, "--yes"], &token).await;
    assert!(after < BOUND, "{after:?}");
});
