//! Callers who hang up at any point of a request: what they asked is done whole or not at all.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{ADA, LOGIN, REFRESH, credentials, is_signed_in, users};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::client::Client;
use crate::kit::database::{Database, both};

/// The bytes of a sign-up.
fn sign_up(client: &Client, email: &str) -> Vec<u8> {
    let csrf = client.cookie("authara_csrf");
    let body = format!(r#"{{"email":"{email}","password":"{PASSWORD}"}}"#);
    let length = body.len();
    format!(
        "POST /auth/api/v1/signup/direct HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
         cookie: authara_csrf={csrf}\r\nx-csrf-token: {csrf}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

both!(who_hangs_up_has_done_everything_or_nothing, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;
    let send = async |bytes: &[u8], with_reset: bool| {
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        socket.write_all(bytes).await.unwrap();
        // Long enough to be read, too short for an answer.
        tokio::time::sleep(Duration::from_millis(10)).await;
        if with_reset {
            socket.set_zero_linger().unwrap();
        }
    };

    let cut = sign_up(&client, "cut@example.com");
    let head = cut.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    for end in [head - 3, head, head + 10, cut.len() - 1] {
        send(&cut[..end], false).await;
        send(&cut[..end], true).await;
    }
    let whole = 10;
    for number in 0..whole {
        let email = format!("whole{number}@example.com");
        send(&sign_up(&client, &email), number % 2 == 0).await;
    }

    // What was asked in full is done without anybody waiting for it.
    let begun = Instant::now();
    while users(&app).await < whole {
        assert!(begun.elapsed() < Duration::from_mins(5), "{}", users(&app).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(users(&app).await, whole, "half a request has no effect");
    for number in 0..whole {
        let email = format!("whole{number}@example.com");
        let answer = client.post_json(LOGIN, &credentials(&email)).await;
        assert_eq!(answer.status, 200, "{number}: {answer:?}");
    }
});

both!(who_hangs_up_on_a_refresh_is_not_signed_out, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.user(ADA).await;
    let token = client.cookie("authara_refresh");

    for number in 0..20 {
        let body = format!(r#"{{"refresh_token":"{token}"}}"#);
        let request = format!(
            "POST /auth/api/v1/tokens/refresh HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(number * 200)).await;
        drop(socket);
    }

    assert_eq!(client.post(REFRESH).await.status, 200);
    assert!(is_signed_in(&client).await);
});
