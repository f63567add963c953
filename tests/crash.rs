//! What was acknowledged is there after the server was killed in the middle of its work.
//!
//! A killed process proves that an answer is sent only after its commit. That the commit reaches
//! the disk before a power cut is the work of `synchronous=FULL`, which `storage` has a test for.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::kit::log;
use crate::live::{self, Client, Deployment};

const KILLS: u64 = 20;
const PATIENCE: Duration = Duration::from_mins(5);
const PASSWORD: &str = "a password nobody guesses";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_sign_ups_and_refreshes_survive_a_kill() {
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &std::env::temp_dir(), "crash");
    deployment.log = Some(log::file());
    log::secret(PASSWORD);
    // The newest refresh token that each session was told; it must be good for ever after.
    let mut tokens: Vec<String> = Vec::new();
    let mut exchanged = 0;

    for kill in 0..KILLS {
        let (server, _) = deployment.start().await;
        tokens = refresh_each(deployment.address, tokens).await;
        let signed_up = Arc::new(Notify::new());
        let sign_ups: Vec<_> = (0..2)
            .map(|number| {
                let name = format!("{kill}-{number}");
                tokio::spawn(keep_signing_up(deployment.address, name, signed_up.clone()))
            })
            .collect();
        let some = tokens.split_off(tokens.len().saturating_sub(8));
        let refreshes: Vec<_> = some
            .into_iter()
            .map(|token| tokio::spawn(keep_refreshing(deployment.address, token)))
            .collect();

        // Once there is something to lose, at another moment each time.
        timeout(PATIENCE, signed_up.notified()).await.unwrap();
        sleep(Duration::from_millis(kill * 37 % 190)).await;
        server.kill();

        for sign_up in sign_ups {
            tokens.extend(sign_up.await.unwrap());
        }
        for busy in refreshes {
            let (token, count) = busy.await.unwrap();
            log::secret(&token);
            tokens.push(token);
            exchanged += count;
        }
    }
    let (server, _) = deployment.start().await;
    let count = tokens.len();
    tokens = refresh_each(deployment.address, tokens).await;
    server.kill();

    assert_eq!(tokens.len(), count);
    assert!(count >= 20 && exchanged >= 100, "too little happened to prove anything");
    let database = rusqlite::Connection::open(deployment.database()).unwrap();
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
}

/// Every token is exchanged; one that is refused was acknowledged and is lost.
async fn refresh_each(address: SocketAddr, tokens: Vec<String>) -> Vec<String> {
    let mut client = Client::connect(address).await.unwrap();
    let mut next = Vec::with_capacity(tokens.len());
    for token in tokens {
        let (status, body) = client.send(&live::refresh(&token)).await.unwrap();
        assert_eq!(status, 200, "an acknowledged session is lost");
        next.push(live::text_in(&body, "refresh_token"));
    }
    next
}

/// Signs people up until the server dies; their refresh tokens.
async fn keep_signing_up(address: SocketAddr, name: String, signed_up: Arc<Notify>) -> Vec<String> {
    let mut tokens = Vec::new();
    let Ok(mut client) = Client::connect(address).await else {
        return tokens;
    };
    let Ok(csrf) = live::csrf(&mut client).await else {
        return tokens;
    };
    loop {
        let email = format!("{name}-{}@example.com", tokens.len());
        match patiently(&mut client, &live::sign_up(&csrf, &email, PASSWORD)).await {
            Some((201, body)) => {
                tokens.push(live::text_in(&body, "refresh_token"));
                signed_up.notify_one();
            }
            Some((status, body)) => panic!("{status}: {}", String::from_utf8_lossy(&body)),
            None => return tokens,
        }
    }
}

/// Exchanges a token again and again until the server dies; the last one acknowledged, and how many were.
async fn keep_refreshing(address: SocketAddr, mut token: String) -> (String, u32) {
    let mut count = 0;
    let Ok(mut client) = Client::connect(address).await else {
        return (token, count);
    };
    loop {
        match patiently(&mut client, &live::refresh(&token)).await {
            Some((200, body)) => token = live::text_in(&body, "refresh_token"),
            Some((status, body)) => panic!("{status}: {}", String::from_utf8_lossy(&body)),
            None => return (token, count),
        }
        count += 1;
    }
}

/// An answer, or `None` once the server is gone.
async fn patiently(client: &mut Client, request: &[u8]) -> Option<(u16, Vec<u8>)> {
    let answered = live::when_not_busy(client, request);
    timeout(PATIENCE, answered).await.unwrap().ok()
}
