//! Warnings that are logged once an hour, and not with every request.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::Timestamp;

/// Time until the same warning is logged again.
const PAUSE: Duration = Duration::from_hours(1);
/// Warnings that are remembered. While there are so many, others are not logged.
const MOST: usize = 1_000;

/// The warnings of the last hour.
#[derive(Default)]
pub struct Hourly(Mutex<HashMap<(&'static str, String), Timestamp>>);

impl Hourly {
    /// Whether the warning `what` about `subject` was not logged within the last hour; it counts as logged from now on.
    pub fn is_due(&self, what: &'static str, subject: &str, now: Timestamp) -> bool {
        // One from the future was said by a clock that has been set back.
        let is_fresh = |at: &Timestamp| *at <= now && now.since(*at) < PAUSE;
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (what, subject.to_owned());
        if said.get(&key).is_some_and(is_fresh) {
            return false;
        }
        if said.len() >= MOST {
            said.retain(|_, at| is_fresh(at));
        }
        if said.len() >= MOST {
            return false;
        }
        said.insert(key, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_due_once_an_hour_and_never_for_more_than_can_be_kept() {
        let hourly = Hourly::default();
        let at = |seconds: i64| Timestamp::from_seconds(1_000_000 + seconds);

        assert!(hourly.is_due("odd", "a", at(0)));
        assert!(hourly.is_due("odd", "b", at(0)) && hourly.is_due("other", "a", at(0)));
        assert!(!hourly.is_due("odd", "a", at(3_599)));
        assert!(hourly.is_due("odd", "a", at(3_600)));
        for number in 0..2 * MOST {
            hourly.is_due("many", &number.to_string(), at(3_600));
        }
        assert!(!hourly.is_due("odd", "c", at(3_600)));
        assert!(hourly.is_due("odd", "c", at(7_200)));
    }
}
