//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

use crate::metrics::Histogram;

/// A text in the making: a family is opened, then its values follow.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    family: &'static str,
}

impl Text {
    /// The type of the whole, for `Content-Type`.
    pub const TYPE: &'static str = "text/plain; version=0.0.4; charset=utf-8";

    /// Opens a family of numbers that only grow.
    pub fn counter(&mut self, name: &'static str, help: &str) {
        self.family(name, "counter", help);
    }

    /// Opens a family of numbers that grow and shrink.
    pub fn gauge(&mut self, name: &'static str, help: &str) {
        self.family(name, "gauge", help);
    }

    /// Opens a family of durations; [`Text::durations`] follows.
    pub fn histogram(&mut self, name: &'static str, help: &str) {
        self.family(name, "histogram", help);
    }

    fn family(&mut self, name: &'static str, kind: &str, help: &str) {
        self.family = name;
        // Writing to a string cannot fail, here and below.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Adds a value to the family.
    pub fn value(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.line("", labels, value);
    }

    /// Adds a histogram to the family.
    pub fn durations(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let buckets = histogram.cumulated();
        for (bound, count) in &buckets {
            let labels: Vec<_> = labels.iter().copied().chain([("le", *bound)]).collect();
            self.line("_bucket", &labels, count);
        }
        self.line("_sum", labels, histogram.sum().as_secs_f64());
        self.line("_count", labels, buckets.last().map_or(0, |(_, count)| *count));
    }

    fn line(&mut self, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(self.family);
        self.text.push_str(suffix);
        for (at, (name, label)) in labels.iter().enumerate() {
            self.text.push(if at == 0 { '{' } else { ',' });
            let label = label.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n");
            let _ = write!(self.text, "{name}=\"{label}\"");
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }

    /// The whole text.
    pub fn finish(self) -> String {
        self.text
    }
}
