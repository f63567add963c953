//! Floor 2: rows in, domain values out. No decisions, no HTTP.
//!
//! One statement text serves both databases (`sql.rs`); all that differs is behind two traits
//! (`backend.rs`). Reads end in nouns, writes are verbs, absence is `None`. What a method writes
//! takes effect only in [`Store::write`]; on a bare [`Conn`] it fails.

mod aggregates;
mod backend;
mod postgres;
mod row;
mod sql;
mod sqlite;
mod value;

pub mod about;
pub mod allowlist;
pub mod appeals;
pub mod audit;
pub mod backup;
pub mod budgets;
pub mod challenges;
pub mod confirmations;
pub mod error;
pub mod evidence;
pub mod health;
pub mod keys;
pub mod letters;
pub mod migrate;
pub mod organizations;
pub mod roles;
pub mod sessions;
pub mod users;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::Timestamp;
use crate::metrics::Counter;
use backend::{Backend, Connection, Dialect};
use row::Row;
use sessions::{Exchange, Standing};
use value::Value;

pub use error::{Error, Result};

/// How long a caller waits for a connection, a lock or a turn to write before they are told that
/// the database is not available.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which database to open; `app` makes it from the settings.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PostgresTarget>),
}

/// How to reach PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresTarget {
    /// Host name, address, or folder of a Unix socket, and port. Of several, the one that takes writes is used.
    pub servers: Vec<(String, u16)>,
    /// Database name.
    pub database: String,
    /// Role.
    pub username: String,
    /// Its password, if any.
    pub password: crate::domain::Secret,
    /// Schema that holds the tables.
    pub schema: String,
    /// Whether to use TLS with full verification.
    pub verify_tls: bool,
    /// PEM file of the authorities to trust instead of the public ones.
    pub root_certificates: Option<PathBuf>,
    /// Connections at most; with fewer than three, three.
    pub max_connections: usize,
    /// Whether a transaction-mode pooler stands between.
    pub behind_pooler: bool,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    backend: Arc<dyn Backend>,
    transactions: Arc<Counter>,
    last_write: Arc<LastWrite>,
}

/// How busy the database's connections are, and what they have done since the start.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Connections somebody uses.
    pub in_use: usize,
    /// Connections that are open for the next one.
    pub idle: usize,
    /// Connections at most.
    pub most: usize,
    /// Who waits for one.
    pub waiting: usize,
    /// Write transactions that were committed.
    pub transactions: u64,
    /// Commits; several transactions may share one.
    pub commits: u64,
}

impl Store {
    /// Opens the database without looking at its schema (see [`migrate::check`]). Connects when
    /// it is first used; fails for settings that cannot work, and for a file that must not be opened: it may not
    /// be written, is being restored, or was put in place by hand.
    pub async fn open(target: &Target) -> Result<Self> {
        let backend: Arc<dyn Backend> = match target {
            Target::Sqlite(path) => Arc::new(sqlite::Sqlite::open(&sqlite::files::without_links(path)).await?),
            Target::Postgres(target) => Arc::new(postgres::Postgres::new(target)?),
        };
        Ok(Self::on(backend))
    }

    /// A database file that nobody else knows of.
    fn of_a_copy(path: &Path) -> Self {
        Self::on(Arc::new(sqlite::Sqlite::of_a_copy(path)))
    }

    fn on(backend: Arc<dyn Backend>) -> Self {
        Self {
            backend,
            transactions: Arc::default(),
            last_write: Arc::default(),
        }
    }

    /// Tells other programs that a server uses the database from now on, for as long as this is there. `false` if
    /// another server uses a database that is meant for one.
    pub async fn serve(&self) -> Result<bool> {
        self.backend.serve().await
    }

    /// Reads the certificates again that connections to a server are checked against, for those that are made from now
    /// on. An error changes nothing.
    pub fn read_certificates(&self) -> Result<()> {
        self.backend.read_certificates()
    }

    /// A connection without a transaction, for reading only.
    pub async fn read(&self) -> Result<Conn> {
        Ok(Conn::new(&*self.backend, self.backend.read().await?))
    }

    /// Runs `work` in one transaction: commits on `Ok`, rolls back on anything else, a cancelled
    /// or panicking future included. `Ok` means durable.
    ///
    /// Do not wait for anything but the database in it: on SQLite all writers wait with you.
    pub async fn write<T, E, F>(&self, work: F) -> std::result::Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> std::result::Result<T, E>,
        E: From<Error>,
    {
        let mut tx = self.last_write.heard(self.begin().await)?;
        let result = work(&mut tx).await;
        if result.is_err() && tx.0.was_unavailable {
            self.last_write.failed();
        }
        let result = result?;
        self.last_write.heard(tx.commit().await)?;
        self.last_write.succeeded();
        self.transactions.one();
        Ok(result)
    }

