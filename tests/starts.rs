//! Programs that start at the same time on a database that is new, and a server under another algorithm of tokens.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use crate::kit::database::{Database, Folder};
use crate::kit::log;
use crate::live::{self, Client, Deployment, Server, get};

const BINARY: &str = env!("CARGO_BIN_EXE_authara");
const ROUNDS: usize = 20;
const AT_ONCE: usize = 10;
const PASSWORD: &str = "a password nobody guesses";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_migrations_and_ten_servers_at_once_make_one_file() {
    for _ in 0..ROUNDS {
        all_at_once(&Database::empty_sqlite().await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_migrations_and_ten_servers_at_once_make_one_database() {
    for _ in 0..ROUNDS {
        let Some(db) = Database::empty_postgres().await else {
            return;
        };
        all_at_once(&db).await;
        db.remove().await;
    }
}

async fn all_at_once(db: &Database) {
    let folder = Folder::new();
    let migrations: Vec<Child> = (0..AT_ONCE)
        .map(|_| {
            let mut command = program(db, &folder.0, &["migrate", "up"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for migration in migrations {
        let output = migration.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    let sockets: Vec<_> = (0..AT_ONCE)
        .map(|number| folder.0.join(format!("{number}.sock")))
        .collect();
    let mut servers: Vec<Server> = sockets
        .iter()
        .map(|socket| {
            let mut command = program(db, &folder.0, &["serve"]);
            command.env("AUTHARA_LISTEN", format!("unix:{}", socket.display()));
            Server(command.stdout(Stdio::null()).stderr(log::file()).spawn().unwrap())
        })
        .collect();
    for (server, socket) in servers.iter_mut().zip(&sockets) {
        let begun = Instant::now();
        while !is_ready(socket).await {
            assert_eq!(server.0.try_wait().unwrap(), None, "a server ended");
            assert!(begun.elapsed() < Duration::from_mins(5), "a server does not get ready");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    assert_eq!(db.store.read().await.unwrap().keys().all().await.unwrap().len(), 1);
}

fn program(db: &Database, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("DATABASE_URL", db.url())
        .env("PUBLIC_URL", "http://localhost")
        .env("AUTHARA_SECRET_KEY", "/3BBt1ryyTtQHBsL3+uoobHu+FwGBP+Z6mRS/NubaPw=")
        .env("LOG_LEVEL", "debug")
        .stdin(Stdio::null());
    command
}

async fn is_ready(socket: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket).await else {
        return false;
    };
    let asked = stream.write_all(b"GET /auth/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.await.is_ok() && stream.read_to_string(&mut answer).await.is_ok() && answer.starts_with("HTTP/1.1 200")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_with_another_algorithm_publishes_its_key_and_ends_no_session() {
    let mut deployment = Deployment::new(BINARY, &std::env::temp_dir(), "algorithm");
    deployment.log = Some(log::file());
    log::secret(PASSWORD);
    let (server, _) = deployment.start().await;
    let mut client = Client::connect(deployment.address).await.unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let request = live::sign_up(&csrf, "ada@example.com", PASSWORD);
    let (status, body) = live::when_not_busy(&mut client, &request).await.unwrap();
    assert_eq!(status, 201);
    let token = live::text_in(&body, "access_token");
    log::secret(&token);
    server.kill();

    deployment.settings = vec![("AUTHARA_JWT_ALGORITHM", "ES256".to_owned())];
    for _ in 0..2 {
        let (server, _) = deployment.start().await;
        let mut client = Client::connect(deployment.address).await.unwrap();
        let line = format!("authorization: Bearer {token}\r\n");
        let (status, _) = client.send(&get("/auth/api/v1/user", &line)).await.unwrap();
        let (_, keys) = client.send(&get("/auth/.well-known/jwks.json", "")).await.unwrap();
        server.kill();

        let keys: Value = serde_json::from_slice(&keys).unwrap();
        let curves: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| &key["crv"]).collect();
        assert_eq!((status, curves), (200, vec![&"Ed25519".into(), &"P-256".into()]));
    }
}
