//! How far `authara audit` looks back, and where it goes on.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::domain::Timestamp;

/// A place in the list as it was printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(pub(super) (Timestamp, crate::domain::AuditId));

impl std::str::FromStr for Mark {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let mark = text.split_once('.').and_then(|(at, id)| {
            let at = Timestamp::from_micros(at.parse().ok()?);
            Some(Self((at, id.parse().ok()?)))
        });
        mark.ok_or("take it from the end of the page before")
    }
}

/// How far to look back: a time, or how long ago.
#[derive(Debug, Clone, Copy)]
pub(super) enum Since {
    /// Since then.
    At(Timestamp),
    /// So long ago.
    Ago(std::time::Duration),
}

impl Since {
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now - ago,
        }
    }
}

impl std::str::FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let of_day = |text: &str| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).ok();
        if let Some(at) = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| of_day(text)) {
            return Ok(Self::At(Timestamp::from_seconds(at.unix_timestamp())));
        }
        let unit = text.chars().last().filter(char::is_ascii_alphabetic);
        let seconds = match unit {
            Some('d') => 86_400,
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') => 1,
            _ => 0,
        };
        let number = text.strip_suffix(|c: char| c.is_ascii_alphabetic());
        number
            .and_then(|number| number.parse::<u32>().ok())
            .filter(|_| seconds > 0)
            .map(|number| Self::Ago(std::time::Duration::from_secs(u64::from(number) * seconds)))
            .ok_or("a time as in 2026-11-25T09:00:00Z, a day as in 2026-11-25, or how long ago as in 7d, 24h, 30m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_can_look_back_to_a_time_a_day_or_for_so_long() {
        let now = Timestamp::from_seconds(1_000_000);
        let since = |text: &str| text.parse::<Since>().map(|since| since.before(now).seconds());

        assert_eq!(since("2h"), Ok(1_000_000 - 7200));
        assert_eq!(since("1d"), Ok(1_000_000 - 86_400));
        assert_eq!(since("1970-01-02"), Ok(86_400));
        assert_eq!(since("1970-01-02T01:00:00+01:00"), Ok(86_400));
        for text in ["", "2", "h", "-2h", "2w", "yesterday", "2026-13-01"] {
            assert!(since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_in_the_list_is_read_as_it_is_printed() {
        let mark: Mark = "1700000000000001.0190b5a0-0000-7000-8000-00000000000a".parse().unwrap();

        assert_eq!(mark.0.0.micros(), 1_700_000_000_000_001);
        assert!("1700000000000001".parse::<Mark>().is_err());
    }
}
