//! Points in time as people read them: always UTC, since a browser tells nobody its zone. The
//! page's script shows them in the zone of whoever looks.

use time::macros::format_description;

use crate::domain::Timestamp;
use crate::words::Phrases;

/// For `<time datetime>`: `2026-11-23T09:38:00Z`.
pub fn machine(at: Timestamp) -> String {
    Timestamp::from_seconds(at.seconds()).rfc3339()
}

impl Phrases {
    /// The day: `23 November 2026`.
    pub fn day(&self, at: Timestamp) -> String {
        let at = at.calendar();
        let months = [
            self.month_1(),
            self.month_2(),
            self.month_3(),
            self.month_4(),
            self.month_5(),
            self.month_6(),
            self.month_7(),
            self.month_8(),
            self.month_9(),
            self.month_10(),
            self.month_11(),
            self.month_12(),
        ];
        let month = months[usize::from(u8::from(at.month())) - 1];
        self.date_day(at.day(), month, at.year())
    }

    /// Day and time: `23 November 2026, 09:38 UTC`.
    pub fn moment(&self, at: Timestamp) -> String {
        self.date_moment(self.day(at), at.written(format_description!("[hour]:[minute]")))
    }

    /// How long ago, or the day if that is more than a week.
    pub fn ago(&self, at: Timestamp, now: Timestamp) -> String {
        const MINUTE: u64 = 60;
        const HOUR: u64 = 60 * MINUTE;
        const DAY: u64 = 24 * HOUR;

        match now.since(at).as_secs() {
            0..MINUTE => self.ago_now().to_owned(),
            seconds @ MINUTE..HOUR => self.ago_minutes(seconds / MINUTE),
            seconds @ HOUR..DAY => self.ago_hours(seconds / HOUR),
            seconds if seconds < 8 * DAY => self.ago_days(seconds / DAY),
            _ => self.day(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_seconds(1_795_427_883);

    fn phrases(tag: &str) -> Phrases {
        Phrases::built_in(tag).expect("built in")
    }

    #[test]
    fn a_moment_reads_well_and_is_exact() {
        assert_eq!(phrases("en").moment(AT), "23 November 2026, 09:58 UTC");
        assert_eq!(phrases("de").moment(AT), "23. November 2026, 09:58 UTC");
        assert_eq!(phrases("zh-Hans").day(AT), "2026年11月23日");
        assert_eq!(machine(AT), "2026-11-23T09:58:03Z");
    }

    #[test]
    fn a_time_outside_the_calendar_does_not_break_a_page() {
        assert_eq!(machine(Timestamp::from_micros(i64::MAX)), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_short_while_is_told_in_the_unit_that_people_would_use() {
        let ago = |seconds| phrases("en").ago(AT, Timestamp::from_seconds(AT.seconds() + seconds));

        assert_eq!(ago(-5), "just now");
        assert_eq!(ago(59), "just now");
        assert_eq!(ago(60), "1 minute ago");
        assert_eq!(ago(7200), "2 hours ago");
        assert_eq!(ago(7 * 86_400), "7 days ago");
        assert_eq!(ago(8 * 86_400), "23 November 2026");
    }
}
