//! How the workers are, for `/auth/ready`, the log and whoever measures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::{Clock, Timestamp};

/// Rounds may fail for this long before it counts: a database that restarts is no trouble of a worker.
const TOLERATED: Duration = Duration::from_mins(1);

/// The state of every worker that has been heard of.
pub struct Pulse {
    clock: Arc<dyn Clock>,
    workers: Mutex<BTreeMap<&'static str, Beat>>,
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
    /// Nobody has been heard of.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            workers: Mutex::default(),
        }
    }

    /// A round succeeded.
    pub fn beat(&self, worker: &'static str) {
        let now = self.clock.now();
        let mut workers = self.lock();
        let beat = workers.entry(worker).or_default();
        beat.last_success = Some(now);
        beat.failing_since = None;
        beat.is_down = false;
    }

    /// A round failed. Whether it is the first since one succeeded, and so worth a line in the log.
    pub fn miss(&self, worker: &'static str) -> bool {
        let now = self.clock.now();
        let mut workers = self.lock();
        let beat = workers.entry(worker).or_default();
        beat.failures += 1;
        let is_first = beat.failing_since.is_none();
        beat.failing_since.get_or_insert(now);
        is_first
    }

    /// A worker ended by itself and will be started again.
    pub fn fall(&self, worker: &'static str) {
        self.miss(worker);
        let mut workers = self.lock();
        let beat = workers.entry(worker).or_default();
        beat.restarts += 1;
        beat.is_down = true;
    }

    /// Every worker by its name.
    pub fn all(&self) -> BTreeMap<&'static str, Beat> {
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

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Beat>> {
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

        pulse.beat("keys");
        assert!(pulse.miss("keys"));
        let at_once = pulse.is_degraded();
        clock.advance(TOLERATED);
        assert!(!pulse.miss("keys"), "one line in the log is enough");
        let later = pulse.is_degraded();
        pulse.beat("keys");

        assert!(!at_once && later && !pulse.is_degraded());
        assert_eq!(pulse.all()["keys"].failures, 2);
    }

    #[test]
    fn a_worker_that_fell_counts_until_it_has_done_something() {
        let (pulse, _) = pulse();

        pulse.beat("cleanup");
        pulse.fall("keys");
        let fallen = pulse.is_degraded();
        pulse.beat("cleanup");
        let still = pulse.is_degraded();
        pulse.beat("keys");

        assert!(fallen && still && !pulse.is_degraded());
        assert_eq!(pulse.all()["keys"].restarts, 1);
    }
}
