//! The cap on connections from one address counts those who call, not the proxy that carries them
//! all. This machine is never held against itself, so callers come by its outward address.

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use tokio::time::{Duration, timeout};

use super::{ask, outward};
use crate::kit::database::Folder;
use crate::live::{Client, Deployment, Server, get};

const HEALTH: &[u8] = b"GET /auth/health HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 1.2.3.4\r\nconnection: close\r\n\r\n";

/// The program with room for two connections from one address.
struct Narrow {
    outward: IpAddr,
    address: SocketAddr,
    _server: Server,
    _deployment: Deployment,
    _folder: Folder,
}

impl Narrow {
    /// `None`, and it is said, where the machine has no outward address.
    async fn start(name: &str, trusted: impl FnOnce(IpAddr) -> String) -> Option<Self> {
        let Some(outward) = outward().into_iter().find(IpAddr::is_ipv4) else {
            let note = b"skipped: the cap on connections; this machine has no address but its own\n";
            std::io::stderr().write_all(note).unwrap();
            return None;
        };

        let folder = Folder::new();
        let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, name);
        let port = deployment.address.port();
        deployment.settings = vec![
            ("AUTHARA_LISTEN", format!("0.0.0.0:{port}")),
            ("AUTHARA_MAX_CONNECTIONS_PER_ADDRESS", "2".to_owned()),
            ("AUTHARA_TRUSTED_PROXIES", trusted(outward)),
        ];
        let (server, _) = deployment.start().await;
        Some(Self {
            outward,
            address: (outward, port).into(),
            _server: server,
            _deployment: deployment,
            _folder: folder,
        })
    }

    /// A connection that has been served and stays open.
    async fn hold(&self) -> Client {
        let mut client = Client::connect(self.address).await.unwrap();
        assert_eq!(client.send(&get("/auth/health", "")).await.unwrap().0, 200);
        client
    }

    async fn one_more(&self) -> String {
        ask(Some(self.outward), self.address, HEALTH).await
    }
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_other_addresses_have_theirs() {
    let Some(server) = Narrow::start("cap", |_| "127.0.0.0/8".to_owned()).await else {
        return;
    };
    let local = SocketAddr::from(([127, 0, 0, 1], server.address.port()));

    let first = server.hold().await;
    let _second = server.hold().await;
    let third = server.one_more().await;
    let mut by_proxy = Vec::new();
    for _ in 0..5 {
        let mut client = Client::connect(local).await.unwrap();
        let status = client.send(&get("/auth/health", "x-forwarded-for: 1.2.3.4\r\n")).await;
        assert_eq!(status.unwrap().0, 200);
        by_proxy.push(client);
    }

    assert!(third.starts_with("HTTP/1.1 503"), "{third}");
    drop(first);
    timeout(Duration::from_mins(5), async {
        while !server.one_more().await.starts_with("HTTP/1.1 200") {}
    })
    .await
    .expect("a seat that was given back is there for the next");
}

#[tokio::test]
async fn a_trusted_proxy_has_no_cap_of_its_own() {
    let Some(server) = Narrow::start("no-cap", |outward| format!("{outward}/32")).await else {
        return;
    };

    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(server.hold().await);
    }

    assert!(server.one_more().await.starts_with("HTTP/1.1 200"));
    for client in &mut held {
        assert_eq!(client.send(&get("/auth/health", "")).await.unwrap().0, 200);
    }
}
