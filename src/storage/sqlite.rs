//! SQLite: one file, several readers, one writer (`writer.rs`).
//!
//! Nothing is opened before it is needed, so that looking at a database that is missing or
//! somebody else's leaves no trace. Statements that find rows by a key run on the thread that
//! asks: they take microseconds, and handing them to another thread would cost ten times that.

mod checkpoints;
pub(in crate::storage) mod files;
mod jobs;
mod lane;
pub(in crate::storage) mod marks;
mod opened;
mod writer;

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use deadpool::unmanaged::{Object, Pool};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection as Handle, ErrorCode, OpenFlags, ToSql, params_from_iter};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::storage::backend::{Backend, Connection, Dialect, Job, ROWS, Table};
use crate::storage::row::Row;
use crate::storage::sql::for_sqlite;
use crate::storage::value::Value;
use crate::storage::{Error, Figures, PATIENCE, Result};
use files::Use;
use jobs::Jobs;
use opened::Opened;
use writer::Writer;

/// Reading connections. Each is held for the length of a statement or a few.
const READERS: usize = 16;
/// How long a reader waits on its thread for another process that recovers the file after a crash.
const READER_BUSY: Duration = Duration::from_millis(100);
/// Prepared statements kept per connection; more than the program has.
const STATEMENTS: usize = 128;

/// One database file.
pub(super) struct Sqlite {
    files: Arc<Opened>,
    // Before the writer, so that it closes last, empties the log and leaves one file behind.
    readers: Pool<Reader>,
    jobs: Jobs,
    writer: Arc<Writer>,
    // After all that it is for.
    used: OnceLock<Use>,
}

impl Sqlite {
    /// Takes a path; opens nothing yet. Fails if what is there must not be opened.
    pub(super) async fn open(path: &Path) -> Result<Self> {
        let database = Self::new(path, true);
        if Use::is_possible(path)? {
            database.use_it().await?;
        }
        Ok(database)
    }

    /// A file that nobody else knows of.
    pub(super) fn of_a_copy(path: &Path) -> Self {
        Self::new(path, false)
    }

    fn new(path: &Path, is_shared: bool) -> Self {
        let readers: Vec<_> = std::iter::repeat_with(Reader::default).take(READERS).collect();
        let files = Opened::new(path, is_shared);
        let writer = Arc::new(Writer::new(&files));
        Self {
            files,
            readers: Pool::from(readers),
            jobs: Jobs::new(writer.clone()),
            writer,
            used: OnceLock::new(),
        }
    }

    async fn use_it(&self) -> Result<()> {
        if self.files.is_shared && self.used.get().is_none() {
            // If two begin at once, one of the two rights is given up.
            let _ = self.used.set(Use::begin(&self.files.path).await?);
        }
        Ok(())
    }
}

#[async_trait]
impl Backend for Sqlite {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    fn figures(&self) -> Figures {
        let readers = self.readers.status();
        Figures {
            in_use: readers.size.saturating_sub(readers.available),
            idle: readers.available,
            most: readers.max_size,
            waiting: readers.waiting + self.writer.waiting() + self.jobs.waiting(),
            commits: self.writer.commits(),
            ..Figures::default()
        }
    }

    async fn read(&self) -> Result<Box<dyn Connection>> {
        let reader = tokio::time::timeout(PATIENCE, self.readers.get())
            .await
            .map_err(|_| Error::unavailable("every reading connection is busy"))?
            .map_err(Error::unavailable)?;
        Ok(Box::new(Reading {
            files: self.files.clone(),
            reader: Some(reader),
        }))
    }

    async fn begin(&self) -> Result<Box<dyn Connection>> {
        Ok(Box::new(self.writer.begin().await?))
    }

    async fn once(&self, job: Job) -> Result<Vec<Row>> {
        self.jobs.run(job).await
    }

    async fn serve(&self) -> Result<bool> {
        self.writer.serve().await
    }

    async fn exists(&self) -> Result<bool> {
        match std::fs::metadata(&self.files.path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::Unavailable(format!("{}: {error}", self.files.path.display()))),
        }
    }

    async fn create(&self) -> Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;

        self.use_it().await?;
        // For the owner alone: the file holds password hashes.
        let made = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&self.files.path);
        match made {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
                Err(Error::Unavailable(format!("{}: {error}", self.files.path.display())))
            }
            // A database that was there before is forgotten.
            Ok(_) => files::forget(&self.files.path),
            Err(_) => Ok(()),
        }
    }
}

/// A reading connection, opened at its first use.
#[derive(Default)]
struct Reader(Option<Handle>);

impl Reader {
    fn query(&mut self, files: &Opened, sql: &str, args: &[Value]) -> Result<Vec<Row>> {
        files.check_database()?;
        let handle = match &self.0 {
            Some(opened) => opened,
            None => self.0.insert(open_reader(files)?),
        };
        let rows = query(handle, sql, args).map_err(|error| reading_error(&error));
        match &rows {
            Ok(_) => files.note(),
            // Its disk may be back later: start afresh next time.
            Err(error) if error.is_unavailable() => self.0 = None,
            Err(_) => {}
        }
        rows
    }
}

/// A connection without a transaction.
struct Reading {
    files: Arc<Opened>,
    /// Absent only while a scan has it on another thread.
    reader: Option<Object<Reader>>,
}

