//! The one writer of an SQLite file, with group commit.
//!
//! A commit costs a wait for the disk, so transactions that follow closely share one. `BEGIN` is
//! sent once; each transaction is a savepoint in it. `commit` releases the savepoint and hands the
//! open transaction to the next in line. Whoever finds nobody in line commits for all, and only
//! then does any of them get its answer: what was acknowledged is durable. A rollback touches its
//! own savepoint alone.
//!
//! What must stay true: whenever the lane is given up, either somebody is in line who will pass
//! this way again, or the batch is being committed. Every way out (commit, drop, cancelled while in
//! line, timed out) goes through [`Turn`] or [`InLine`], whose `drop` sees to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::Connection as Handle;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::Instant;

use super::{FileId, execute, is_busy, open, query, writing_error};
use crate::metrics::Counter;
use crate::storage::backend::Connection;
use crate::storage::row::Row;
use crate::storage::sql::for_sqlite;
use crate::storage::value::Value;
use crate::storage::{Error, PATIENCE, Result};

/// Transactions that share one commit at most, so that the first need not wait for ever.
const BATCH: usize = 256;
/// Pauses between two looks at a file that another process is writing to.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(5);

/// The line in front of the writing connection.
pub(super) struct Writer {
    path: PathBuf,
    /// Fair: first come, first served.
    lane: Arc<Mutex<Lane>>,
    /// How many stand in line. Each of them will look after the open batch.
    in_line: AtomicUsize,
    commits: Arc<Counter>,
}

/// The writing connection and what is not committed yet.
#[derive(Default)]
struct Lane {
    handle: Option<Handle>,
    /// The file that the connection has open.
    opened: Option<FileId>,
    /// Whether `BEGIN` has been sent.
    is_open: bool,
    /// Released savepoints that wait for the commit.
    batch: Vec<oneshot::Sender<Result<()>>>,
    commits: Arc<Counter>,
}

impl Writer {
    pub(super) fn new(path: &Path) -> Self {
        let lane = Lane::default();
        Self {
            path: path.to_owned(),
            commits: lane.commits.clone(),
            lane: Arc::new(Mutex::new(lane)),
            in_line: AtomicUsize::new(0),
        }
    }

    /// How many stand in line.
    pub(super) fn waiting(&self) -> usize {
        self.in_line.load(Ordering::Relaxed)
    }

    /// How often a batch became durable.
    pub(super) fn commits(&self) -> u64 {
        self.commits.value()
    }

    /// Waits for its turn and opens a savepoint.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Transaction> {
        let deadline = Instant::now() + PATIENCE;
        let mut turn = self.turn(deadline).await?;
        let mut pause = FIRST_PAUSE;
        loop {
            match turn.lane().enter(&self.path) {
                Ok(()) => return Ok(Transaction { turn, is_over: false }),
                Err(error) if is_busy(&error) && Instant::now() < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(error) => return Err(writing_error(&error)),
            }
        }
    }

    async fn turn(self: &Arc<Self>, deadline: Instant) -> Result<Turn> {
        let in_line = InLine::join(self);
        let lane = tokio::time::timeout_at(deadline, self.lane.clone().lock_owned())
            .await
            .map_err(|_| Error::unavailable("the writer is busy"))?;
        in_line.leave();
        Ok(Turn::new(self, lane))
    }
}

/// A place in the line.
struct InLine(Option<Arc<Writer>>);

impl InLine {
    fn join(writer: &Arc<Writer>) -> Self {
        writer.in_line.fetch_add(1, Ordering::SeqCst);
        Self(Some(writer.clone()))
    }

    /// Its turn has come.
    fn leave(mut self) {
        if let Some(writer) = self.0.take() {
            writer.in_line.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        let Some(writer) = self.0.take() else { return };
        writer.in_line.fetch_sub(1, Ordering::SeqCst);
        // It gives up its place. Somebody may have left the batch to it, so a turn is taken all
        // the same, only to pass it on.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        runtime.spawn(async move {
            let lane = writer.lane.clone().lock_owned().await;
            drop(Turn::new(&writer, lane));
        });
    }
}

/// The right to use the writing connection.
struct Turn {
    writer: Arc<Writer>,
    /// Taken by `drop` alone.
    lane: Option<OwnedMutexGuard<Lane>>,
}

