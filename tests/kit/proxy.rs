//! A wire between the program and PostgreSQL that a test can cut, hold up, or break at a word.

use std::time::Duration;

use authara::storage::{PostgresTarget, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::database::Database;

/// What happens to bytes, and to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Everything goes through.
    Open,
    /// Everything goes through, so much later: a server that is further away.
    Late(Duration),
    /// Connections are accepted and nothing goes through either way.
    Stalled,
    /// Connections begin without what they ask for in `options`, as behind PgBouncer.
    WithoutOptions,
    /// Every connection is closed, and each new one at once.
    Cut,
    /// The same with a reset.
    Reset,
    /// The connection that sends these bytes is stalled and they are lost; the others go on.
    StallBefore(&'static [u8]),
    /// The same after they have passed, so that only the answer is lost.
    StallAfter(&'static [u8]),
    /// The connection that sends these bytes is closed after they have passed.
    CutAfter(&'static [u8]),
}

/// Runs until dropped.
pub(crate) struct Proxy {
    wire: watch::Sender<Wire>,
}

impl Proxy {
    /// In front of the database of a test; what it gives next is the way through it.
    pub(crate) async fn before(db: &Database) -> (Self, Database) {
        let Target::Postgres(target) = &db.target else {
            panic!("no server")
        };
        let (proxy, target) = Self::of(target).await;
        (proxy, Database::of(target).await)
    }

    /// In front of the one server of a target.
    pub(crate) async fn of(target: &PostgresTarget) -> (Self, Target) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (wire, state) = watch::channel(Wire::Open);
        tokio::spawn(accept(listener, target.servers[0].clone(), state));
        let mut target = target.clone();
        target.servers = vec![(address.ip().to_string(), address.port())];
        (Self { wire }, Target::Postgres(Box::new(target)))
    }

    pub(crate) fn set(&self, wire: Wire) {
        self.wire.send_replace(wire);
    }
}

async fn accept(listener: TcpListener, server: (String, u16), mut state: watch::Receiver<Wire>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.unwrap();
                tokio::spawn(carry(client, server.clone(), state.clone()));
            }
            // The sender goes with the test.
            changed = state.changed() => if changed.is_err() { return },
        }
    }
}

async fn carry(client: TcpStream, server: (String, u16), mut state: watch::Receiver<Wire>) {
    let now = *state.borrow_and_update();
    if now == Wire::Reset {
        client.set_zero_linger().unwrap();
    }
    if matches!(now, Wire::Cut | Wire::Reset) {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    // Whether this connection said the word.
    let (silence, answers_held) = watch::channel(false);
    let (from_client, mut to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let ended = tokio::select! {
        () = forth(from_client, to_server, state.clone(), silence) => Wire::Open,
        () = back(from_server, &mut to_client, state.clone(), answers_held) => Wire::Open,
        ended = end(&mut state) => ended,
    };
    if ended == Wire::Reset {
        to_client.as_ref().set_zero_linger().unwrap();
    }
}

/// Completes when connections are to end; also when the test has.
async fn end(state: &mut watch::Receiver<Wire>) -> Wire {
    match state.wait_for(|wire| matches!(wire, Wire::Cut | Wire::Reset)).await {
        Ok(wire) => *wire,
        Err(_) => Wire::Cut,
    }
}

async fn unless_stalled(state: &mut watch::Receiver<Wire>) {
    let _ = state.wait_for(|wire| *wire != Wire::Stalled).await;
}

async fn forth(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut state: watch::Receiver<Wire>,
    hold: watch::Sender<bool>,
) {
    let mut bytes = [0; 16 * 1024];
    if *state.borrow() == Wire::WithoutOptions {
        let count = from.read(&mut bytes).await.unwrap();
        to.write_all(&without_options(&bytes[..count])).await.unwrap();
    }
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        unless_stalled(&mut state).await;
        let said = |word: &[u8]| bytes[..count].windows(word.len()).any(|part| part == word);
        let wire = *state.borrow();
        match wire {
            Wire::Late(delay) => tokio::time::sleep(delay).await,
            Wire::StallBefore(word) if said(word) => {
                let _ = state.wait_for(|wire| *wire == Wire::Open).await;
                return;
            }
            Wire::StallAfter(word) | Wire::CutAfter(word) if said(word) => {
                // Before the bytes go, so that no answer can overtake.
                hold.send_replace(true);
            }
            _ => {}
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
        if *hold.borrow() {
            if let Wire::CutAfter(_) = wire {
                // Time for the server to read it.
                tokio::time::sleep(Duration::from_millis(50)).await;
                return;
            }
            let _ = state.wait_for(|wire| *wire == Wire::Open).await;
            hold.send_replace(false);
        }
    }
}

/// The first message without one of its parameters: a length, the version, then names and values.
fn without_options(message: &[u8]) -> Vec<u8> {
    let (head, parameters) = message.split_at(8);
    let words: Vec<_> = parameters.split(|byte| *byte == 0).collect();
    let mut rest = head[4..].to_vec();
    let is_kept = |pair: &&[&[u8]]| !pair[0].is_empty() && pair[0] != b"options";
    for word in words.chunks(2).filter(is_kept).flatten() {
        rest.extend_from_slice(word);
        rest.push(0);
    }
    rest.push(0);
    let length = u32::try_from(rest.len() + 4).unwrap();
    [&length.to_be_bytes()[..], &rest].concat()
}

async fn back(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut state: watch::Receiver<Wire>,
    mut held: watch::Receiver<bool>,
) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        unless_stalled(&mut state).await;
        if held.wait_for(|held| !held).await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
