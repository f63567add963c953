//! What commands print: lines, tables, JSON and times.

use std::io::{self, Write};
use std::ops::Range;

use time::macros::format_description;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr};

use crate::cli::Result;
use crate::cli::escape::harmless;
use crate::domain::Timestamp;

/// Between two columns.
const GAP: usize = 2;
/// Before what continues a row on another line.
const INDENT: usize = 2;
/// The last column is not wrapped into less than this.
const NARROWEST: usize = 24;

/// Standard output. A reader that has gone away (`| head`) is not an error.
pub(super) struct Printer {
    out: io::Stdout,
    /// Columns of a line.
    width: usize,
}

impl Printer {
    pub(super) fn new() -> Self {
        Self {
            out: io::stdout(),
            width: width(),
        }
    }

    /// One line. What a stranger wrote in it is made harmless.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> Result<()> {
        let mut out = self.out.lock();
        match writeln!(out, "{}", harmless(text.as_ref())).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// A text on as many lines as it needs, each after so many spaces.
    pub(super) fn wrapped(&mut self, indent: usize, text: &str) -> Result<()> {
        for piece in wrap(&harmless(text), self.width.saturating_sub(indent)) {
            self.line(format!("{:indent$}{piece}", ""))?;
        }
        Ok(())
    }

    /// A table with a heading. The last column is wrapped under itself; a row that is still too wide for a line
    /// continues on the next one, and so does the heading.
    pub(super) fn table<const N: usize>(&mut self, heading: [&str; N], rows: &[[String; N]]) -> Result<()> {
        for line in table(self.width, heading, rows) {
            self.line(line)?;
        }
        Ok(())
    }

    /// A value for programs.
    pub(super) fn json(&mut self, value: &serde_json::Value) -> Result<()> {
        self.line(format!("{value:#}"))
    }
}

/// Columns of a line: what `COLUMNS` says, or else the terminal, or else 80.
pub(super) fn width() -> usize {
    #[expect(clippy::disallowed_methods, reason = "about the terminal, no setting of the server")]
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || rustix::termios::tcgetwinsize(io::stdout()).map(|size| size.ws_col.into());
    let known = told.or_else(|| terminal().ok()).filter(|width| *width > 0);
    known.unwrap_or(80).max(40)
}

fn table<const N: usize>(width: usize, heading: [&str; N], rows: &[[String; N]]) -> Vec<String> {
    // A cell is one line, and as wide as what is shown of it.
    let shown = |cell: &String| harmless(cell).replace('\n', "\\n");
    let mut all = vec![heading.map(str::to_owned)];
    all.extend(rows.iter().map(|row| row.each_ref().map(shown)));
    let widest = |column: usize| all.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(widest);
    let words = all.iter().filter_map(|row| row.last()).flat_map(|cell| cell.split(' '));
    let longest = words.map(UnicodeWidthStr::width).max().unwrap_or(0);
    let parts = parts(width, &widths, longest);
    all.iter().flat_map(|row| lines(width, row, &widths, &parts)).collect()
}

/// Which columns stand on which line of a row, where the longest word of the last column is so wide.
fn parts<const N: usize>(width: usize, widths: &[usize; N], longest: usize) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut first, mut used) = (0, 0);
    for (column, natural) in widths.iter().copied().enumerate() {
        let least = match column + 1 {
            last if last == N => natural.min(longest.clamp(NARROWEST, width - INDENT)),
            _ => natural,
        };
        if column > first && used + GAP + least > width {
            parts.push(first..column);
            (first, used) = (column, INDENT + natural);
        } else {
            used += natural + if column > first { GAP } else { 0 };
        }
    }
    parts.push(first..N);
    parts
}

fn lines<const N: usize>(width: usize, row: &[String; N], widths: &[usize; N], parts: &[Range<usize>]) -> Vec<String> {
    let mut lines = Vec::new();
    for part in parts {
        let is_first = part.start == 0;
        if !is_first && row[part.clone()].iter().all(String::is_empty) {
            continue;
        }
        let mut line = " ".repeat(if is_first { 0 } else { INDENT });
        let mut at = line.len();
        for column in part.clone() {
            line.extend(std::iter::repeat_n(' ', at.saturating_sub(line.width())));
            if column + 1 == N {
                let mut pieces = broken(&row[column], width.saturating_sub(at)).into_iter();
                line.push_str(&pieces.next().unwrap_or_default());
                lines.push(line.trim_end().to_owned());
                lines.extend(pieces.map(|piece| format!("{:at$}{piece}", "")));
                return lines;
            }
            line.push_str(&row[column]);
            at += widths[column] + GAP;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Breaks a text between words. One that is longer than a line stands whole on a line of its own, to be copied.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// The same, and breaks such a word as well.
fn broken(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for whole in wrap(text, width) {
        let mut line = String::new();
        for letter in whole.chars() {
            if line.width() + letter.width().unwrap_or(0) > width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
        lines.push(line);
    }
    lines
}

/// `2026-11-23 09:41 UTC`, for people.
pub(super) fn moment(at: Timestamp) -> String {
    format!("{} UTC", minute(at))
}

/// `2026-11-23 09:41`, in UTC, for tables whose heading says so.
pub(super) fn minute(at: Timestamp) -> String {
    at.written(format_description!("[year]-[month]-[day] [hour]:[minute]"))
}

/// `2026-11-23 09:41:07`, in UTC, for lists where the order of things matters.
pub(super) fn second(at: Timestamp) -> String {
    at.written(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"))
}

/// So many of something.
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{} {what}s", thousands(number))
    }
}

/// `42,000`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row<const N: usize>(cells: [&str; N]) -> [String; N] {
        cells.map(str::to_owned)
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let rows = [row(["日本", "x"]), row(["abc", "y"])];

        assert_eq!(table(80, ["A", "B"], &rows), ["A     B", "日本  x", "abc   y"]);
    }

    #[test]
    fn the_last_column_is_wrapped_under_itself() {
        let rows = [row(["name", "one two three four five six seven eight nine"])];

        let shown = table(40, ["NAME", "MEANING"], &rows);

        assert_eq!(
            shown,
            [
                "NAME  MEANING",
                "name  one two three four five six seven",
                "      eight nine"
            ]
        );
    }

    #[test]
    fn a_row_that_is_too_wide_continues_below_and_no_word_of_it_is_broken() {
        let id = "0".repeat(36);
        let rows = [row([&id, "2026-11-28", "a few words"]), row([&id, "", ""])];

        let shown = table(40, ["ID", "DAY", "WORDS"], &rows);

        assert_eq!(
            shown,
            ["ID", "  DAY         WORDS", &id, "  2026-11-28  a few words", &id]
        );
    }

    #[test]
    fn a_word_longer_than_a_line_is_broken_in_the_last_column_alone() {
        let long = "x".repeat(50);

        let shown = table(40, ["A", "B"], &[row([&long, &long])]);

        assert_eq!(
            shown,
            [
                "A",
                "  B",
                &long,
                &format!("  {}", &long[..38]),
                &format!("  {}", &long[..12])
            ]
        );
    }

    #[test]
    fn large_numbers_are_grouped() {
        for (number, shown) in [(7, "7"), (999, "999"), (42_000, "42,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), shown);
        }
    }
}
