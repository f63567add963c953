//! How far a copy has come, on the standard error of somebody who waits for it.

use std::io::{self, IsTerminal as _, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::cli::print::thousands;
use crate::storage::backup::{Stage, Tell};

const EVERY: Duration = Duration::from_secs(1);

/// Does work, and says on a terminal once a second how far it is. The line is gone in the end.
pub(super) async fn shown<T>(work: impl AsyncFnOnce(Tell<'_>) -> T) -> T {
    if !io::stderr().is_terminal() {
        return work(&|_| {}).await;
    }
    let now = Arc::new(Mutex::new(None));
    let told = now.clone();
    let (running, is_over) = channel::<()>();
    // A thread, because parts of the work hold up the task that does it.
    let showing = thread::spawn(move || show(&told, &is_over, EVERY, &mut io::stderr()));
    let done = work(&|stage| *now.lock().unwrap_or_else(PoisonError::into_inner) = Some(stage)).await;
    drop(running);
    let _ = showing.join();
    done
}

fn show(now: &Mutex<Option<Stage>>, is_over: &Receiver<()>, every: Duration, out: &mut impl Write) {
    let mut is_there = false;
    while is_over.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        let stage = now.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(stage) = stage {
            // In the place of the line before. A terminal that is gone is no reason to stop.
            let _ = write!(out, "\r\x1b[K{}", words(&stage)).and_then(|()| out.flush());
            is_there = true;
        }
    }
    if is_there {
        let _ = write!(out, "\r\x1b[K").and_then(|()| out.flush());
    }
}

fn words(stage: &Stage) -> String {
    let of = |done: u64, all: u64| match all {
        // What is known beforehand may be too little.
        all if all < done => thousands(done),
        all => format!("{} of {}", thousands(done), thousands(all)),
    };
    match stage {
        Stage::Rows { done, all } => format!("{} rows", of(*done, *all)),
        Stage::File { path, bytes } => {
            let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
            let done = std::fs::metadata(path).map_or(0, |file| file.len());
            format!("{} MB", of(megabytes(done), megabytes(*bytes)))
        }
        Stage::Check => "reading the copy through".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    #[test]
    fn a_stage_is_told_in_numbers() {
        for (done, all, told) in [
            (42_000, 100_000, "42,000 of 100,000 rows"),
            (42_000, 0, "42,000 rows"),
            (42_001, 42_000, "42,001 rows"),
        ] {
            assert_eq!(words(&Stage::Rows { done, all }), told);
        }
        let path = "/nowhere".into();
        assert_eq!(
            words(&Stage::File {
                path,
                bytes: 12_345_678
            }),
            "0 of 13 MB"
        );
    }

    /// A terminal before which the work is over once it has shown something.
    struct Terminal {
        seen: Vec<u8>,
        running: Option<Sender<()>>,
    }

    impl Write for Terminal {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.seen.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.running = None;
            Ok(())
        }
    }

    #[test]
    fn the_line_is_gone_in_the_end_and_never_there_for_what_is_quick() {
        let now = Mutex::new(Some(Stage::Check));
        let shown = |is_quick: bool| {
            let (running, is_over) = channel();
            let running = (!is_quick).then_some(running);
            let mut out = Terminal {
                seen: Vec::new(),
                running,
            };
            show(&now, &is_over, Duration::from_millis(1), &mut out);
            String::from_utf8(out.seen).unwrap()
        };

        assert_eq!(shown(true), "");
        assert_eq!(shown(false), "\r\x1b[Kreading the copy through\r\x1b[K");
    }
}
