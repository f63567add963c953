//! Floor 5: what runs by itself beside requests. Each worker is one file; none serves HTTP.
//!
//! A worker is a row of [`TABLE`]: its name, when its rounds come, and what one round does.
//! [`Pulse`] knows how each of its rounds went, and lets a flow wake it before its interval is over.
//! A worker that panics is started again after a pause that grows.

mod backups;
pub mod cleanup;
mod clock;
mod keys;
pub mod letters;

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::app::pulse::{Pulse, Worker};

/// Every worker.
const TABLE: [Row; Worker::ALL.len()] = [
    Row {
        worker: Worker::Keys,
        every: keys::EVERY,
        soon: keys::EVERY,
        round: |app| Box::pin(keys::round(app)),
    },
    Row {
        worker: Worker::Clock,
        every: clock::EVERY,
        soon: clock::EVERY,
        round: |app| Box::pin(clock::round(app)),
    },
    Row {
        worker: Worker::Letters,
        every: letters::EVERY,
        soon: letters::EVERY,
        round: |app| Box::pin(letters::round(app)),
    },
    Row {
        worker: Worker::Cleanup,
        every: cleanup::EVERY,
        soon: cleanup::SOON,
        round: |app| Box::pin(cleanup::round(app)),
    },
    Row {
        worker: Worker::Backups,
        every: backups::EVERY,
        soon: backups::SOON,
        round: |app| Box::pin(backups::round(app)),
    },
];

struct Row {
    worker: Worker,
    /// From the end of a round to the next.
    every: Duration,
    /// Before the first round, and after one that failed.
    soon: Duration,
    round: fn(Arc<App>) -> Round,
}

type Round = Pin<Box<dyn Future<Output = Result<(), Failed>> + Send>>;

/// Why a round failed: a sentence for the log, and the error below it.
#[derive(Debug)]
pub struct Failed {
    what: String,
    error: Box<dyn Error + Send + Sync>,
}

impl Failed {
    fn new(what: impl Into<String>, error: impl Error + Send + Sync + 'static) -> Self {
        Self {
            what: what.into(),
            error: Box::new(error),
        }
    }
}

/// Starts every worker. They end soon after `stop` turns true; await the set to wait for them.
pub fn start(app: &Arc<App>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    for row in &TABLE {
        let (one, until) = (app.clone(), stop.clone());
        let work = move || {
            let app = one.clone();
            rounds(row, one.pulse.clone(), until.clone(), move || (row.round)(app.clone()))
        };
        let pulse = app.pulse.clone();
        workers.spawn(keep_up(pulse, row.worker, stop.clone(), Pauses::USUAL, work));
    }
    workers
}

/// Does the rounds of one worker until the server stops. The first failure in a row is a line of the log.
async fn rounds<F>(row: &Row, pulse: Arc<Pulse>, mut stop: watch::Receiver<bool>, round: impl Fn() -> F)
where
    F: Future<Output = Result<(), Failed>>,
{
    let mut pause = row.soon;
    while next_round(&mut stop, pause, pulse.woken(row.worker)).await {
        // What it has not committed is undone, and the next start does it.
        let Some(done) = unless_stopped(&mut stop, round()).await else {
            return;
        };
        pause = match done {
            Ok(()) => {
                pulse.beat(row.worker);
                row.every
            }
            Err(Failed { what, error }) => {
                if pulse.miss(row.worker) {
                    tracing::warn!(%error, "{what}");
                }
                row.soon
            }
        };
    }
}

/// What `work` came to; `None` if the server stops first.
async fn unless_stopped<T>(stop: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        _ = stop.wait_for(|stop| *stop) => None,
    }
}

/// Waits until it is time for the next round or the worker is woken; `false` when the server stops.
async fn next_round(stop: &mut watch::Receiver<bool>, pause: Duration, woken: impl Future<Output = ()>) -> bool {
    tokio::select! {
        biased;
        // An error means that the sender is gone, which is a stop as well.
        _ = stop.wait_for(|stop| *stop) => false,
        () = woken => true,
        () = tokio::time::sleep(pause) => true,
    }
}

/// How long to wait before a worker is started again: twice as long each time.
#[derive(Debug, Clone, Copy)]
struct Pauses {
    first: Duration,
    longest: Duration,
    /// A worker that ran this long was well, and begins with the first pause.
    well_after: Duration,
}

impl Pauses {
    const USUAL: Self = Self {
        first: Duration::from_secs(1),
        longest: Duration::from_mins(1),
        well_after: Duration::from_mins(5),
    };

    /// The pause after one that ran for so long, given the pause before it.
    fn next(self, before: Option<Duration>, ran: Duration) -> Duration {
        match before {
            Some(before) if ran < self.well_after => self.longest.min(before * 2),
            _ => self.first,
        }
    }
}

