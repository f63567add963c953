//! The table that is printed.

use crate::load;

/// One line of the table.
pub(crate) struct Line {
    what: String,
    measured: String,
    limit: String,
    pub(crate) is_met: bool,
}

impl Line {
    /// A figure, and what it may be.
    pub(crate) fn at_most(what: &str, measured: f64, limit: f64, unit: &str) -> Self {
        Self {
            what: what.to_owned(),
            measured: format!("{measured:.1} {unit}"),
            limit: format!("at most {limit} {unit}"),
            is_met: measured <= limit,
        }
    }

    /// A figure, and what it must be.
    pub(crate) fn at_least(what: &str, measured: f64, limit: f64, unit: &str) -> Self {
        Self {
            what: what.to_owned(),
            measured: format!("{measured:.1} {unit}"),
            limit: format!("at least {limit} {unit}"),
            is_met: measured >= limit,
        }
    }

    /// `ours` and `theirs` are rates measured in turn. Each is compared with its neighbour, for what
    /// else the machine does changes from second to second.
    pub(crate) fn ratio(what: &str, ours: &[f64], theirs: &[f64], limit: f64) -> Self {
        let ratio = load::median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect());
        let (ours, theirs) = (load::median(ours.to_vec()), load::median(theirs.to_vec()));
        Self {
            what: what.to_owned(),
            measured: format!("{ratio:.2} ({ours:.*}/s : {theirs:.*}/s)", digits(ours), digits(theirs)),
            limit: format!("at least {limit}"),
            is_met: ratio >= limit,
        }
    }

    /// Two times in milliseconds that are to be the same, and by how many percent they may differ.
    pub(crate) fn alike(what: &str, one: f64, other: f64, limit: f64) -> Self {
        let difference = (one / other - 1.0) * 100.0;
        Self {
            what: what.to_owned(),
            measured: format!("{difference:+.1} % ({one:.2} ms : {other:.2} ms)"),
            limit: format!("within {limit} %"),
            is_met: difference.abs() <= limit,
        }
    }

    /// Two times in milliseconds, and how many times the first may be the second.
    pub(crate) fn times(what: String, large: f64, small: f64, limit: f64) -> Self {
        let ratio = large / small;
        Self {
            what,
            measured: format!("{ratio:.2} ({large:.2} ms : {small:.2} ms)"),
            limit: format!("at most {limit}"),
            is_met: ratio <= limit,
        }
    }
}

/// Prints the lines in columns.
pub(crate) fn print(lines: &[Line]) {
    println!("{:<60} {:<34} {:<18}", "what", "measured", "limit");
    for line in lines {
        let verdict = if line.is_met { "" } else { "MISSED" };
        println!("{:<60} {:<34} {:<18} {verdict}", line.what, line.measured, line.limit);
    }
}

/// Digits after the point that a rate deserves.
fn digits(rate: f64) -> usize {
    usize::from(rate < 100.0)
}
