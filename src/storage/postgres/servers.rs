//! Opens connections: of several servers to the one that takes writes.
//!
//! A primary and its replicas change places, and a stalled server accepts connections without ever
//! answering on them. So each server has its share of the time for the whole way to a usable
//! session, and the one that was good last is asked first.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use deadpool_postgres::ClientWrapper;
use tokio::time::timeout;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::tls::{Kind, Tls};
use super::{STATEMENT_TIMEOUT, connect_reason, settings};
use crate::storage::{Error, PATIENCE, PostgresTarget, Result};

/// How long it may take until one server has let us in.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The servers of one database, as one pool asks them for connections.
pub(super) struct Servers {
    /// How to reach each, and what to call it in the log.
    each: Vec<(String, Config)>,
    tls: Tls,
    is_pooled: bool,
    use_for: Use,
    /// Common to all pools.
    known: Arc<Known>,
}

/// What the connections of a pool are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reading: a write fails.
    Reading,
    /// Transactions that take several statements, and may wait for one another.
    Conversations,
    /// Transactions that are one statement.
    Statements,
}

/// What one connection has learned and all should know.
#[derive(Default)]
pub(super) struct Known {
    /// The one that was good last.
    good: AtomicUsize,
    /// Which connections are still in use: those that were opened since it last grew.
    era: AtomicUsize,
}

/// A connection in the pool.
pub(super) struct Link {
    pub(super) client: ClientWrapper,
    /// Whether the server took writes when the session began.
    pub(super) takes_writes: bool,
    era: usize,
}

impl Servers {
    pub(super) fn new(target: &PostgresTarget, tls: Tls, use_for: Use, known: Arc<Known>) -> Self {
        let each = target.servers.iter().map(|(host, port)| {
            let config = settings(target, host, *port);
            (format!("{host}:{port}"), config)
        });
        Self {
            each: each.collect(),
            tls,
            is_pooled: target.behind_pooler,
            use_for,
            known,
        }
    }

    /// Lets no connection that is open now serve again: its server is silent or has become a replica.
    pub(super) fn retire(&self) {
        self.known.era.fetch_add(1, Ordering::SeqCst);
    }

    async fn open(&self, config: &Config) -> Result<(ClientWrapper, bool)> {
        let (client, connection) = match self.tls.kind() {
            Kind::Off => {
                let (client, connection) = config.connect(NoTls).await.map_err(|error| cannot_reach(&error))?;
                (client, tokio::spawn(log_end(connection)))
            }
            Kind::Verified(connector) => {
                let connected = config.connect(connector).await;
                let (client, connection) = connected.map_err(|error| cannot_reach(&error))?;
                (client, tokio::spawn(log_end(connection)))
            }
        };
        let client = ClientWrapper::new(client, connection);
        let takes_writes = match (self.is_pooled, self.each.len()) {
            // The session is not ours to ask or to set.
            (true, 1) => true,
            (true, _) => may_write(&client, "SHOW transaction_read_only").await?,
            (false, _) => {
                is_ours(&client).await?;
                let set = match self.use_for {
                    Use::Statements => "SET default_transaction_isolation = 'read committed'",
                    Use::Reading | Use::Conversations => "SET default_transaction_read_only = on",
                };
                may_write(&client, &format!("SHOW transaction_read_only; {set}")).await?
            }
        };
        Ok((client, takes_writes))
    }
}

impl Manager for Servers {
    type Type = Link;
    type Error = Error;

    async fn create(&self) -> Result<Link> {
        let era = self.known.era.load(Ordering::SeqCst);
        let count = self.each.len();
        let share = CONNECT_TIMEOUT.min(PATIENCE * 9 / 10 / u32::try_from(count).unwrap_or(u32::MAX).max(1));
        let first = self.known.good.load(Ordering::Relaxed);
        let mut reasons = Vec::new();
        for index in (first..count).chain(0..first) {
            let (name, config) = &self.each[index];
            let reason = match timeout(share, self.open(config)).await {
                // A single server is read from also while it takes no writes.
                Ok(Ok((client, takes_writes))) if takes_writes || count == 1 => {
                    let is_another = self.known.good.swap(index, Ordering::Relaxed) != index;
                    if is_another {
                        tracing::warn!(server = name, "another server takes the writes now");
                        self.retire();
                    }
                    return Ok(Link {
                        client,
                        takes_writes,
                        era: era + usize::from(is_another),
                    });
                }
                Ok(Ok(_)) => "takes no writes".to_owned(),
                Ok(Err(Error::Unavailable(reason))) => reason,
                Ok(Err(error @ Error::Schema(_))) => return Err(error),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "does not answer".to_owned(),
            };
            reasons.push(format!("{name}: {reason}"));
        }
        Err(Error::Unavailable(reasons.join("; ")))
    }

    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<Error> {
        if link.client.is_closed() || link.era < self.known.era.load(Ordering::SeqCst) {
            return Err(RecycleError::message("not in use any more"));
        }
        Ok(())
    }
}

fn cannot_reach(error: &tokio_postgres::Error) -> Error {
    Error::Unavailable(connect_reason(error))
}

/// Fails if the session does not have what was asked for when it began: then a pooler has dropped it, and hands
/// the session to others as well.
async fn is_ours(client: &Client) -> Result<()> {
    let shown = client.simple_query("SHOW statement_timeout").await;
    let shown = shown.map_err(|error| cannot_reach(&error))?;
    let asked = format!("{}s", STATEMENT_TIMEOUT.as_secs());
    let is_as_asked =
        |message: &SimpleQueryMessage| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some(&*asked));
    if shown.iter().any(is_as_asked) {
        return Ok(());
    }
    Err(Error::Schema(
        "the database did not take the settings of the connection, as behind PgBouncer; set AUTHARA_DB_POOLER=true. \
         Nothing was changed"
            .to_owned(),
    ))
}

/// Sends `sql`, which shows whether transactions are read-only.
async fn may_write(client: &Client, sql: &str) -> Result<bool> {
    let answer = client.simple_query(sql).await.map_err(|error| cannot_reach(&error))?;
    Ok(answer
        .iter()
        .any(|message| matches!(message, SimpleQueryMessage::Row(row) if row.get(0) == Some("off"))))
}

/// Drives a connection until it ends; its users learn of an end by themselves.
async fn log_end(connection: impl Future<Output = std::result::Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection to the database ended");
    }
}
