//! The three kinds of numbers.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// At zero.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds one.
    pub fn one(&self) {
        self.add(1);
    }

    /// Adds so many.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// How far it has come.
    pub fn value(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A number that grows and shrinks.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// One more.
    pub fn up(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// One less.
    pub fn down(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// So many, counted elsewhere.
    pub fn set(&self, number: i64) {
        self.0.store(number, Relaxed);
    }

    /// How many there are.
    pub fn value(&self) -> i64 {
        self.0.load(Relaxed)
    }
}

/// Upper bound of a bucket: in microseconds, and as it is written in seconds.
type Bound = (u64, &'static str);

/// For what takes parts of a millisecond up to seconds.
pub const TINY: &[Bound] = &[
    (500, "0.0005"),
    (2_000, "0.002"),
    (10_000, "0.01"),
    (50_000, "0.05"),
    (250_000, "0.25"),
    (1_000_000, "1"),
    (5_000_000, "5"),
];

/// For what takes a good part of a second.
pub const SLOW: &[Bound] = &[
    (50_000, "0.05"),
    (100_000, "0.1"),
    (250_000, "0.25"),
    (500_000, "0.5"),
    (1_000_000, "1"),
    (2_500_000, "2.5"),
    (5_000_000, "5"),
    (10_000_000, "10"),
];

/// How long something took, sorted into few buckets.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [Bound],
    /// One per bound, and one for what is beyond the last.
    buckets: Vec<Counter>,
    micros: AtomicU64,
}

impl Histogram {
    /// With nothing in it.
    pub fn new(bounds: &'static [Bound]) -> Self {
        let buckets = (0..=bounds.len()).map(|_| Counter::default()).collect();
        Self {
            bounds,
            buckets,
            micros: AtomicU64::new(0),
        }
    }

    /// Adds one that took so long.
    pub fn add(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.bounds.iter().take_while(|(bound, _)| micros > *bound).count();
        self.buckets[bucket].one();
        self.micros.fetch_add(micros, Relaxed);
    }

    /// Bound and count of each bucket, every one with all before it, as Prometheus wants them;
    /// the last one counts all.
    pub(super) fn cumulated(&self) -> Vec<(&'static str, u64)> {
        let mut total = 0;
        let names = self.bounds.iter().map(|(_, name)| *name).chain(["+Inf"]);
        let counts = self.buckets.iter().map(|bucket| {
            total += bucket.value();
            total
        });
        names.zip(counts).collect()
    }

    /// All that was added.
    pub(super) fn sum(&self) -> Duration {
        Duration::from_micros(self.micros.load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_what_is_at_most_its_bound_and_all_before() {
        let histogram = Histogram::new(TINY);

        for micros in [1, 500, 501, 9_000_000] {
            histogram.add(Duration::from_micros(micros));
        }

        let counts: Vec<u64> = histogram.cumulated().iter().map(|(_, count)| *count).collect();
        assert_eq!(counts, [2, 3, 3, 3, 3, 3, 3, 4]);
        assert_eq!(histogram.sum(), Duration::from_micros(9_001_002));
    }

    #[test]
    fn bounds_are_written_as_they_count() {
        for (micros, name) in TINY.iter().chain(SLOW) {
            let seconds: f64 = name.parse().expect("a number");
            assert!(
                (seconds * 1e6 - f64::from(u32::try_from(*micros).expect("small"))).abs() < 1e-6,
                "{name}"
            );
        }
    }
}
