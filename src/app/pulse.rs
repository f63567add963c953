//! The workers by name: how they are, for `/auth/ready`, the log and the metrics, and a way to wake
//! one of them for a flow that has left it something to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::domain::{Clock, Timestamp};

/// Rounds may fail for this long before it counts: a database that restarts is no trouble of a worker.
const TOLERATED: Duration = Duration::from_mins(1);

/// What runs by itself beside requests. Its interval and its work are a row of `workers::TABLE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worker {
    /// Copies the database.
    Backups,
    /// Deletes what has no use any more.
    Cleanup,
    /// Notices when the clock is set.
    Clock,
    /// Reads the signing keys again.
    Keys,
    /// Sends letters.
    Letters,
}

impl Worker {
    /// Every worker.
    pub const ALL: [Self; 5] = [Self::Backups, Self::Cleanup, Self::Clock, Self::Keys, Self::Letters];

    /// Its name in the log and in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Backups => "backups",
            Self::Cleanup => "cleanup",
            Self::Clock => "clock",
            Self::Keys => "keys",
            Self::Letters => "letters",
        }
    }
}

/// The state of every worker.
pub struct Pulse {
    clock: Arc<dyn Clock>,
    workers: Mutex<BTreeMap<Worker, Beat>>,
    wakes: BTreeMap<Worker, Notify>,
}

/// The state of one worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Beat {
    /// When a round last succeeded.
    pub last_success: Option<Timestamp>,
    /// Rounds that failed, since the server started.
    pub failures: u64,
    /// How often it ended by itself, which is always by a panic, and was started again.
    pub restarts: u64,
    /// Since when no round has succeeded, if one has failed.
    pub failing_since: Option<Timestamp>,
    /// Whether it has ended by itself and no round has succeeded since.
    pub is_down: bool,
}

impl Pulse {
    /// No worker has done anything yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            workers: Mutex::new(Worker::ALL.map(|worker| (worker, Beat::default())).into()),
            wakes: Worker::ALL.map(|worker| (worker, Notify::new())).into(),
        }
    }

    /// Makes a worker begin its next round now. If a round is running, another one follows at once,
    /// so what was written before this call is seen by a round that begins after it.
    pub fn wake(&self, worker: Worker) {
        self.wakes[&worker].notify_one();
    }

    /// Completes when a worker has been woken since its last round began.
    pub async fn woken(&self, worker: Worker) {
        self.wakes[&worker].notified().await;
    }

    /// A round succeeded.
    pub fn beat(&self, worker: Worker) {
        let now = self.clock.now();
        let mut workers = self.lock();
        let beat = workers.entry(worker).or_default();
        beat.last_success = Some(now);
        beat.failing_since = None;
        beat.is_down = false;
    }

    /// A round failed. Whether it is the first since one succeeded, and so worth a line in the log.
    pub fn miss(&self, worker: Worker) -> bool {
        let now = self.clock.now();
        let mut workers = self.lock();
        let beat = workers.entry(worker).or_default();
        beat.failures += 1;
        let is_first = beat.failing_since.is_none();
        beat.failing_since.get_or_insert(now);
        is_first
    }

    /// A worker ended by itself and will be started again.
    pub fn fall(&self, worker: Worker) {
        self.miss(worker);
        let mut workers = self.lock();
        let beat = workers.entry(worker).or_default();
        beat.restarts += 1;
        beat.is_down = true;
    }

    /// Every worker, also one that has done nothing yet.
    pub fn all(&self) -> BTreeMap<Worker, Beat> {
        self.lock().clone()
    }

    /// Whether some work is not done: a worker is down, or its rounds have failed for long.
    pub fn is_degraded(&self) -> bool {
        let now = self.clock.now();
        let is_late = |since: Timestamp| now >= since + TOLERATED;
        self.lock()
            .values()
            .any(|beat| beat.is_down || beat.failing_since.is_some_and(is_late))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Worker, Beat>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::time::ManualClock;

    use super::*;

    fn pulse() -> (Pulse, ManualClock) {
        let clock = ManualClock::new(Timestamp::from_seconds(1_800_000_000));
        (Pulse::new(Arc::new(clock.clone())), clock)
    }

    #[test]
    fn rounds_that_fail_count_only_after_a_while() {
        let (pulse, clock) = pulse();

        pulse.beat(Worker::Keys);
        assert!(pulse.miss(Worker::Keys));
        let at_once = pulse.is_degraded();
        clock.advance(TOLERATED);
        assert!(!pulse.miss(Worker::Keys), "one line in the log is enough");
        let later = pulse.is_degraded();
        pulse.beat(Worker::Keys);

        assert!(!at_once && later && !pulse.is_degraded());
        assert_eq!(pulse.all()[&Worker::Keys].failures, 2);
    }

    #[test]
    fn a_worker_that_fell_counts_until_it_has_done_something() {
        let (pulse, _) = pulse();

        pulse.beat(Worker::Cleanup);
        pulse.fall(Worker::Keys);
        let fallen = pulse.is_degraded();
        pulse.beat(Worker::Cleanup);
        let still = pulse.is_degraded();
        pulse.beat(Worker::Keys);

        assert!(fallen && still && !pulse.is_degraded());
        assert_eq!(pulse.all()[&Worker::Keys].restarts, 1);
    }
}
