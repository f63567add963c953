//! Keeps the log short: a connection and a thread of its own copy it into the file.
//!
//! SQLite does so by itself within a commit, which then takes many times as long. Under endless load
//! the log would never start anew, because there is always something left to copy: beyond a limit the
//! writer does the rest itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rusqlite::Connection as Handle;

use super::files::{self, Server};
use super::marks::Marks;
use super::opened::Opened;
use crate::storage::Result;

/// Pages in the log from which on they are copied.
const COPY_FROM: i32 = 1_000;
/// Pages in the log from which on the writer sees to it that it starts anew. 64 MiB.
const START_ANEW_FROM: i32 = 16_384;
/// How long the writer waits for readers to leave the log.
const READERS_PATIENCE: Duration = Duration::from_millis(20);
/// After readers did not leave it.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// Between two copies.
const PAUSE: Duration = Duration::from_millis(20);

/// The log as the last commit left it, and the thread that copies it, once there was something to copy.
pub(super) struct Checkpoints {
    files: Arc<Opened>,
    pages: Arc<AtomicI32>,
    /// After the commit before.
    pages_before: i32,
    /// When the log may be started anew, after it could not be.
    may_try_at: Option<Instant>,
    /// Whether a server uses the database by this.
    is_of_server: bool,
    /// Only one server has them.
    server: Option<Server>,
    marks: Option<Arc<Marks>>,
    thread: Option<Worker>,
}

struct Worker {
    wake: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    pub(super) fn new(files: &Arc<Opened>) -> Self {
        Self {
            files: files.clone(),
            pages: Arc::default(),
            pages_before: 0,
            may_try_at: None,
            is_of_server: false,
            server: None,
            marks: None,
            thread: None,
        }
    }

    /// Takes the place of SQLite's own checkpoints on the writing connection.
    pub(super) fn watch(&self, writer: &mut Handle) -> rusqlite::Result<()> {
        let pages = self.pages.clone();
        writer.wal_hook(Some(move |_: &mut _, count| {
            pages.store(count, Ordering::Relaxed);
            Ok(())
        }))
    }

    /// Marks the database from now on, while the writing connection is free: see [`Marks`]. `false` if another
    /// server does; then it is done once that has gone.
    pub(super) fn serve(&mut self, writer: &Handle) -> Result<bool> {
        self.is_of_server = true;
        let Some(server) = Server::take(&self.files.path)? else {
            return Ok(false);
        };
        self.server = Some(server);
        if let Err(error) = self.mark(writer) {
            tracing::warn!(%error, "the database could not be marked: if an old copy is put in its place, that is not noticed");
        }
        Ok(true)
    }

    fn mark(&mut self, writer: &Handle) -> io::Result<()> {
        // The thread that copies has no marks yet.
        self.end_thread();
        let file = files::marks_file(&self.files.path).map_err(io::Error::other)?;
        let is_in_file = self.start_anew(writer);
        self.marks = Some(Arc::new(Marks::begin(file, is_in_file, writer)?));
        self.put(writer, Marks::put_next);
        self.start_anew(writer);
        self.put(writer, Marks::put_again);
        Ok(())
    }

    /// After a commit on the writing connection, which is free.
    pub(super) fn keep_short(&mut self, writer: &Handle) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages >= COPY_FROM && self.is_of_server && self.server.is_none() {
            // The other server may have gone.
            let _ = self.serve(writer);
        }
        if pages >= COPY_FROM {
            self.put(writer, Marks::put_next);
        } else if pages < self.pages_before {
            self.put(writer, Marks::put_again);
        }
        self.pages_before = pages;
        if pages >= START_ANEW_FROM && self.may_try_at.is_none_or(|at| Instant::now() >= at) {
            // Somebody who reads for long, such as a backup, must not cost every commit its patience.
            let is_done = self.start_anew(writer);
            self.may_try_at = (!is_done).then(|| Instant::now() + TRY_AGAIN);
        } else if pages >= COPY_FROM {
            self.copy_soon();
        }
    }

    fn put(&self, writer: &Handle, put: fn(&Marks, &Handle) -> rusqlite::Result<()>) {
        if let Some(Err(error)) = self.marks.as_ref().map(|marks| put(marks, writer)) {
            // Another process writes: after the next commit, then.
            tracing::debug!(%error, "the database could not be marked");
        }
    }

    /// Copies all of the log and empties it; `false` if it cannot be done now.
    fn start_anew(&mut self, writer: &Handle) -> bool {
        let mark = self.marks.as_ref().and_then(|marks| marks.committed());
        if self.files.check().is_err() {
            return false;
        }
        let truncate = || {
            writer.busy_timeout(READERS_PATIENCE)?;
            let is_busy = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |row| row.get(0));
            writer.busy_timeout(Duration::ZERO)?;
            is_busy
        };
        match truncate() {
            Ok(0) => {
                self.pages.store(0, Ordering::Relaxed);
                settle(self.marks.as_deref(), mark, writer);
                return true;
            }
            // Somebody still reads what stands there, or copies it: after the next commit, then.
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "the log of the database could not be emptied"),
        }
        false
    }

    /// If the thread has not begun with the last request, it will see this one's pages too.
    fn copy_soon(&mut self) {
        if self.thread.is_none() {
            self.thread = start(self.files.clone(), self.marks.clone());
        }
        if let Some(worker) = &self.thread {
            let _ = worker.wake.try_send(());
        }
    }
}

