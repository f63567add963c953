//! A log line for people on a terminal.

use std::fmt::{Debug, Write as _};

use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

use crate::cli::escape::Escaped;
use crate::domain::Timestamp;

const DIM: &str = "2";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";

/// Writes time of day (UTC), level, message, and what else there is as `name=value`. The `http.`
/// fields are left out: the message of a request's line says them.
pub(super) fn write(event: &Event<'_>, now: Timestamp, colours: bool, line: &mut String) {
    let level = *event.metadata().level();
    let mut page = Page {
        line,
        colours,
        message: 0..0,
        colour: colour(level),
    };
    page.in_colour(Some(DIM), |line| {
        line.push_str(&now.written(format_description!("[hour]:[minute]:[second].[subsecond digits:3]Z")));
    });
    page.line.push_str("  ");
    page.in_colour(colour(level).or(Some(GREEN)), |line| {
        // Writing to a string cannot fail, here and below.
        let _ = write!(line, "{:<5}", super::name(level));
    });
    page.line.push_str("  ");
    event.record(&mut page);
    page.colour_message();
}

const fn colour(level: Level) -> Option<&'static str> {
    match level {
        Level::ERROR => Some(RED),
        Level::WARN => Some(YELLOW),
        _ => None,
    }
}

struct Page<'l> {
    line: &'l mut String,
    colours: bool,
    /// Where the message stands in the line.
    message: std::ops::Range<usize>,
    /// What colour it gets.
    colour: Option<&'static str>,
}

impl Page<'_> {
    fn in_colour(&mut self, colour: Option<&str>, write: impl FnOnce(&mut String)) {
        let colour = colour.filter(|_| self.colours);
        if let Some(colour) = colour {
            let _ = write!(self.line, "\u{1b}[{colour}m");
        }
        write(self.line);
        if let Some(colour) = colour {
            self.line.push_str(end_of(colour));
        }
    }

    /// Once every field has been seen, for the status decides.
    fn colour_message(&mut self) {
        if let Some(colour) = self.colour.filter(|_| self.colours) {
            self.line.insert_str(self.message.end, end_of(colour));
            self.line.insert_str(self.message.start, &format!("\u{1b}[{colour}m"));
        }
    }

    fn field(&mut self, field: &Field, value: impl FnOnce(&mut Escaped<'_>)) {
        let name = field.name();
        if name == "message" {
            self.message.start = self.line.len();
            value(&mut Escaped::bare(self.line));
            self.message.end = self.line.len();
        } else if !name.starts_with("http.") {
            // One space between fields, two before the first.
            let gap = if self.line.len() == self.message.end { "  " } else { " " };
            self.line.push_str(gap);
            self.in_colour(Some(DIM), |line| {
                line.push_str(name);
                line.push('=');
                let start = line.len();
                value(&mut Escaped::quoted(line));
                if line[start..].is_empty() || line[start..].contains([' ', '=', '"']) {
                    line.insert(start, '"');
                    line.push('"');
                }
            });
        }
    }

    fn plain(&mut self, field: &Field, value: impl std::fmt::Display) {
        self.field(field, |text| {
            let _ = write!(text, "{value}");
        });
    }
}

const fn end_of(colour: &str) -> &'static str {
    match colour.as_bytes() {
        b"2" => "\u{1b}[22m",
        _ => "\u{1b}[39m",
    }
}

impl Visit for Page<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, |text| {
            let _ = write!(text, "{value:?}");
        });
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.plain(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "duration_ms" {
            let _ = write!(self.line, "  {value:.1} ms ");
        } else {
            self.plain(field, value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "http.status" {
            self.colour = match value {
                500.. => Some(RED),
                400.. => Some(YELLOW),
                _ => None,
            };
        }
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }
}