#[async_trait]
impl Connection for Reading {
    async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        // `query_only` makes this fail; that a write needs a transaction is for SQLite to say.
        self.query(sql, args).await.map(|_| 0)
    }

    async fn query(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        let reader = self.reader.as_mut().ok_or_else(scan_was_dropped)?;
        reader.query(&self.files, for_sqlite(sql), &args)
    }

    async fn scan(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        let mut reader = self.reader.take().ok_or_else(scan_was_dropped)?;
        let files = self.files.clone();
        let scan = tokio::task::spawn_blocking(move || {
            let rows = reader.query(&files, for_sqlite(sql), &args);
            (reader, rows)
        });
        let (reader, rows) = scan.await.map_err(Error::unavailable)?;
        self.reader = Some(reader);
        rows
    }

    async fn give(&mut self, table: &Table, to: Sender<Vec<Row>>) -> Result<()> {
        let reader = self.reader.take().ok_or_else(scan_was_dropped)?;
        let files = self.files.clone();
        let sql = format!("SELECT {} FROM {}", table.columns.join(", "), table.name);
        let given = tokio::task::spawn_blocking(move || {
            let handle = open_reader(&files)?;
            let given = give(&handle, &sql, &to).map_err(|error| reading_error(&error));
            given.map(|()| reader)
        });
        self.reader = Some(given.await.map_err(Error::unavailable)??);
        Ok(())
    }

    async fn take(&mut self, _table: &Table, _from: Receiver<Vec<Row>>) -> Result<()> {
        Err(Error::Statement("filling a table needs a transaction".to_owned()))
    }

    async fn batch(&mut self, _sql: &str) -> Result<()> {
        Err(Error::Statement("a batch needs a transaction".to_owned()))
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

fn scan_was_dropped() -> Error {
    Error::Statement("the connection is still scanning".to_owned())
}

fn open_reader(files: &Opened) -> Result<Handle> {
    let open = || {
        let handle = files.connect()?;
        handle.busy_timeout(READER_BUSY)?;
        handle.pragma_update(None, "query_only", true)?;
        Ok(handle)
    };
    open().map_err(|error: rusqlite::Error| reading_error(&error))
}

/// Opens an existing file. Reads nothing of it.
pub(super) fn open(path: &Path) -> rusqlite::Result<Handle> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let handle = Handle::open_with_flags(path, flags)?;
    handle.set_prepared_statement_cache_capacity(STATEMENTS);
    handle.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    handle.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    handle.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    // Else a statement whose plan might depend on its arguments is planned anew for every call, which costs
    // more than running it.
    handle.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    handle.pragma_update(None, "foreign_keys", true)?;
    handle.pragma_update(None, "synchronous", "FULL")?;
    // Statements, migrations and VACUUM would else put files where temporary ones go, which may be read-only.
    handle.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(handle)
}

fn query(handle: &Handle, sql: &str, args: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = handle.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut cursor = statement.query(params_from_iter(args))?;
    let mut rows = Vec::new();
    while let Some(row) = cursor.next()? {
        let values: rusqlite::Result<Vec<_>> = (0..columns).map(|column| row.get_ref(column).map(value)).collect();
        rows.push(Row::new(values?));
    }
    Ok(rows)
}

/// Hands over what a statement finds, a few rows at a time, until nobody takes more.
fn give(handle: &Handle, sql: &str, to: &Sender<Vec<Row>>) -> rusqlite::Result<()> {
    let mut statement = handle.prepare(sql)?;
    let columns = statement.column_count();
    let mut cursor = statement.query(())?;
    let mut rows = Vec::with_capacity(ROWS);
    while let Some(row) = cursor.next()? {
        let values: rusqlite::Result<Vec<_>> = (0..columns).map(|column| row.get_ref(column).map(value)).collect();
        rows.push(Row::new(values?));
        if rows.len() == ROWS && to.blocking_send(std::mem::take(&mut rows)).is_err() {
            return Ok(());
        }
    }
    // The receiver reports why it stopped.
    let _ = to.blocking_send(rows);
    Ok(())
}

fn execute(handle: &Handle, sql: &str, args: &[Value]) -> rusqlite::Result<u64> {
    let changed = handle.prepare_cached(sql)?.execute(params_from_iter(args))?;
    Ok(changed as u64)
}

fn value(raw: ValueRef<'_>) -> Value {
    match raw {
        // No column is a REAL; whoever put one there made the row unreadable.
        ValueRef::Null | ValueRef::Real(_) => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Bool(flag) => ValueRef::Integer((*flag).into()),
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Uuid(id) => ValueRef::Blob(id.as_bytes()),
            Self::Time(time) => ValueRef::Integer(time.micros()),
        }))
    }
}

pub(super) fn reading_error(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        // `query_only`, not the disk: somebody writes outside a transaction.
        Some(ErrorCode::ReadOnly) => Error::Statement(error.to_string()),
        _ => writing_error(error),
    }
}

/// SQLite's messages name tables and columns, never values.
fn writing_error(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            Error::Schema("the file is not an SQLite database; check the path, nothing was changed".to_owned())
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen
            | ErrorCode::PermissionDenied
            | ErrorCode::SystemIoFailure
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OutOfMemory
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::SchemaChanged
            | ErrorCode::OperationInterrupted,
        ) => Error::unavailable(error),
        Some(ErrorCode::ConstraintViolation) if is_taken(error) => Error::Taken(error.to_string()),
        _ => Error::Statement(error.to_string()),
    }
}

fn is_taken(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE | rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}

pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_planned_once_whatever_its_arguments() {
        let path = std::env::temp_dir().join(format!("authara_plans_{}.db", std::process::id()));
        let schema = "CREATE TABLE things (name TEXT, kind TEXT) STRICT;
                      CREATE INDEX odd_things ON things (name) WHERE kind = 'odd'";
        Handle::open(&path).unwrap().execute_batch(schema).unwrap();
        let handle = open(&path).unwrap();

        let mut statement = handle.prepare("SELECT name FROM things WHERE kind = ?1").unwrap();
        for kind in ["odd", "even", "odd"] {
            assert!(!statement.exists([kind]).unwrap());
        }

        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
        std::fs::remove_file(&path).unwrap();
    }
}
