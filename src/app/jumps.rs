//! Whether the clock of the machine was set while the program ran.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::Timestamp;

/// What a clock may gain or lose against the processor's between two looks without having been set.
const TOLERATED: Duration = Duration::from_secs(2);

/// The last look at both clocks.
#[derive(Default)]
pub struct Jumps(Mutex<Option<(Instant, Timestamp)>>);

impl Jumps {
    /// By how many seconds the clock was set since the last look, forward or (negative) back; `None` if it
    /// was not, and for the first look. `at` is the processor's own time, which cannot be set.
    pub fn look(&self, at: Instant, now: Timestamp) -> Option<i64> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (earlier, then) = last.replace((at, now))?;
        let due = then + at.saturating_duration_since(earlier);
        let is_ahead = now > due;
        let by = if is_ahead { now.since(due) } else { due.since(now) };
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        (by > TOLERATED).then_some(if is_ahead { seconds } else { -seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_once_and_one_that_drifts_is_not() {
        let jumps = Jumps::default();
        let (begun, zero) = (Instant::now(), Timestamp::from_seconds(1_000_000));
        let look = |seconds: u64, clock: i64| {
            let at = begun + Duration::from_secs(seconds);
            jumps.look(at, Timestamp::from_seconds(zero.seconds() + clock))
        };

        assert_eq!(look(0, 0), None);
        assert_eq!(look(10, 11), None);
        assert_eq!(look(20, 141), Some(120));
        assert_eq!(look(30, 151), None);
        assert_eq!(look(40, 151 - 86_400 + 10), Some(-86_400));
        assert_eq!(look(50, 151 - 86_400 + 20), None);
    }
}
