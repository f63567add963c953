//! The one writer of an SQLite file, with group commit.
//!
//! A commit costs a wait for the disk, so transactions that follow closely share one. `BEGIN` is
//! sent once; each transaction is a savepoint in it. `commit` releases the savepoint and hands the
//! open transaction to the next in line. Whoever finds nobody in line commits for all, and only
//! then does any of them get its answer: what was acknowledged is durable. A rollback touches its
//! own savepoint alone.
//!
//! Short transactions whose steps are known beforehand are done by a thread (`jobs.rs`), which takes
//! its turn like the others.
//!
//! What must stay true: whenever the lane is given up, either somebody is in line who will pass
//! this way again, or the batch is being committed. Every way out (commit, drop, cancelled while in
//! line, timed out) goes through [`Turn`] or [`InLine`], whose `drop` sees to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::time::Instant;

use super::lane::{Blocked, FIRST_PAUSE, LONGEST_PAUSE, Lane};
use super::opened::Opened;
use super::{execute, query};
use crate::metrics::Counter;
use crate::storage::backend::{Connection, Table};
use crate::storage::row::Row;
use crate::storage::sql::for_sqlite;
use crate::storage::value::Value;
use crate::storage::{Error, PATIENCE, Result};

/// The line in front of the writing connection.
pub(super) struct Writer {
    #[cfg(test)]
    files: Arc<Opened>,
    /// Fair: first come, first served.
    lane: Arc<Mutex<Lane>>,
    /// How many stand in line. Each of them will look after the open batch.
    in_line: AtomicUsize,
    commits: Arc<Counter>,
}

