//! Clients that ask as fast as they are answered.

use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::{JoinSet, LocalSet};

use crate::live::{self, Client, Deployment, post};

pub(crate) const PASSWORD: &str = "a password nobody guesses";

/// Requests a second over so many connections.
pub(crate) async fn rate(address: SocketAddr, request: Vec<u8>, connections: usize, time: Duration) -> f64 {
    let mut first = Client::connect(address).await.unwrap();
    let (head, body) = first.exchange(&request).await.unwrap();
    let length = head.len() + body.len();
    let end = Instant::now() + time;
    let mut clients = JoinSet::new();
    for _ in 0..connections {
        let mut client = Client::connect(address).await.unwrap();
        let request = request.clone();
        clients.spawn(async move {
            // Looking into each answer would cost more than the server takes to give it.
            let mut answer = vec![0; length];
            let mut count: u32 = 0;
            while Instant::now() < end {
                client.stream.write_all(&request).await.unwrap();
                client.stream.read_exact(&mut answer).await.unwrap();
                assert!(answer.starts_with(b"HTTP/1.1 200"), "answers differ in length");
                count += 1;
            }
            count
        });
    }
    let count: u32 = clients.join_all().await.into_iter().sum();
    f64::from(count) / time.as_secs_f64()
}

/// So many sign-ins, shared by so many callers with an account each, since an account has one turn at a time; sign-ins a second.
pub(crate) async fn sign_ins(deployment: &Deployment, callers: usize, count: usize) -> f64 {
    let address = deployment.address;
    let mut client = Client::connect(address).await.unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let mut requests = Vec::new();
    for number in 0..callers {
        let email = format!("ada{number}@example.com");
        // The second time they have an account already, which is as good.
        client.send(&live::sign_up(&csrf, &email, PASSWORD)).await.unwrap();
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        requests.push(post("/auth/api/v1/login", &csrf, &body));
    }
    let next = Cell::new(0);
    per_second(callers, count, async || {
        let request = &requests[next.replace(next.get() + 1) % callers];
        let mut client = Client::connect(address).await.unwrap();
        let (status, _) = client.send(request).await.unwrap();
        assert_eq!(status, 200);
    })
    .await
}

/// Runs `work` so many times by so many callers; times a second. A count, not a time, for when one piece of work is long.
pub(crate) async fn per_second(callers: usize, count: usize, work: impl AsyncFn()) -> f64 {
    let begun = Instant::now();
    let left = Cell::new(count);
    let caller = async || {
        while let Some(rest) = left.get().checked_sub(1) {
            left.set(rest);
            work().await;
        }
    };
    let mut running: Vec<_> = (0..callers).map(|_| Box::pin(caller())).collect();
    std::future::poll_fn(|cx| {
        running.retain_mut(|caller| caller.as_mut().poll(cx).is_pending());
        if running.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    #[expect(clippy::cast_precision_loss, reason = "a few dozen")]
    let count = count as f64;
    count / begun.elapsed().as_secs_f64()
}

/// The tokens of a new account.
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Opens an account.
pub(crate) async fn sign_up(address: SocketAddr, email: &str) -> Tokens {
    let mut client = Client::connect(address).await.unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let request = live::sign_up(&csrf, email, PASSWORD);
    let (status, body) = live::when_not_busy(&mut client, &request).await.unwrap();
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    Tokens {
        access: live::text_in(&body, "access_token"),
        refresh: live::text_in(&body, "refresh_token"),
    }
}

/// People with a session each.
pub(crate) struct Sessions {
    address: SocketAddr,
    tokens: Vec<String>,
}

impl Sessions {
    /// Signs so many people up.
    pub(crate) async fn open(deployment: &Deployment, count: usize) -> Self {
        let mut tokens = Vec::new();
        for number in 0..count {
            let email = format!("person{number}@example.com");
            tokens.push(sign_up(deployment.address, &email).await.refresh);
        }
        Self {
            address: deployment.address,
            tokens,
        }
    }

    /// All of them refresh again and again; refreshes a second.
    pub(crate) async fn refresh_rate(&mut self, time: Duration) -> f64 {
        let end = Instant::now() + time;
        let count = Rc::new(Cell::new(0));
        let people = LocalSet::new();
        let mut running = Vec::new();
        for mut token in self.tokens.drain(..) {
            let (address, count) = (self.address, count.clone());
            running.push(people.spawn_local(async move {
                let mut client = Client::connect(address).await.unwrap();
                while Instant::now() < end {
                    let (status, body) = client.send(&live::refresh(&token)).await.unwrap();
                    assert_eq!(status, 200);
                    token = live::text_in(&body, "refresh_token");
                    count.set(count.get() + 1);
                }
                token
            }));
        }
        people.await;
        for person in running {
            self.tokens.push(person.await.unwrap());
        }
        f64::from(count.get()) / time.as_secs_f64()
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
