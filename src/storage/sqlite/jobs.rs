//! A thread that does short transactions, many with one commit.
//!
//! Handing the writing connection from task to task costs more than the statements of a short
//! transaction. So a [`Job`] goes to a thread that takes the lane once for all that are waiting, as
//! one of those in line, commits on the spot, and only then answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::lane::Lane;
use super::writer::Writer;
use crate::storage::backend::Job;
use crate::storage::row::Row;
use crate::storage::{Error, PATIENCE, Result};

/// A job that waits, and who waits for it.
pub(super) struct Queued {
    pub(super) job: Job,
    pub(super) answer: oneshot::Sender<Result<Vec<Row>>>,
}

/// The queue, and the thread behind it once there was a job.
pub(super) struct Jobs {
    writer: Arc<Writer>,
    thread: Mutex<Option<Worker>>,
    waiting: Arc<AtomicUsize>,
}

struct Worker {
    queue: mpsc::Sender<Queued>,
    thread: JoinHandle<()>,
}

impl Jobs {
    pub(super) fn new(writer: Arc<Writer>) -> Self {
        Self {
            writer,
            thread: Mutex::new(None),
            waiting: Arc::default(),
        }
    }

    /// How many wait to be begun.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Does a job; durable when this returns. A caller who does not wait until it begins takes it back;
    /// one whose patience ends later does not know whether it took effect.
    pub(super) async fn run(&self, job: Job) -> Result<Vec<Row>> {
        let (answer, answered) = oneshot::channel();
        self.send(Queued { job, answer })?;
        match timeout(PATIENCE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::unavailable("stopped before the commit")),
            Err(_) => Err(Error::unavailable("the writer is busy")),
        }
    }

    fn send(&self, queued: Queued) -> Result<()> {
        let mut worker = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if worker.as_ref().is_none_or(|worker| worker.thread.is_finished()) {
            *worker = Some(self.start()?);
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let sent = worker.as_ref().map(|worker| worker.queue.send(queued));
        if let Some(Ok(())) = sent {
            return Ok(());
        }
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        Err(Error::unavailable("the writing thread has ended"))
    }

    fn start(&self) -> Result<Worker> {
        let (queue, jobs) = mpsc::channel();
        let thread = Thread {
            writer: self.writer.clone(),
            queue: jobs,
            waiting: self.waiting.clone(),
        };
        let thread = thread::Builder::new().name("writer".to_owned()).spawn(|| thread.run());
        Ok(Worker {
            queue,
            thread: thread.map_err(Error::unavailable)?,
        })
    }
}

impl Drop for Jobs {
    fn drop(&mut self) {
        let worker = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(Worker { queue, thread }) = worker.take() else {
            return;
        };
        drop(queue);
        // It has nothing to say.
        let _ = thread.join();
    }
}

struct Thread {
    writer: Arc<Writer>,
    queue: mpsc::Receiver<Queued>,
    waiting: Arc<AtomicUsize>,
}

impl Thread {
    /// Until the queue is closed and empty.
    fn run(self) {
        while let Ok(first) = self.queue.recv() {
            let mut turn = self.writer.blocking_turn();
            let mut next = Some(first);
            while let Some(Queued { job, answer }) = next {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                if !answer.is_closed() {
                    self.work(turn.lane(), job, answer);
                }
                next = if turn.lane().has_room() {
                    self.queue.try_recv().ok()
                } else {
                    None
                };
            }
            turn.commit();
        }
    }

    fn work(&self, lane: &mut Lane, job: Job, answer: oneshot::Sender<Result<Vec<Row>>>) {
        if let Err(error) = lane.enter_patiently() {
            // Whatever the cause, it is the same for all that wait.
            let refused = std::iter::from_fn(|| self.queue.try_recv().ok());
            for Queued { answer, .. } in refused {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                let _ = answer.send(Err(error.clone()));
            }
            let _ = answer.send(Err(error));
            return;
        }
        match catch_unwind(AssertUnwindSafe(|| lane.job(job))) {
            Ok(Ok(rows)) => lane.join(answer, rows),
            // An error is told at once, for it stays one whatever becomes of the others.
            Ok(Err(error)) => drop(answer.send(Err(error))),
            Err(_) => {
                let error = Error::unavailable("the writing thread failed");
                lane.abandon(&error);
                let _ = answer.send(Err(error));
            }
        }
    }
}

#[cfg(test)]
mod tests;
