//! Requests by route, method and status, and how long they took.

use std::collections::HashMap;
use std::time::Duration;

use crate::metrics::{Counter, Histogram, TINY, Text};

/// Methods that are told apart; others are `other`.
const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", OTHER,
];
/// What this server answers; others are `other`.
const STATUSES: [u16; 24] = [
    200, 201, 202, 204, 302, 303, 304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431, 500, 501, 502,
    503,
];
const OTHER: &str = "other";
/// The route of paths that fit none.
const NO_ROUTE: &str = "none";

/// The method as it may stand in a log or a label: a client can make up any other.
pub fn method_name(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER)
}

/// A table that is as large as it will ever be from the start.
pub struct Requests {
    by_pattern: HashMap<&'static str, Row>,
    without: Row,
}

struct Row {
    /// By method, and by status in it.
    counts: Vec<Counter>,
    durations: Histogram,
}

/// Places for one method: the known statuses and all others.
const WIDTH: usize = STATUSES.len() + 1;

impl Requests {
    /// For these routes.
    pub fn new(patterns: impl IntoIterator<Item = &'static str>) -> Self {
        Self {
            by_pattern: patterns.into_iter().map(|pattern| (pattern, Row::new())).collect(),
            without: Row::new(),
        }
    }

    /// Counts a request that was answered. `pattern` is `None` for a path that fits no route.
    pub fn note(&self, pattern: Option<&'static str>, method: &str, status: u16, took: Duration) {
        let row = pattern.and_then(|pattern| self.by_pattern.get(pattern));
        row.unwrap_or(&self.without).note(method, status, took);
    }

    /// Adds all of it to a text, apart from what has not happened yet.
    pub fn write(&self, text: &mut Text) {
        let mut rows: Vec<_> = self.by_pattern.iter().map(|(pattern, row)| (*pattern, row)).collect();
        rows.push((NO_ROUTE, &self.without));
        rows.retain(|(_, row)| row.counts.iter().any(|count| count.value() > 0));
        rows.sort_unstable_by_key(|(pattern, _)| *pattern);

        text.counter(
            "authara_http_requests_total",
            "Requests that were answered, by route, method and status.",
        );
        for (pattern, row) in &rows {
            for (method, counts) in METHODS.iter().zip(row.counts.chunks(WIDTH)) {
                for (place, count) in counts.iter().enumerate().filter(|(_, count)| count.value() > 0) {
                    let status = STATUSES.get(place).map_or(OTHER.to_owned(), u16::to_string);
                    let labels = [("route", *pattern), ("method", *method), ("status", status.as_str())];
                    text.value(&labels, count.value());
                }
            }
        }
        text.histogram(
            "authara_http_request_duration_seconds",
            "How long answering took, by route.",
        );
        for (pattern, row) in &rows {
            text.durations(&[("route", pattern)], &row.durations);
        }
    }
}

impl Row {
    fn new() -> Self {
        Self {
            counts: (0..METHODS.len() * WIDTH).map(|_| Counter::default()).collect(),
            durations: Histogram::new(TINY),
        }
    }

    fn note(&self, method: &str, status: u16, took: Duration) {
        let method = METHODS.iter().position(|known| *known == method);
        let method = method.unwrap_or(METHODS.len() - 1);
        let status = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        self.counts[method * WIDTH + status].one();
        self.durations.add(took);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_client_makes_up_never_becomes_a_label() {
        let requests = Requests::new(["/known"]);

        requests.note(Some("/known"), "GET", 200, Duration::from_millis(1));
        requests.note(Some("/known"), "BREW", 299, Duration::from_millis(1));
        requests.note(Some("/unknown"), "\u{1b}[2J", 404, Duration::from_millis(1));
        requests.note(None, "POST", 404, Duration::from_millis(1));

        let mut text = Text::default();
        requests.write(&mut text);
        let text = text.finish();
        let counted: Vec<&str> = text
            .lines()
            .filter(|line| line.starts_with("authara_http_requests_total"))
            .collect();
        assert_eq!(
            counted,
            [
                r#"authara_http_requests_total{route="/known",method="GET",status="200"} 1"#,
                r#"authara_http_requests_total{route="/known",method="other",status="other"} 1"#,
                r#"authara_http_requests_total{route="none",method="POST",status="404"} 1"#,
                r#"authara_http_requests_total{route="none",method="other",status="404"} 1"#,
            ]
        );
    }

    #[test]
    fn statuses_are_in_order() {
        assert!(STATUSES.is_sorted());
    }
}
