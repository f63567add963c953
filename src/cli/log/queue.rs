//! Lines pass a queue to a thread that writes them, so that a reader of the log who stalls holds up
//! nothing else. When the queue is full, lines are dropped and counted.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::metrics::LOG_LINES_LOST;

/// Bytes of lines that wait, at most: some four thousand lines.
const MOST: usize = 1024 * 1024;

/// The queue. A line is put in by one call of `write`, which never waits.
#[derive(Clone)]
pub(super) struct Queue(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Something waits.
    filled: Condvar,
    /// Nothing waits any more, and nothing is being written.
    emptied: Condvar,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    is_writing: bool,
    /// Lines dropped since this was last told.
    lost: u64,
}

impl Queue {
    /// Starts the thread, which writes to `out` what is put in, in order, and calls `tell_lost` with the
    /// number of lines that were dropped once there is room again.
    pub(super) fn start(
        out: impl Write + Send + 'static,
        tell_lost: impl Fn(u64) + Send + 'static,
    ) -> io::Result<Self> {
        let queue = Self(Arc::default());
        let shared = queue.0.clone();
        let work = move || shared.work(out, &tell_lost);
        thread::Builder::new().name("log".to_owned()).spawn(work)?;
        Ok(queue)
    }

    /// Waits until everything is written, but no longer than that.
    pub(super) fn flush(&self, longest: Duration) {
        let end = Instant::now() + longest;
        let mut state = self.0.lock();
        while !state.waiting.is_empty() || state.is_writing {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.emptied.wait_timeout(state, left);
            (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Write for &Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.0.lock();
        if state.waiting.len() + line.len() > MOST {
            state.lost += 1;
            LOG_LINES_LOST.one();
        } else {
            state.waiting.extend_from_slice(line);
            self.0.filled.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn work(&self, mut out: impl Write, tell_lost: &impl Fn(u64)) {
        let mut lines = Vec::new();
        loop {
            self.take(&mut lines);
            // There is nobody to tell that the log cannot be written.
            let _ = out.write_all(&lines);
            lines.clear();
            let lost = {
                let mut state = self.lock();
                state.is_writing = false;
                if state.waiting.is_empty() {
                    self.emptied.notify_all();
                    std::mem::take(&mut state.lost)
                } else {
                    // The line that tells it would be lost as well.
                    0
                }
            };
            if lost > 0 {
                tell_lost(lost);
            }
        }
    }

    /// Waits for lines, and takes all there are.
    fn take(&self, lines: &mut Vec<u8>) {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut state.waiting, lines);
        state.is_writing = true;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Gets every write, and goes on once it is told to.
    struct Slow {
        got: mpsc::Sender<Vec<u8>>,
        go_on: mpsc::Receiver<()>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.got.send(bytes.to_vec()).unwrap();
            self.go_on.recv().unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_find_no_room_are_dropped_and_told_and_the_others_keep_their_order() {
        let (got, written) = mpsc::channel();
        let (go_on, told) = mpsc::channel();
        let (lost, were_lost) = mpsc::channel();
        let slow = Slow { got, go_on: told };
        let queue = Queue::start(slow, move |count| lost.send(count).unwrap()).unwrap();
        let before = LOG_LINES_LOST.value();

        (&queue).write_all(b"first\n").unwrap();
        assert_eq!(written.recv().unwrap(), b"first\n");
        // The thread is busy from now on.
        let long = vec![b'x'; MOST / 4];
        for _ in 0..6 {
            (&queue).write_all(&long).unwrap();
        }
        let begun = Instant::now();
        queue.flush(Duration::from_millis(50));
        assert!(begun.elapsed() >= Duration::from_millis(50), "nothing is written yet");
        go_on.send(()).unwrap();

        assert_eq!(written.recv().unwrap().len(), MOST);
        assert!(were_lost.try_recv().is_err(), "not before there is room for it");
        go_on.send(()).unwrap();
        assert_eq!(were_lost.recv().unwrap(), 2);
        assert!(LOG_LINES_LOST.value() >= before + 2);
        queue.flush(Duration::from_mins(1));
        (&queue).write_all(b"last\n").unwrap();
        assert_eq!(written.recv().unwrap(), b"last\n");
        go_on.send(()).unwrap();
    }
}