impl Turn {
    fn new(writer: &Arc<Writer>, lane: OwnedMutexGuard<Lane>) -> Self {
        Self {
            writer: writer.clone(),
            lane: Some(lane),
        }
    }

    fn lane(&mut self) -> &mut Lane {
        self.lane.as_mut().expect("only `drop` takes it")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut lane) = self.lane.take() else { return };
        if !lane.is_open {
            return;
        }
        if self.writer.in_line.load(Ordering::SeqCst) > 0 && lane.batch.len() < BATCH {
            return;
        }
        if lane.batch.is_empty() {
            lane.abandon(&Error::unavailable("rolled back"));
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || lane.commit())),
            Err(_) => lane.commit(),
        }
    }
}

impl Lane {
    /// Opens what is not open yet, down to a savepoint.
    fn enter(&mut self, path: &Path) -> rusqlite::Result<()> {
        if !self.is_open {
            let there = FileId::of(path);
            self.handle.take_if(|_| self.opened != there);
            self.opened = there;
        }
        let handle = match &self.handle {
            Some(handle) => handle,
            None => self.handle.insert(open_writer(path)?),
        };
        if !self.is_open {
            handle.prepare_cached("BEGIN IMMEDIATE")?.execute(())?;
            self.is_open = true;
        }
        handle.prepare_cached("SAVEPOINT work")?.execute(())?;
        Ok(())
    }

    /// Runs a step inside the savepoint.
    fn run<T>(&mut self, step: impl FnOnce(&Handle) -> rusqlite::Result<T>) -> Result<T> {
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

    fn release(&mut self) -> Result<()> {
        self.run(|handle| handle.prepare_cached("RELEASE work")?.execute(()))?;
        Ok(())
    }

    fn roll_back(&mut self) {
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
            }
            Err(error) => self.abandon(&error),
        }
    }

    /// Rolls everything back. After a failure nothing is known of the connection, so it is closed;
    /// the next transaction opens another.
    fn abandon(&mut self, error: &Error) {
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
            // Whoever was cancelled in the meantime does not listen; the others are not concerned.
            let _ = member.send(result.clone());
        }
    }
}

fn open_writer(path: &Path) -> rusqlite::Result<Handle> {
    let handle = open(path)?;
    // Waiting happens in `begin`, without holding up a thread.
    handle.busy_timeout(Duration::ZERO)?;
    handle.pragma_update(None, "journal_mode", "WAL")?;
    handle.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    Ok(handle)
}

/// A write transaction: a savepoint in the shared one.
pub(super) struct Transaction {
    turn: Turn,
    is_over: bool,
}

