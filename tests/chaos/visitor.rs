//! Somebody with a connection to the server, which may be gone at any moment.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::live::{self, Client};

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Visitor {
    address: SocketAddr,
    client: Option<Client>,
}

impl Visitor {
    pub(crate) const fn new(address: SocketAddr) -> Self {
        Self { address, client: None }
    }

    /// Where it goes.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// An answer that means what it says; `None` for none at all and for "not available", after
    /// which nobody knows what happened.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> Option<(u16, Vec<u8>)> {
        if self.client.is_none() {
            self.client = Some(Client::connect(self.address).await.ok()?);
        }
        let client = self.client.as_mut()?;
        let answer = timeout(PATIENCE, client.send(request)).await;
        let answer = answer.expect("the server neither answers nor hangs up");
        if answer.is_err() {
            self.client = None;
        }
        let (status, body) = answer.ok()?;
        assert!(
            status < 500 || status == 503,
            "{status}: {}",
            String::from_utf8_lossy(&body)
        );
        (status != 503).then_some((status, body))
    }

    /// An answer from a server that is well.
    pub(crate) async fn insist(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        for _ in 0..50 {
            if let Some(answer) = self.ask(request).await {
                return answer;
            }
            // A full hashing queue is no fault.
            sleep(Duration::from_millis(200)).await;
        }
        panic!("no answer to {}", String::from_utf8_lossy(request));
    }

    /// See [`live::csrf`].
    pub(crate) async fn csrf(&mut self) -> String {
        let mut client = Client::connect(self.address).await.unwrap();
        live::csrf(&mut client).await.unwrap()
    }
}
