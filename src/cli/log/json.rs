//! A log line for programs.

use std::fmt::{Debug, Write as _};

use time::macros::format_description;
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::cli::escape::Escaped;
use crate::domain::Timestamp;

/// Writes `{"timestamp":…,"level":…,"message":…,…}` with every field under its own name. The time is
/// RFC 3339 with six digits after the point, so that lines sort as text.
pub(super) fn write(event: &Event<'_>, now: Timestamp, line: &mut String) {
    line.push_str("{\"timestamp\":\"");
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    line.push_str(&now.written(form));
    line.push_str("\",\"level\":\"");
    line.push_str(super::name(*event.metadata().level()));
    line.push('"');
    event.record(&mut Members(line));
    line.push('}');
}

struct Members<'l>(&'l mut String);

impl Members<'_> {
    /// Field names are ours and need no escape.
    fn name(&mut self, field: &Field) {
        self.0.push_str(",\"");
        self.0.push_str(field.name());
        self.0.push_str("\":");
    }

    fn plain(&mut self, field: &Field, value: impl std::fmt::Display) {
        self.name(field);
        // Writing to a string cannot fail, here and below.
        let _ = write!(self.0, "{value}");
    }
}

impl Visit for Members<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        self.0.push('"');
        let _ = write!(Escaped::quoted(self.0), "{value:?}");
        self.0.push('"');
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.0.push('"');
        let _ = Escaped::quoted(self.0).write_str(value);
        self.0.push('"');
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if value.is_finite() {
            self.plain(field, value);
        } else {
            self.plain(field, "null");
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.plain(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.plain(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.plain(field, value);
    }
}