impl Writer {
    pub(super) fn new(files: &Arc<Opened>) -> Self {
        let lane = Lane::new(files.clone());
        Self {
            #[cfg(test)]
            files: files.clone(),
            commits: lane.commits(),
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

    /// Marks the database from now on: see [`Checkpoints::serve`](super::checkpoints::Checkpoints::serve).
    pub(super) async fn serve(self: &Arc<Self>) -> Result<bool> {
        let mut turn = self.turn(Instant::now() + PATIENCE).await?;
        turn.lane().serve()
    }

    /// Waits for its turn and opens a savepoint.
    pub(super) async fn begin(self: &Arc<Self>) -> Result<Transaction> {
        let deadline = Instant::now() + PATIENCE;
        let mut turn = self.turn(deadline).await?;
        let mut pause = FIRST_PAUSE;
        loop {
            match turn.lane().enter() {
                Ok(()) => return Ok(Transaction { turn, is_over: false }),
                Err(Blocked::Busy(_)) if Instant::now() < deadline => {
                    tokio::time::sleep(pause).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(blocked) => return Err(blocked.into()),
            }
        }
    }

    /// The turn of a thread that may wait for it.
    pub(super) fn blocking_turn(self: &Arc<Self>) -> Turn {
        let in_line = InLine::join(self);
        let lane = self.lane.clone().blocking_lock_owned();
        in_line.leave();
        Turn::new(self, lane)
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
pub(super) struct Turn {
    writer: Arc<Writer>,
    /// Taken by `drop` and `commit` alone.
    lane: Option<OwnedMutexGuard<Lane>>,
}

impl Turn {
    fn new(writer: &Arc<Writer>, lane: OwnedMutexGuard<Lane>) -> Self {
        Self {
            writer: writer.clone(),
            lane: Some(lane),
        }
    }

    pub(super) fn lane(&mut self) -> &mut Lane {
        self.lane.as_mut().expect("only `drop` and `commit` take it")
    }

    /// Ends the open batch on this thread, also while others are in line.
    pub(super) fn commit(mut self) {
        if let Some(mut lane) = self.lane.take() {
            lane.finish();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(mut lane) = self.lane.take() else { return };
        if !lane.is_open() || self.writer.in_line.load(Ordering::SeqCst) > 0 && lane.has_room() {
            return;
        }
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if !lane.is_empty() => drop(runtime.spawn_blocking(move || lane.finish())),
            _ => lane.finish(),
        }
    }
}

/// A write transaction: a savepoint in the shared one.
pub(super) struct Transaction {
    turn: Turn,
    is_over: bool,
}

#[async_trait]
impl Connection for Transaction {
    async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        self.turn.lane().run(|handle| execute(handle, for_sqlite(sql), &args))
    }

    async fn query(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.turn.lane().run(|handle| query(handle, for_sqlite(sql), &args))
    }

    async fn scan(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        self.query(sql, args).await
    }

    async fn give(&mut self, _table: &Table, _to: Sender<Vec<Row>>) -> Result<()> {
        Err(Error::Statement(
            "a whole table is read without a transaction".to_owned(),
        ))
    }

    async fn take(&mut self, table: &Table, mut from: Receiver<Vec<Row>>) -> Result<()> {
        let marks: Vec<_> = (1..=table.columns.len()).map(|number| format!("?{number}")).collect();
        let columns = table.columns.join(", ");
        let sql = format!("INSERT INTO {} ({columns}) VALUES ({})", table.name, marks.join(", "));
        while let Some(rows) = from.recv().await {
            self.turn.lane().run(|handle| {
                rows.into_iter()
                    .try_for_each(|row| execute(handle, &sql, &row.into_values()).map(drop))
            })?;
        }
        Ok(())
    }

    async fn batch(&mut self, sql: &str) -> Result<()> {
        self.turn.lane().run(|handle| handle.execute_batch(sql))
    }

    async fn commit(mut self: Box<Self>) -> Result<()> {
        self.turn.lane().release()?;
        self.is_over = true;
        let (member, answer) = oneshot::channel();
        self.turn.lane().join_released(member);
        drop(self);
        answer
            .await
            .unwrap_or_else(|_| Err(Error::unavailable("stopped before the commit")))
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if !self.is_over && self.turn.lane().is_open() {
            self.turn.lane().roll_back();
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::future::{Future, poll_fn};
    use std::path::PathBuf;
    use std::pin::{Pin, pin};
    use std::task::Poll;
    use std::time::Duration;

    use rusqlite::Connection as Handle;

    use super::*;

    pub(in super::super) struct Folder(pub(in super::super) PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// Does something with the writing connection, which nobody uses.
    pub(in super::super) async fn with_handle(writer: &Arc<Writer>, work: impl FnOnce(&mut Handle)) {
        let mut tx = writer.begin().await.unwrap();
        work(tx.turn.lane().handle.as_mut().unwrap());
    }

    /// A writer on a fresh file with one table.
    pub(in super::super) fn writer(name: &str) -> (Arc<Writer>, Folder) {
        let folder = std::env::temp_dir().join(format!("authara_writer_{}_{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("test.db");
        Handle::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE things (name TEXT UNIQUE) STRICT")
            .unwrap();
        (Arc::new(Writer::new(&Opened::new(&path, true))), Folder(folder))
    }

    /// What is in the file, as another process sees it.
    pub(in super::super) fn things(writer: &Writer) -> Vec<String> {
        let handle = Handle::open(&writer.files.path).unwrap();
        let mut statement = handle.prepare("SELECT name FROM things ORDER BY name").unwrap();
        let names = statement.query_map((), |row| row.get(0)).unwrap();
        names.map(rusqlite::Result::unwrap).collect()
    }

    pub(in super::super) async fn begun(writer: &Arc<Writer>, name: &str) -> Box<Transaction> {
        let mut tx = Box::new(writer.begin().await.unwrap());
        tx.execute("INSERT INTO things VALUES ($1)", vec![name.into()])
            .await
            .unwrap();
        tx
    }

    /// Lets a future run until it waits.
    pub(in super::super) async fn advance<F: Future>(mut future: Pin<&mut F>) -> bool {
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

        tokio::time::timeout(Duration::from_mins(1), committed)
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