#[async_trait]
impl Connection for Transaction {
    async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        self.turn.lane().run(|handle| execute(handle, &for_sqlite(sql), &args))
    }

    async fn query(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.turn.lane().run(|handle| query(handle, &for_sqlite(sql), &args))
    }

    async fn scan(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.query(sql, args).await
    }

    async fn batch(&mut self, sql: &str) -> Result<()> {
        self.turn.lane().run(|handle| handle.execute_batch(sql))
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.turn.lane().release()?;
        self.is_over = true;
        let (member, answer) = oneshot::channel();
        self.turn.lane().batch.push(member);
        drop(self);
        answer
            .await
            .unwrap_or_else(|_| Err(Error::unavailable("stopped before the commit")))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.is_over && self.turn.lane().is_open {
            self.turn.lane().roll_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::{Pin, pin};
    use std::task::Poll;

    use super::*;

    struct Folder(PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// A writer on a fresh file with one table.
    fn writer(name: &str) -> (Arc<Writer>, Folder) {
        let folder = std::env::temp_dir().join(format!("authara_writer_{}_{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("test.db");
        Handle::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE things (name TEXT UNIQUE) STRICT")
            .unwrap();
        (Arc::new(Writer::new(&path)), Folder(folder))
    }

    /// What is in the file, as another process sees it.
    fn things(writer: &Writer) -> Vec<String> {
        let handle = Handle::open(&writer.path).unwrap();
        let mut statement = handle.prepare("SELECT name FROM things ORDER BY name").unwrap();
        let names = statement.query_map((), |row| row.get(0)).unwrap();
        names.map(rusqlite::Result::unwrap).collect()
    }

    async fn begun(writer: &Arc<Writer>, name: &str) -> Box<Transaction> {
        let mut tx = Box::new(writer.begin().await.unwrap());
        tx.execute("INSERT INTO things VALUES ($1)", vec![name.into()])
            .await
            .unwrap();
        tx
    }

    /// Lets a future run until it waits.
    async fn advance<F: Future>(mut future: Pin<&mut F>) -> bool {
        poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await
    }

    #[tokio::test]
    async fn whoever_follows_closely_shares_the_commit_and_hears_of_it_only_then() {
        let (writer, _folder) = writer("share");
        let first = begun(&writer, "a").await;
        let mut next = pin!(writer.begin());
        assert!(!advance(next.as_mut()).await);
        let mut committed = pin!(first.commit());

        assert!(
            !advance(committed.as_mut()).await,
            "the commit is left to the next in line"
        );
        let second = Box::new(next.await.unwrap());
        assert!(things(&writer).is_empty());

        drop(second);
        committed.await.unwrap();
        assert_eq!(things(&writer), ["a"]);
    }

    #[tokio::test]
    async fn whoever_leaves_the_line_does_not_leave_the_batch_behind() {
        let (writer, _folder) = writer("leave");
        let first = begun(&writer, "a").await;
        let mut next = Box::pin(writer.begin());
        assert!(!advance(next.as_mut()).await);
        let mut committed = pin!(first.commit());
        assert!(!advance(committed.as_mut()).await);

        drop(next);

        tokio::time::timeout(Duration::from_secs(3), committed)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(things(&writer), ["a"]);
    }

    #[tokio::test]
    async fn a_member_that_goes_away_or_rolls_back_disturbs_nobody() {
        let (writer, _folder) = writer("away");
        let first = begun(&writer, "a").await;
        let mut next = pin!(writer.begin());
        assert!(!advance(next.as_mut()).await);
        let mut committed = first.commit();
        assert!(!advance(Pin::new(&mut committed)).await);

        drop(committed);
        let mut second = Box::new(next.await.unwrap());
        second.execute("INSERT INTO things VALUES ('b')", vec![]).await.unwrap();
        let twice = second.execute("INSERT INTO things VALUES ('a')", vec![]).await;
        assert!(matches!(twice, Err(Error::Taken(_))));
        drop(second);
        begun(&writer, "c").await.commit().await.unwrap();

        assert_eq!(things(&writer), ["a", "c"]);
    }

    #[tokio::test]
    async fn a_failed_commit_is_reported_to_every_member_and_the_writer_goes_on() {
        let (writer, _folder) = writer("fail");
        let mut first = begun(&writer, "a").await;
        let handle = first.turn.lane().handle.as_mut().unwrap();
        handle.commit_hook(Some(|| true)).unwrap();
        let mut next = pin!(writer.begin());
        assert!(!advance(next.as_mut()).await);
        let mut committed = pin!(first.commit());
        assert!(!advance(committed.as_mut()).await);
        let mut second = Box::new(next.await.unwrap());
        second.execute("INSERT INTO things VALUES ('b')", vec![]).await.unwrap();

        let answers = [second.commit().await, committed.await];

        for answer in answers {
            assert!(answer.unwrap_err().is_unavailable());
        }
        assert!(things(&writer).is_empty());
        begun(&writer, "c").await.commit().await.unwrap();
        assert_eq!(things(&writer), ["c"]);
    }

    #[tokio::test]
    async fn a_transaction_that_sqlite_gave_up_by_itself_is_not_written_on() {
        let (writer, _folder) = writer("lost");
        let first = begun(&writer, "a").await;
        let mut next = pin!(writer.begin());
        assert!(!advance(next.as_mut()).await);
        let mut committed = pin!(first.commit());
        assert!(!advance(committed.as_mut()).await);
        let mut second = Box::new(next.await.unwrap());

        // What a full disk does.
        let error = second.batch("ROLLBACK; SELECT nonsense").await;
        let after = second.execute("INSERT INTO things VALUES ('b')", vec![]).await;

        assert!(error.is_err());
        assert!(after.unwrap_err().is_unavailable());
        assert!(committed.await.unwrap_err().is_unavailable());
        assert!(second.commit().await.is_err());
        assert!(things(&writer).is_empty());
        begun(&writer, "c").await.commit().await.unwrap();
        assert_eq!(things(&writer), ["c"]);
    }
}
