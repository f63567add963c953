//! The writing connection and the batch on it that is not committed yet.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection as Handle;
use tokio::sync::oneshot;

use super::checkpoints::Checkpoints;
use super::opened::Opened;
use super::{execute, is_busy, query, writing_error};
use crate::metrics::Counter;
use crate::storage::backend::{Job, Statement, Step};
use crate::storage::row::Row;
use crate::storage::sql::for_sqlite;
use crate::storage::{Error, PATIENCE, Result};

/// Transactions that share one commit at most, so that the first need not wait for ever.
const BATCH: usize = 256;
/// Pauses between two looks at a file that another process is writing to.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(1);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(5);
/// A job that panics has this statement for the other database.
#[cfg(test)]
pub(super) const PANICS: &str = "panics";

/// The writing connection and what is not committed yet.
pub(super) struct Lane {
    // Before the connection, which closes last, empties the log and leaves one file behind.
    checkpoints: Checkpoints,
    pub(super) handle: Option<Handle>,
    files: Arc<Opened>,
    /// Whether `BEGIN` has been sent.
    is_open: bool,
    /// Released savepoints that wait for the commit.
    batch: Vec<Member>,
    commits: Arc<Counter>,
}

/// Who waits for the commit.
enum Member {
    /// A conversation.
    Transaction(oneshot::Sender<Result<()>>),
    /// A job, and what it found.
    Job(oneshot::Sender<Result<Vec<Row>>>, Vec<Row>),
}

impl Member {
    /// One who was cancelled in the meantime does not listen; the others are not concerned.
    fn hear(self, result: &Result<()>) {
        match self {
            Self::Transaction(answer) => _ = answer.send(result.clone()),
            Self::Job(answer, rows) => _ = answer.send(result.clone().map(|()| rows)),
        }
    }
}

/// Why there is no savepoint.
pub(super) enum Blocked {
    /// Another process writes to the file; it may be done soon.
    Busy(Error),
    /// Anything else.
    Failed(Error),
}

impl From<rusqlite::Error> for Blocked {
    fn from(error: rusqlite::Error) -> Self {
        let kind = if is_busy(&error) { Self::Busy } else { Self::Failed };
        kind(writing_error(&error))
    }
}

impl From<Error> for Blocked {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Blocked> for Error {
    fn from(blocked: Blocked) -> Self {
        let (Blocked::Busy(error) | Blocked::Failed(error)) = blocked;
        error
    }
}

impl Lane {
    pub(super) fn new(files: Arc<Opened>) -> Self {
        Self {
            checkpoints: Checkpoints::new(&files),
            handle: None,
            files,
            is_open: false,
            batch: Vec::new(),
            commits: Arc::default(),
        }
    }

    /// Marks the database from now on: see [`Checkpoints::serve`]. An open batch is ended before.
    pub(super) fn serve(&mut self) -> Result<bool> {
        self.finish();
        self.connect()?;
        match &self.handle {
            Some(handle) => self.checkpoints.serve(handle),
            None => Ok(false),
        }
    }

    /// How often a batch became durable.
    pub(super) fn commits(&self) -> Arc<Counter> {
        self.commits.clone()
    }

    /// Whether `BEGIN` has been sent, so that something must come of it.
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    /// Whether nobody waits for the commit.
    pub(super) fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    /// Whether a further transaction may share the open batch.
    pub(super) fn has_room(&self) -> bool {
        self.is_open && self.batch.len() < BATCH
    }

    /// Does a job in the savepoint that was opened for it. If it fails or ends without effect, nothing
    /// of it stays.
    pub(super) fn job(&mut self, job: Job) -> Result<Vec<Row>> {
        let done = self.steps(job);
        match &done {
            Ok(Some(_)) => self.release()?,
            _ if self.is_open => self.roll_back(),
            _ => {}
        }
        Ok(done?.unwrap_or_default())
    }

    fn steps(&mut self, job: Job) -> Result<Option<Vec<Row>>> {
        #[cfg(test)]
        assert_ne!(job.postgres.sql, PANICS);
        let mut rows = Vec::new();
        for step in job.sqlite {
            match step {
                Step::Must(step) if self.execute(&step)? == 0 => return Ok(None),
                Step::Must(_) => {}
                Step::Do(step) => _ = self.execute(&step)?,
                Step::Rows(step) => rows = self.run(|handle| query(handle, for_sqlite(step.sql), &step.args))?,
            }
        }
        Ok(Some(rows))
    }

    fn execute(&mut self, step: &Statement) -> Result<u64> {
        self.run(|handle| execute(handle, for_sqlite(step.sql), &step.args))
    }

