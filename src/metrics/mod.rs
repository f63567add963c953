//! Floor 2: what the program counts of itself, and the text in which Prometheus reads it.
//!
//! Plain atomics that never wait. Every set of labels is bounded by names that stand in the code:
//! nothing a client sends becomes a label. `storage` and `crypto` keep their own numbers with the
//! types of `number`; `flows::metrics` brings everything together.

mod names;
mod number;
pub mod process;
mod requests;
mod text;

pub use names::Named;
pub use number::{Counter, Gauge, Histogram, SLOW, TINY};
pub use requests::{Requests, method_name};
pub use text::Text;

use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::limit::Limit;

/// Lines of the log that nobody read fast enough, or that could not be written: of the process, as the log is.
pub static LOG_LINES_LOST: Counter = Counter::new();

/// Numbers of the program as a whole.
pub struct Metrics {
    /// When the program was built.
    pub started_at: Timestamp,
    /// Connections to the server.
    pub connections: Arc<Connections>,
    /// How exchanges of refresh tokens ended.
    pub refreshes: Named,
    /// What came of each try to send a letter.
    pub letters: Named,
    /// Letters that waited when they were last counted.
    pub letters_waiting: Gauge,
    limit_hits: Named,
}

/// Connections of one listener.
#[derive(Debug, Default)]
pub struct Connections {
    /// Those that are open.
    pub open: Gauge,
    /// Those that were ever served.
    pub accepted: Counter,
    /// Those that were turned away for want of a seat.
    pub refused: Counter,
}

/// What is known of something that runs by itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Worker {
    /// When a round last went well.
    pub last_success: Option<Timestamp>,
    /// Rounds that did not.
    pub failures: u64,
    /// How often it had to be started again.
    pub restarts: u64,
}

/// What can come of a try to send a letter.
pub const LETTER_OUTCOMES: &[&str] = &["sent", "address_refused", "letter_refused", "setup", "later"];

/// How an exchange of a refresh token may end, as it is counted.
pub const REFRESH_OUTCOMES: &[&str] = &[
    "rotated",
    "kept",
    "successor_again",
    "expired",
    "ended",
    "theft",
    "unknown",
    "audience_refused",
];

impl Metrics {
    /// Everything at zero.
    pub fn new(now: Timestamp) -> Self {
        Self {
            started_at: now,
            connections: Arc::default(),
            refreshes: Named::with(REFRESH_OUTCOMES),
            letters: Named::with(LETTER_OUTCOMES),
            letters_waiting: Gauge::default(),
            limit_hits: Named::with(&Limit::ALL.iter().copied().map(Limit::name).collect::<Vec<_>>()),
        }
    }

    /// Counts a request that a limit refused; `limit` names the limit, never whom it hit.
    pub fn limit_hits(&self, limit: &'static str) {
        self.limit_hits.one(limit);
    }

    /// Adds all of it to a text, and what `workers` say of themselves.
    pub fn write(&self, workers: &[(&'static str, Worker)], text: &mut Text) {
        let connections = &self.connections;
        text.gauge("authara_http_connections_open", "Connections that are open.");
        text.value(&[], connections.open.value());
        text.counter("authara_http_connections_total", "Connections that were served.");
        text.value(&[], connections.accepted.value());
        text.counter(
            "authara_http_connections_refused_total",
            "Connections turned away because too many were open.",
        );
        text.value(&[], connections.refused.value());

        text.counter("authara_refreshes_total", "Refresh tokens shown, by what came of it.");
        self.refreshes.write("outcome", text);
        text.counter("authara_letters_total", "Tries to send a letter, by what came of it.");
        self.letters.write("outcome", text);
        text.gauge("authara_letters_waiting", "Letters that wait to be sent.");
        text.value(&[], self.letters_waiting.value());
        text.counter(
            "authara_log_lines_lost_total",
            "Lines of the log that were lost: nobody read them fast enough, or they could not be written.",
        );
        text.value(&[], LOG_LINES_LOST.value());
        text.counter("authara_limit_hits_total", "Requests that a rate limit refused.");
        self.limit_hits.write("limit", text);

        write_workers(workers, text);
        text.gauge("authara_build_info", "Always 1; the label says which version runs.");
        text.value(&[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.gauge(
            "process_start_time_seconds",
            "When the program started, in seconds since 1970.",
        );
        text.value(&[], self.started_at.seconds());
    }
}

fn write_workers(workers: &[(&'static str, Worker)], text: &mut Text) {
    text.gauge(
        "authara_worker_last_success_timestamp_seconds",
        "When a worker's round last went well, in seconds since 1970.",
    );
    for (name, worker) in workers {
        if let Some(at) = worker.last_success {
            text.value(&[("worker", name)], at.seconds());
        }
    }
    text.counter(
        "authara_worker_failures_total",
        "A worker's rounds that did not go well.",
    );
    for (name, worker) in workers {
        text.value(&[("worker", name)], worker.failures);
    }
    text.counter(
        "authara_worker_restarts_total",
        "How often a worker had to be started again.",
    );
    for (name, worker) in workers {
        text.value(&[("worker", name)], worker.restarts);
    }
}