impl Checkpoints {
    fn end_thread(&mut self) {
        if let Some(Worker { wake, thread }) = self.thread.take() {
            drop(wake);
            let _ = thread.join();
        }
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.end_thread();
    }
}

/// `None` if there can be no thread; then the writer's limit holds.
fn start(files: Arc<Opened>, marks: Option<Arc<Marks>>) -> Option<Worker> {
    let (wake, requests) = sync_channel(1);
    let work = move || copy_on_request(&files, marks.as_deref(), &requests);
    match thread::Builder::new().name("checkpoints".to_owned()).spawn(work) {
        Ok(thread) => Some(Worker { wake, thread }),
        Err(error) => {
            tracing::warn!(%error, "no thread for checkpoints");
            None
        }
    }
}

fn copy_on_request(files: &Opened, marks: Option<&Marks>, requests: &Receiver<()>) {
    let mut opened: Option<Handle> = None;
    while requests.recv().is_ok() {
        // The log does not belong to a database that was put in place of this one.
        if files.check().is_err() {
            continue;
        }
        let copied = match &opened {
            Some(handle) => copy(handle, marks),
            None => files.connect().and_then(|handle| {
                let copied = copy(&handle, marks);
                opened = Some(handle);
                copied
            }),
        };
        if let Err(error) = copied {
            tracing::debug!(%error, "the log of the database could not be copied");
            opened = None;
        }
        thread::sleep(PAUSE);
    }
}

/// As much as can be without waiting for anybody.
fn copy(handle: &Handle, marks: Option<&Marks>) -> rusqlite::Result<()> {
    let mark = marks.and_then(Marks::committed);
    let is_all = handle.query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |row| {
        Ok(row.get::<_, i32>(0)? == 0 && row.get::<_, i32>(1)? == row.get::<_, i32>(2)?)
    })?;
    if is_all {
        settle(marks, mark, handle);
    }
    Ok(())
}

/// All of the log is in the file, the mark that was committed before included.
fn settle(marks: Option<&Marks>, mark: Option<i32>, handle: &Handle) {
    if let (Some(marks), Some(mark)) = (marks, mark)
        && let Err(error) = marks.settle(mark, handle)
    {
        tracing::debug!(%error, "the next mark of the database could not be noted");
    }
}

#[cfg(test)]
mod tests {
    use super::super::writer::tests::{begun, things, with_handle, writer};
    use super::*;
    use crate::storage::backend::Connection as _;

    const MEGABYTE: usize = 1 << 20;
    const PATIENCE: Duration = Duration::from_mins(1);

    /// Waits until it is so; `otherwise` says what is wrong if it never is.
    async fn until(otherwise: &str, is_so: impl Fn() -> bool) {
        let begun_at = Instant::now();
        while !is_so() {
            assert!(begun_at.elapsed() < PATIENCE, "{otherwise}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn the_log_is_copied_while_the_writer_goes_on() {
        let (writer, folder) = writer("copied");
        let path = folder.0.join("test.db");
        for number in 0..5 {
            let large = format!("{number}{}", "x".repeat(MEGABYTE));
            begun(&writer, &large).await.commit().await.unwrap();
        }

        until("nobody copies it", || {
            std::fs::metadata(&path).unwrap().len() >= 5 * MEGABYTE as u64
        })
        .await;
        drop(writer);

        // A task that has committed may hold the writer a little longer than its caller.
        let is_alone = || std::fs::read_dir(&folder.0).unwrap().count() == 1;
        until("the thread goes on, or its connection is open", is_alone).await;
    }

    #[tokio::test]
    async fn the_log_starts_anew_beyond_its_limit_once_nobody_reads_in_it() {
        let (writer, folder) = writer("anew");
        let log = folder.0.join("test.db-wal");
        begun(&writer, "a").await.commit().await.unwrap();
        let reader = Handle::open(folder.0.join("test.db")).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM things").unwrap();
        for number in 0..70 {
            let large = format!("{number}{}", "x".repeat(MEGABYTE));
            begun(&writer, &large).await.commit().await.unwrap();
        }
        assert!(
            std::fs::metadata(&log).unwrap().len() > 64 * MEGABYTE as u64,
            "a reader holds it"
        );

        reader.execute_batch("COMMIT").unwrap();
        let begun_at = Instant::now();
        let mut number = 0;
        // The thread may be copying at that moment, which is another reason to wait.
        while std::fs::metadata(&log).unwrap().len() > 64 * MEGABYTE as u64 {
            assert!(begun_at.elapsed() < PATIENCE, "it never starts anew");
            number += 1;
            begun(&writer, &format!("b{number}")).await.commit().await.unwrap();
        }
        assert_eq!(things(&writer).len(), 71 + number);
    }

    #[tokio::test]
    async fn the_writer_does_not_copy_within_a_commit() {
        let (writer, _folder) = writer("within");
        begun(&writer, "a").await.commit().await.unwrap();

        with_handle(&writer, |handle| {
            // The hook is in the place of SQLite's own checkpoints.
            let pages: i64 = handle
                .query_row("PRAGMA wal_autocheckpoint", (), |row| row.get(0))
                .unwrap();
            assert_eq!(pages, 0);
        })
        .await;
    }
}