    /// A job is over: it hears of it after the commit, also if it had no effect, for who lost a race
    /// must not see its winner undone.
    pub(super) fn join(&mut self, answer: oneshot::Sender<Result<Vec<Row>>>, rows: Vec<Row>) {
        self.batch.push(Member::Job(answer, rows));
        if !self.is_open {
            self.answer(&Err(Error::unavailable("the transaction was lost")));
        }
    }

    /// A conversation is over, and its savepoint released: it hears of the commit.
    pub(super) fn join_released(&mut self, answer: oneshot::Sender<Result<()>>) {
        self.batch.push(Member::Transaction(answer));
    }

    /// Makes the open batch durable, if there is one, or forgets it if it is empty.
    pub(super) fn finish(&mut self) {
        if self.is_open && self.batch.is_empty() {
            self.abandon(&Error::unavailable("rolled back"));
        } else if self.is_open {
            self.commit();
        }
    }

    /// Opens what is not open yet, down to a savepoint.
    pub(super) fn enter(&mut self) -> std::result::Result<(), Blocked> {
        if !self.is_open {
            self.connect()?;
        }
        if let Some(handle) = &self.handle {
            if !self.is_open {
                handle.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
                self.is_open = true;
                self.files.note();
            }
            handle.prepare_cached("SAVEPOINT work")?.execute(())?;
        }
        Ok(())
    }

    /// The same on a thread that may wait for other processes.
    pub(super) fn enter_patiently(&mut self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = FIRST_PAUSE;
        loop {
            match self.enter() {
                Ok(()) => return Ok(()),
                Err(Blocked::Busy(_)) if Instant::now() < deadline => {
                    std::thread::sleep(pause);
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(blocked) => return Err(blocked.into()),
            }
        }
    }

    /// Opens the connection, unless it is open. No batch is.
    fn connect(&mut self) -> std::result::Result<(), Blocked> {
        self.files.check()?;
        if self.handle.is_none() {
            self.handle = Some(open_writer(&self.files, &self.checkpoints)?);
        }
        Ok(())
    }

    /// Runs a step inside the savepoint.
    pub(super) fn run<T>(&mut self, step: impl FnOnce(&Handle) -> rusqlite::Result<T>) -> Result<T> {
        let Some(handle) = self.handle.as_ref().filter(|_| self.is_open) else {
            return Err(Error::unavailable("the transaction was lost"));
        };
        let result = step(handle).map_err(|error| writing_error(&error));
        if let Err(error) = &result
            && handle.is_autocommit()
        {
            // A full disk or a failing one makes SQLite roll everything back by itself, the
            // batch included. Going on would write outside any transaction.
            self.abandon(error);
        }
        result
    }

    pub(super) fn release(&mut self) -> Result<()> {
        self.run(|handle| handle.prepare_cached("RELEASE work")?.execute(()))?;
        Ok(())
    }

    pub(super) fn roll_back(&mut self) {
        let undone = self.run(|handle| {
            handle.prepare_cached("ROLLBACK TO work")?.execute(())?;
            handle.prepare_cached("RELEASE work")?.execute(())
        });
        if let Err(error) = undone {
            self.abandon(&error);
        }
    }

    /// Makes the batch durable and tells its members. Waits for the disk.
    fn commit(&mut self) {
        let result = self.run(|handle| handle.prepare_cached("COMMIT")?.execute(()));
        match result {
            Ok(_) => {
                self.is_open = false;
                self.commits.one();
                self.answer(&Ok(()));
                if let Some(handle) = &self.handle {
                    self.checkpoints.keep_short(handle);
                }
            }
            Err(error) => self.abandon(&error),
        }
    }

    /// Rolls everything back. After a failure nothing is known of the connection, so it is closed;
    /// the next transaction opens another.
    pub(super) fn abandon(&mut self, error: &Error) {
        let is_failure = !self.batch.is_empty();
        let undone = match &self.handle {
            Some(handle) if !handle.is_autocommit() => handle.execute_batch("ROLLBACK").is_ok(),
            _ => false,
        };
        if is_failure || !undone {
            self.handle = None;
        }
        self.is_open = false;
        self.answer(&Err(match error {
            Error::Unavailable(_) => error.clone(),
            _ => Error::unavailable(error),
        }));
    }

    fn answer(&mut self, result: &Result<()>) {
        for member in self.batch.drain(..) {
            member.hear(result);
        }
    }
}

fn open_writer(files: &Opened, checkpoints: &Checkpoints) -> rusqlite::Result<Handle> {
    let mut handle = files.connect()?;
    // Waiting happens in `begin`, without holding up a thread.
    handle.busy_timeout(Duration::ZERO)?;
    handle.pragma_update(None, "journal_mode", "WAL")?;
    handle.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    checkpoints.watch(&mut handle)?;
    Ok(handle)
}
