//! Points in time, and the clock everything reads.

use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;
use time::formatting::Formattable;

/// By how much the clocks of two instances may differ.
pub const LEEWAY: Duration = Duration::from_secs(30);

/// A point in time in microseconds since 1970, UTC: what both databases keep exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since 1970; saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down, as JWT claims carry them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Date and time of day, in UTC. What is outside the years 0 to 9999 becomes the beginning of 1970.
    pub fn calendar(self) -> UtcDateTime {
        let nanos = i128::from(self.0) * 1000;
        let at = UtcDateTime::from_unix_timestamp_nanos(nanos).ok();
        at.filter(|at| at.year() >= 0).unwrap_or(UtcDateTime::UNIX_EPOCH)
    }

    /// As RFC 3339 writes it, to the microsecond: `2026-11-23T09:41:07.25Z`.
    pub fn rfc3339(self) -> String {
        self.written(&Rfc3339)
    }

    /// In another form; it may name nothing that a date and time in UTC do not have.
    pub fn written(self, form: &(impl Formattable + ?Sized)) -> String {
        self.calendar().format(form).unwrap_or_default()
    }

    /// Whether it lies further ahead of `now` than clocks differ: it was taken from a clock that was
    /// wrong and has been set back since, so nobody knows when it was.
    pub fn is_ahead_of(self, now: Self) -> bool {
        self > now + LEEWAY
    }

    /// This moment, or `other` if that is later and does not lie [ahead](Self::is_ahead_of) of it.
    #[must_use]
    pub fn not_before(self, other: Self) -> Self {
        if other.is_ahead_of(self) { self } else { self.max(other) }
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }
}

/// Where the time comes from. Nothing below `app` reads the system clock by itself.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(micros(since))
    }
}

/// A clock that moves only when told to; clones share one time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// Starts at `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.0)))
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(micros(by), Ordering::SeqCst);
    }

    /// Sets the clock back, as an operator or a time server does.
    pub fn set_back(&self, by: Duration) {
        self.0.fetch_sub(micros(by), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_rfc_3339_says_whatever_it_is() {
        let written = |micros| Timestamp::from_micros(micros).rfc3339();

        assert_eq!(written(1_795_427_883_000_000), "2026-11-23T09:58:03Z");
        assert_eq!(written(1_795_427_883_250_000), "2026-11-23T09:58:03.25Z");
        assert_eq!(written(1_795_427_883_000_001), "2026-11-23T09:58:03.000001Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999999Z");
        for outside in [i64::MIN, i64::MAX, -62_167_219_200_000_001, 253_402_300_800_000_000] {
            assert_eq!(written(outside), "1970-01-01T00:00:00Z");
        }
        assert_eq!(written(-62_167_219_200_000_000), "0000-01-01T00:00:00Z");
        assert_eq!(written(253_402_300_799_999_999), "9999-12-31T23:59:59.999999Z");
    }

    #[test]
    fn what_lies_further_ahead_than_clocks_differ_holds_nothing_up() {
        let now = Timestamp::from_seconds(1_000);
        let (earlier, farthest) = (now - LEEWAY, now + LEEWAY);
        let ahead = farthest + Duration::from_micros(1);

        assert!(ahead.is_ahead_of(now) && !farthest.is_ahead_of(now));
        assert_eq!(now.not_before(earlier), now);
        assert_eq!(now.not_before(farthest), farthest);
        assert_eq!(now.not_before(ahead), now);
    }

    #[test]
    fn time_before_1970_rounds_down_and_differences_never_go_below_zero() {
        assert_eq!(Timestamp::from_micros(-1).seconds(), -1);
        assert_eq!(
            Timestamp::from_seconds(5).since(Timestamp::from_seconds(9)),
            Duration::ZERO
        );
        assert_eq!(
            Timestamp::from_micros(i64::MAX) + Duration::from_secs(1),
            Timestamp::from_micros(i64::MAX)
        );
    }
}
