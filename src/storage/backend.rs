//! All that a backend is. Everything above these two traits is written once.

use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, Sender};

use crate::storage::row::Row;
use crate::storage::value::Value;
use crate::storage::{Figures, Result};

/// Which database a connection speaks to. Asked only where one statement cannot serve both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

/// A short transaction without a conversation: all that it does is known before it begins.
pub(super) struct Job {
    /// One statement after the other, where there is one writer.
    pub(super) sqlite: Vec<Step>,
    /// All in one statement, where there are many.
    pub(super) postgres: Statement,
}

/// A statement and its arguments.
pub(super) struct Statement {
    pub(super) sql: &'static str,
    pub(super) args: Vec<Value>,
}

/// One step of a [`Job`].
pub(super) enum Step {
    /// Changes a row, or the job ends here without effect.
    Must(Statement),
    /// Changes rows or none.
    Do(Statement),
    /// Finds the rows that the job gives.
    Rows(Statement),
}

/// A table, to copy all of it.
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
}

/// Rows of a [`Table`] that are handed over at once.
pub(super) const ROWS: usize = 1_000;

/// A database.
#[async_trait]
pub(super) trait Backend: Send + Sync {
    /// Which one it is.
    fn dialect(&self) -> Dialect;

    /// How busy its connections are, and its shared commits.
    fn figures(&self) -> Figures;

    /// A connection without a transaction, on which a write fails.
    async fn read(&self) -> Result<Box<dyn Connection>>;

    /// A write transaction.
    async fn begin(&self) -> Result<Box<dyn Connection>>;

    /// Does a job; durable when this returns. The rows it found: none if it ended without effect.
    async fn once(&self, job: Job) -> Result<Vec<Row>>;

    /// Tells others that a server uses it from now on; `false` if another one does, and it matters.
    async fn serve(&self) -> Result<bool> {
        Ok(true)
    }

    /// Reads the certificates again that connections are checked against. An error changes nothing.
    fn read_certificates(&self) -> Result<()> {
        Ok(())
    }

    /// Whether there is anything to look at. Leaves no trace.
    async fn exists(&self) -> Result<bool>;

    /// Makes the empty place that the first migration needs, if it is not there: the file, the schema.
    async fn create(&self) -> Result<()>;
}

/// One connection, for one caller at a time.
#[async_trait]
pub(super) trait Connection: Send {
    /// Runs one statement and returns how many rows it changed.
    async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64>;

    /// Runs one statement that finds its rows by a key.
    async fn query(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>>;

    /// Runs one statement that may read a whole table; not on the threads that serve requests.
    async fn scan(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>>;

    /// Reads a whole table, for as long as it takes, a few rows at a time.
    async fn give(&mut self, table: &Table, to: Sender<Vec<Row>>) -> Result<()>;

    /// Fills a table, for as long as it takes. Values become what its columns are.
    async fn take(&mut self, table: &Table, from: Receiver<Vec<Row>>) -> Result<()>;

    /// Runs several statements without arguments, for as long as they take: migrations.
    async fn batch(&mut self, sql: &str) -> Result<()>;

    /// Makes a write transaction durable. Dropping it without this rolls it back.
    async fn commit(self: Box<Self>) -> Result<()>;
}
