//! Lines pass a queue to a thread that writes them, so that a reader of the log who stalls holds up
//! nothing else. Lines are lost, and counted, when the queue is full and when they cannot be written.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::metrics::LOG_LINES_LOST;

/// Bytes of lines that wait, at most: some four thousand lines.
const MOST: usize = 1024 * 1024;
/// Until the thread writes again to what takes no more at present.
const PAUSE: Duration = Duration::from_millis(10);

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
    /// Lines lost since this was last told.
    lost: u64,
}

impl Queue {
    /// Starts the thread, which writes to `out` what is put in, in order, and calls `tell_lost` with the
    /// number of lines that were lost once there is room again and `out` can be written.
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

    /// Waits until everything is written, what is told of lost lines included, but no longer than that.
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
            state.lose(1);
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
    fn work(&self, out: impl Write, tell_lost: &impl Fn(u64)) {
        let mut out = Out {
            out,
            is_amid_line: false,
        };
        let mut lines = Vec::new();
        loop {
            self.take(&mut lines);
            let unwritten = out.write(&lines);
            lines.clear();
            let lost = self.to_tell(unwritten);
            // Before the queue counts as empty: who flushes it waits for this line too.
            if lost > 0 {
                tell_lost(lost);
            }
            self.rest();
        }
    }

    /// How many lost lines are to be told now, after so many could not be written.
    fn to_tell(&self, unwritten: u64) -> u64 {
        let mut state = self.lock();
        state.lose(unwritten);
        if unwritten == 0 && state.waiting.is_empty() {
            std::mem::take(&mut state.lost)
        } else {
            // The line that tells it would be lost as well.
            0
        }
    }

    /// Nothing is being written.
    fn rest(&self) {
        let mut state = self.lock();
        state.is_writing = false;
        if state.waiting.is_empty() {
            self.emptied.notify_all();
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

impl State {
    fn lose(&mut self, lines: u64) {
        self.lost += lines;
        LOG_LINES_LOST.add(lines);
    }
}

/// What the lines are written to.
struct Out<W> {
    out: W,
    /// The last line that was begun could not be written to its end.
    is_amid_line: bool,
}

impl<W: Write> Out<W> {
    /// Writes whole lines; returns how many of them are lost, for there is an error that stays.
    fn write(&mut self, lines: &[u8]) -> u64 {
        // Nothing is added to half a line.
        if self.is_amid_line && self.put(b"\n") == 0 {
            return count(lines);
        }
        let written = self.put(lines);
        let (before, rest) = lines.split_at(written);
        self.is_amid_line = !rest.is_empty() && before.last().is_some_and(|last| *last != b'\n');
        count(rest)
    }

    /// Writes what can be written, and waits where that is only a question of time; returns how many bytes.
    fn put(&mut self, bytes: &[u8]) -> usize {
        let mut written = 0;
        while written < bytes.len() {
            match self.out.write(&bytes[written..]) {
                Ok(0) => break,
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A pipe that is full, and that another program which shares it has told not to wait.
                Err(error) if error.kind() == ErrorKind::WouldBlock => thread::sleep(PAUSE),
                Err(_) => break,
            }
        }
        written
    }
}

fn count(lines: &[u8]) -> u64 {
    lines.split_inclusive(|byte| *byte == b'\n').count() as u64
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
    /// Answers writes as told, and takes them whole after that; says what it took.
    struct Fickle {
        answers: std::vec::IntoIter<io::Result<usize>>,
        took: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Fickle {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = self.answers.next().unwrap_or(Ok(bytes.len()))?;
            self.took.send(bytes[..taken].to_vec()).unwrap();
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is written of `batches`, each flushed before the next, and what was told to be lost.
    fn written(answers: Vec<io::Result<usize>>, batches: &[&str]) -> (String, Vec<u64>) {
        let (took, taken) = mpsc::channel();
        let (lost, told) = mpsc::channel();
        let answers = answers.into_iter();
        let queue = Queue::start(Fickle { answers, took }, move |count| lost.send(count).unwrap()).unwrap();
        for batch in batches {
            (&queue).write_all(batch.as_bytes()).unwrap();
            queue.flush(Duration::from_mins(1));
        }
        let text = taken.try_iter().flatten().collect();
        (String::from_utf8(text).unwrap(), told.try_iter().collect())
    }

    #[test]
    fn a_reader_who_is_slow_or_interrupted_gets_every_byte_once() {
        let answers = vec![
            Ok(3),
            Err(ErrorKind::WouldBlock.into()),
            Err(ErrorKind::WouldBlock.into()),
            Ok(4),
            Err(ErrorKind::Interrupted.into()),
        ];

        let (text, told) = written(answers, &["one\ntwo\nthree\n", "four\n"]);

        assert_eq!(text, "one\ntwo\nthree\nfour\n");
        assert!(told.is_empty(), "{told:?}");
    }

    #[test]
    fn lines_that_cannot_be_written_are_counted_and_told_once_they_can() {
        let full = || Err(ErrorKind::StorageFull.into());
        let before = LOG_LINES_LOST.value();

        // The second line is cut, and nothing else is written of that batch and the next one.
        let (text, told) = written(vec![Ok(6), full(), full()], &["one\ntwo\nthree\n", "four\n", "five\n"]);

        assert_eq!(text, "one\ntw\nfive\n", "no line is added to half of one");
        assert_eq!(told, [3]);
        assert!(LOG_LINES_LOST.value() >= before + 3);
    }

    #[test]
    fn nothing_is_told_to_a_reader_who_has_gone_away() {
        let (took, taken) = mpsc::channel();
        let gone = || Err(ErrorKind::BrokenPipe.into());
        let answers = (0..50).map(|_| gone()).collect::<Vec<_>>().into_iter();
        let (lost, told) = mpsc::channel();
        let queue = Queue::start(Fickle { answers, took }, move |count| lost.send(count).unwrap()).unwrap();

        (&queue).write_all(b"one\n").unwrap();
        queue.flush(Duration::from_mins(1));

        // To tell it would take a line, which would be lost as well, and so on.
        assert!(taken.try_recv().is_err() && told.try_recv().is_err());
    }

    #[test]
    fn a_flush_waits_for_the_line_about_lost_lines() {
        let (got, written) = mpsc::channel();
        let (go_on, told) = mpsc::channel();
        let slow = Slow { got, go_on: told };
        let own = Arc::new(Mutex::new(None::<Queue>));
        let teller = own.clone();
        let queue = Queue::start(slow, move |count| {
            // As long as another program takes to make the line.
            thread::sleep(Duration::from_millis(50));
            let queue = teller.lock().unwrap().clone().unwrap();
            (&queue).write_all(format!("lost {count}\n").as_bytes()).unwrap();
        })
        .unwrap();
        *own.lock().unwrap() = Some(queue.clone());

        (&queue).write_all(b"first\n").unwrap();
        assert_eq!(written.recv().unwrap(), b"first\n");
        (&queue).write_all(&vec![b'x'; MOST + 1]).unwrap();
        // All that is asked for is written at once.
        (0..2).for_each(|_| go_on.send(()).unwrap());
        queue.flush(Duration::from_mins(1));

        assert_eq!(written.try_recv().unwrap(), b"lost 1\n");
    }
}
