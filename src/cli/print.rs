//! What commands print: lines, tables, JSON and times.

use std::io::{self, Write};

use time::macros::format_description;

use crate::cli::Result;
use crate::cli::escape::harmless;
use crate::domain::Timestamp;

/// Standard output. A reader that has gone away (`| head`) is not an error.
pub(super) struct Printer(io::Stdout);

impl Printer {
    pub(super) fn new() -> Self {
        Self(io::stdout())
    }

    /// One line. What a stranger wrote in it is made harmless.
    pub(super) fn line(&mut self, text: impl AsRef<str>) -> Result<()> {
        let mut out = self.0.lock();
        match writeln!(out, "{}", harmless(text.as_ref())).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Ok(other?),
        }
    }

    /// A table with a heading, columns aligned, two spaces apart.
    pub(super) fn table<const N: usize>(&mut self, heading: [&str; N], rows: &[[String; N]]) -> Result<()> {
        // A cell is one line, and as wide as what is shown of it.
        let shown = |cell: &String| harmless(cell).replace('\n', "\\n");
        let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(shown)).collect();
        let mut widths = heading.map(|cell| cell.chars().count());
        for row in &rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        self.line(aligned(&heading.map(str::to_owned), &widths))?;
        for row in &rows {
            self.line(aligned(row, &widths))?;
        }
        Ok(())
    }

    /// A value for programs.
    pub(super) fn json(&mut self, value: &serde_json::Value) -> Result<()> {
        self.line(format!("{value:#}"))
    }
}

fn aligned<const N: usize>(row: &[String; N], widths: &[usize; N]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        let gap = width.saturating_sub(cell.chars().count()) + 2;
        line.extend(std::iter::repeat_n(' ', gap));
    }
    line.trim_end().to_owned()
}

/// `2026-11-23 09:41 UTC`, for people.
pub(super) fn moment(at: Timestamp) -> String {
    at.written(format_description!("[year]-[month]-[day] [hour]:[minute] UTC"))
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
        format!("{number} {what}s")
    }
}
