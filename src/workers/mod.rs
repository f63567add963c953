//! Floor 5: what runs by itself beside requests. Each worker is one file; none serves HTTP.
//!
//! A worker tells [`Pulse`](crate::app::pulse::Pulse) how each of its rounds went. One that ends
//! by itself, which is always a panic, is started again after a pause that grows.

pub mod cleanup;
mod keys;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::App;
use crate::app::pulse::Pulse;

/// Starts every worker. They end soon after `stop` turns true; await the set to wait for them.
pub fn start(app: &Arc<App>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
    let mut workers = JoinSet::new();
    let pulse = app.pulse.clone();
    let (one, until) = (app.clone(), stop.clone());
    let work = move || keys::run(one.clone(), until.clone());
    workers.spawn(keep_up(pulse.clone(), keys::NAME, stop.clone(), Pauses::USUAL, work));
    let (one, until) = (app.clone(), stop.clone());
    let work = move || cleanup::run(one.clone(), until.clone());
    workers.spawn(keep_up(pulse, cleanup::NAME, stop.clone(), Pauses::USUAL, work));
    workers
}

/// Waits until it is time for the next round; `false` when the server stops.
async fn next_round(stop: &mut watch::Receiver<bool>, pause: Duration) -> bool {
    let stopped = async {
        // An error means that the sender is gone, which is a stop as well.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    tokio::time::timeout(pause, stopped).await.is_err()
}

/// How long to wait before a worker is started again: twice as long each time.
#[derive(Debug, Clone, Copy)]
struct Pauses {
    first: Duration,
    longest: Duration,
    /// Whoever ran this long was well, and begins with the first pause.
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
    name: &'static str,
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
        tracing::error!(worker = name, cause, pause = ?next, "a worker ended and will be started again");
        pulse.fall(name);
        if !next_round(&mut stop, next).await {
            return;
        }
        pause = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

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

        let worker = tokio::spawn(keep_up(pulse.clone(), "frail", stopping, quick, move || {
            let (starts, pulse, mut told) = (seen.clone(), heart.clone(), told.clone());
            async move {
                assert!(starts.fetch_add(1, Ordering::SeqCst) >= 3, "falls three times");
                pulse.beat("frail");
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
        assert_eq!(pulse.all()["frail"].restarts, 3);
    }
}