    /// Succeeds if the database can be written: something was within the last seconds, or is now. Cheap, however
    /// often it is asked.
    pub async fn takes_writes(&self, now: Timestamp) -> Result<()> {
        if self.last_write.is_recent_success() {
            return Ok(());
        }
        self.write(async |tx| tx.health().write(now).await).await
    }

    /// Exchanges a refresh token for its successor: marks it spent by the client, adds the successor, and
    /// notes the session's use. `Some` means durable. `None`, and nothing done, if it was spent, has expired,
    /// its session is not live, its owner's account is off or membership over, or the owner lacks the role
    /// that is needed. Of any number of parallel callers one gets `Some`.
    ///
    /// A transaction of its own, which shares its commit and takes no turn among those that
    /// [`write`](Self::write) runs.
    pub async fn rotate(&self, exchange: &Exchange<'_>) -> Result<Option<Standing>> {
        let done = self.last_write.heard(self.backend.once(exchange.job()).await)?;
        let standing = sessions::standing_in(done)?;
        if standing.is_some() {
            self.last_write.succeeded();
            self.transactions.one();
        }
        Ok(standing)
    }

    /// How busy it is.
    pub fn figures(&self) -> Figures {
        let mut figures = self.backend.figures();
        figures.transactions = self.transactions.value();
        // Where nothing is shared, each transaction is a commit.
        figures.commits = figures.commits.max(match self.backend.dialect() {
            Dialect::Postgres => figures.transactions,
            Dialect::Sqlite => 0,
        });
        figures
    }

    async fn begin(&self) -> Result<Tx> {
        Ok(Tx(Conn::new(&*self.backend, self.backend.begin().await?)))
    }
}

/// How the last attempt to write went.
#[derive(Default)]
struct LastWrite(Mutex<Option<Instant>>);

impl LastWrite {
    /// How long a success counts as proof that the database can be written.
    const GOOD_FOR: Duration = Duration::from_secs(10);

    fn is_recent_success(&self) -> bool {
        self.at().is_some_and(|at| at.elapsed() < Self::GOOD_FOR)
    }

    fn succeeded(&self) {
        *self.at() = Some(Instant::now());
    }

    fn failed(&self) {
        *self.at() = None;
    }

    fn heard<T>(&self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            if error.is_unavailable() {
                self.failed();
            }
        })
    }

    fn at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection: reads, aggregate by aggregate.
pub struct Conn {
    connection: Box<dyn Connection>,
    dialect: Dialect,
    /// Whether a statement has failed. PostgreSQL has then given the transaction up.
    has_failed: bool,
    /// Whether one failed because the database is not available.
    was_unavailable: bool,
    /// What follows once a transaction has taken effect.
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
}

impl Conn {
    fn new(backend: &dyn Backend, connection: Box<dyn Connection>) -> Self {
        Self {
            connection,
            dialect: backend.dialect(),
            has_failed: false,
            was_unavailable: false,
            after_commit: Vec::new(),
        }
    }

    async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        let result = self.connection.execute(sql, args).await;
        self.heard(result)
    }

    async fn query(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        let result = self.connection.query(sql, args).await;
        self.heard(result)
    }

    async fn scan(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        let result = self.connection.scan(sql, args).await;
        self.heard(result)
    }

    fn heard<T>(&mut self, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            self.has_failed = true;
            self.was_unavailable |= error.is_unavailable();
        })
    }

    /// The first row of an answer that has one at most.
    async fn find<T>(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
        read: impl FnOnce(&mut Row) -> Result<T>,
    ) -> Result<Option<T>> {
        let rows = self.query(sql, args).await?;
        rows.into_iter().next().map(|mut row| read(&mut row)).transpose()
    }

    /// Every row of an answer.
    async fn list<T>(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
        mut read: impl FnMut(&mut Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let rows = self.query(sql, args).await?;
        rows.into_iter().map(|mut row| read(&mut row)).collect()
    }
}

/// A write transaction; everything a [`Conn`] can, and writes take effect.
pub struct Tx(Conn);

impl std::ops::Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}

impl Tx {
    /// Does this once the transaction has taken effect, and not at all if it does not.
    pub fn after_commit(&mut self, then: impl FnOnce() + Send + 'static) {
        self.0.after_commit.push(Box::new(then));
    }

    async fn commit(self) -> Result<()> {
        if self.0.has_failed {
            // PostgreSQL would answer this commit with success and roll back.
            return Err(Error::Statement("commit after a failed statement".to_owned()));
        }
        self.0.connection.commit().await?;
        self.0.after_commit.into_iter().for_each(|then| then());
        Ok(())
    }
}