/// Runs a worker until the server stops, again and again if it must be.
async fn keep_up<F>(
    pulse: Arc<Pulse>,
    worker: Worker,
    mut stop: watch::Receiver<bool>,
    pauses: Pauses,
    work: impl Fn() -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut pause = None;
    loop {
        let begun = Instant::now();
        // A task of its own catches the panic.
        let ended = tokio::spawn(work()).await;
        if *stop.borrow() || stop.has_changed().is_err() {
            return;
        }
        let next = pauses.next(pause, begun.elapsed());
        let cause = ended.err().map(tracing::field::display);
        tracing::error!(worker = worker.name(), cause, pause = ?next, "a worker ended and will be started again");
        pulse.fall(worker);
        // A wake waits as well: it would start a worker that panics at once again and again.
        if !next_round(&mut stop, next, std::future::pending()).await {
            return;
        }
        pause = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;
    use crate::domain::time::SystemClock;

    #[test]
    fn pauses_double_up_to_a_limit_and_begin_again_after_a_good_while() {
        let pauses = Pauses::USUAL;
        let short = Duration::from_secs(3);
        let mut seconds = Vec::new();
        let mut pause = None;
        for _ in 0..8 {
            let next = pauses.next(pause, short);
            seconds.push(next.as_secs());
            pause = Some(next);
        }

        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pauses.next(pause, pauses.well_after), pauses.first);
    }

    /// The seconds since the start at which a worker of that row began a round. `after` is told how many
    /// rounds have begun and decides what comes of this one. The worker is stopped after `most` rounds.
    async fn begun(row: &'static Row, most: usize, after: impl Fn(usize, &Pulse) -> Result<(), Failed>) -> Vec<u64> {
        let pulse = Arc::new(Pulse::new(Arc::new(SystemClock)));
        let (stop, stopping) = watch::channel(false);
        let (start, begun) = (Instant::now(), Mutex::new(Vec::new()));
        let round = || {
            let mut begun = begun.lock().unwrap();
            begun.push(start.elapsed().as_secs());
            if begun.len() == most {
                stop.send_replace(true);
            }
            std::future::ready(after(begun.len(), &pulse))
        };
        rounds(row, pulse.clone(), stopping, round).await;
        assert_eq!(
            start.elapsed().as_secs(),
            *begun.lock().unwrap().last().unwrap(),
            "stops at once"
        );
        begun.into_inner().unwrap()
    }

    fn row(worker: Worker) -> &'static Row {
        TABLE
            .iter()
            .find(|row| row.worker == worker)
            .expect("every worker has a row")
    }

    #[test]
    fn every_worker_has_one_row() {
        for worker in Worker::ALL {
            assert_eq!(TABLE.iter().filter(|row| row.worker == worker).count(), 1, "{worker:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rounds_come_at_the_interval_of_the_row() {
        assert_eq!(begun(row(Worker::Keys), 3, |_, _| Ok(())).await, [1, 2, 3]);
        assert_eq!(begun(row(Worker::Cleanup), 3, |_, _| Ok(())).await, [60, 3660, 7260]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_failed_is_tried_again_soon() {
        let fails_twice = |count, pulse: &Pulse| {
            let is_failing = pulse.all()[&Worker::Cleanup].failing_since.is_some();
            assert_eq!(is_failing, (2..=3).contains(&count));
            if count <= 2 {
                Err(Failed::new("it failed", std::fmt::Error))
            } else {
                Ok(())
            }
        };

        assert_eq!(begun(row(Worker::Cleanup), 4, fails_twice).await, [60, 120, 180, 3780]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_is_woken_begins_its_round_at_once() {
        // During a round, as a flow does that commits while the worker looks for work: twice is once.
        let woken_in_the_first = |count, pulse: &Pulse| {
            if count == 1 {
                pulse.wake(Worker::Cleanup);
                pulse.wake(Worker::Cleanup);
                pulse.wake(Worker::Keys);
            }
            Ok(())
        };

        assert_eq!(begun(row(Worker::Cleanup), 3, woken_in_the_first).await, [60, 60, 3660]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_without_end_holds_up_no_stop() {
        let (stop, stopping) = watch::channel(false);
        let pulse = Arc::new(Pulse::new(Arc::new(SystemClock)));
        let begun = Notify::new();
        let endless = || {
            begun.notify_one();
            std::future::pending()
        };

        let stopped = tokio::time::timeout(Duration::from_hours(1), async {
            tokio::join!(rounds(row(Worker::Keys), pulse, stopping, endless), async {
                begun.notified().await;
                stop.send_replace(true);
            })
        });

        assert!(stopped.await.is_ok());
    }

    #[tokio::test]
    async fn a_worker_that_panics_is_started_again_and_told_to_stop_like_any_other() {
        let quick = Pauses {
            first: Duration::from_millis(1),
            longest: Duration::from_millis(2),
            ..Pauses::USUAL
        };
        let pulse = Arc::new(Pulse::new(Arc::new(SystemClock)));
        let (stop, stopping) = watch::channel(false);
        let starts = Arc::new(AtomicUsize::new(0));
        let (seen, heart, told) = (starts.clone(), pulse.clone(), stopping.clone());

        let worker = tokio::spawn(keep_up(pulse.clone(), Worker::Keys, stopping, quick, move || {
            let (starts, pulse, mut told) = (seen.clone(), heart.clone(), told.clone());
            async move {
                assert!(starts.fetch_add(1, Ordering::SeqCst) >= 3, "falls three times");
                pulse.beat(Worker::Keys);
                let _ = told.wait_for(|told| *told).await;
            }
        }));
        while starts.load(Ordering::SeqCst) < 3 {
            tokio::task::yield_now().await;
        }
        let was_degraded = pulse.is_degraded();
        while pulse.is_degraded() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stop.send_replace(true);
        worker.await.unwrap();

        assert!(was_degraded);
        assert_eq!(starts.load(Ordering::SeqCst), 4);
        assert_eq!(pulse.all()[&Worker::Keys].restarts, 3);
    }
}
