//! A point in time as pages show it: readable, always UTC, with its exact form beside it.

use std::fmt;

use time::OffsetDateTime;

use crate::domain::Timestamp;

/// Shows as `23 November 2026, 09:38 UTC`.
#[derive(Debug, Clone, Copy)]
pub struct Moment(OffsetDateTime);

impl Moment {
    /// Of a timestamp; one outside the calendar becomes its beginning.
    pub fn new(at: Timestamp) -> Self {
        Self(OffsetDateTime::from_unix_timestamp(at.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// For `<time datetime>`: `2026-11-23T09:38:00Z`.
    pub fn machine(self) -> String {
        let (hour, minute, second) = self.0.to_hms();
        let date = self.0.date();
        format!("{date}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Only the day: `23 November 2026`.
    pub fn date(self) -> String {
        format!("{} {} {}", self.0.day(), self.0.month(), self.0.year())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {:02}:{:02} UTC", self.date(), self.0.hour(), self.0.minute())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_well_and_is_exact() {
        let moment = Moment::new(Timestamp::from_seconds(1_795_427_883));

        assert_eq!(moment.to_string(), "23 November 2026, 09:58 UTC");
        assert_eq!(moment.machine(), "2026-11-23T09:58:03Z");
        assert_eq!(moment.date(), "23 November 2026");
    }

    #[test]
    fn a_time_outside_the_calendar_does_not_break_a_page() {
        assert_eq!(
            Moment::new(Timestamp::from_micros(i64::MAX)).machine(),
            "1970-01-01T00:00:00Z"
        );
    }
}
