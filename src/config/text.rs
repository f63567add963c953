//! Small values as text.

use std::time::Duration;

use percent_encoding::percent_decode_str;

/// The words for a truth value that the older server takes.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// Reads a duration as Go writes it: numbers with units, `1h30m`, `90s`, `1.5h`, `0`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanos: u128 = 0;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(number_end);
        let unit_end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        nanos = nanos.checked_add(part(number, unit)?)?;
        rest = after;
    }
    let nanos = u64::try_from(nanos).ok().filter(|_| !text.is_empty())?;
    Some(Duration::from_nanos(nanos))
}

/// One number with its unit, in nanoseconds.
fn part(number: &str, unit: &str) -> Option<u128> {
    let unit: u128 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60 * 1_000_000_000,
        "h" => 3600 * 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || whole.len() > 12 || fraction.len() > 9 {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0)
        } else {
            text.parse::<u128>().ok()
        }
    };
    let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    Some(digits(whole)? * unit + digits(fraction)? * unit / scale)
}

/// Writes whole seconds as they are read: `1h30m`.
pub(super) fn seconds(seconds: u64) -> String {
    let mut text = String::new();
    for (amount, unit) in [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')] {
        if amount > 0 {
            text.push_str(&amount.to_string());
            text.push(unit);
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// Undoes percent encoding. `None` for broken escapes and for what is no UTF-8 then.
pub(super) fn percent_decoded(text: &str) -> Option<String> {
    // The decoder leaves a broken escape as it is; in a password that would be another password.
    let is_whole = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    if !text.split('%').skip(1).all(is_whole) {
        return None;
    }
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    (!decoded.contains('\0')).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("90s", 90_000),
            ("15m", 900_000),
            ("24h", 86_400_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("1h0m.5s", 3_600_500),
            ("250ms", 250),
            ("1000us", 1),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in [
            "",
            "5",
            "s",
            ".s",
            "5 m",
            "-5m",
            "+5m",
            "5d",
            "1h30",
            "m5",
            "5m ",
            "1e3s",
            "٣s",
            "1..5s",
            "999999999999h",
            "9999999999999999999999s",
        ] {
            assert_eq!(duration(text), None, "{text:?}");
        }
    }

    #[test]
    fn seconds_are_written_as_they_are_read() {
        for written in ["0s", "1s", "10m", "1h30m", "24h", "1h1m1s"] {
            let read = duration(written).expect("a duration");
            assert_eq!(seconds(read.as_secs()), written);
        }
    }

    #[test]
    fn percent_escapes_are_undone_or_refused() {
        assert_eq!(percent_decoded("p%40ss%2Fw%C3%B6rd+").as_deref(), Some("p@ss/wörd+"));
        for text in ["%", "%4", "%4%41", "a%", "%zz", "%ff", "%00", "%+1", "%ä"] {
            assert_eq!(percent_decoded(text), None, "{text}");
        }
    }
}
