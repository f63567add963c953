//! What the program counts of itself, brought together for whoever watches it.

use crate::app::App;
use crate::metrics::{Text, Worker, process};

/// Adds everything below the doors to a text.
pub fn write(app: &App, text: &mut Text) {
    let worker = |beat: &crate::app::pulse::Beat| Worker {
        last_success: beat.last_success,
        failures: beat.failures,
        restarts: beat.restarts,
    };
    let pulse = app.pulse.all();
    let workers: Vec<_> = pulse.iter().map(|(it, beat)| (it.name(), worker(beat))).collect();
    app.metrics.write(&workers, text);
    write_hashing(app, text);
    write_database(app, text);
    process::write(text);
}

fn write_hashing(app: &App, text: &mut Text) {
    let hasher = &app.hasher;
    let counts = hasher.counts();
    text.gauge(
        "authara_password_hashes_waiting",
        "Password hashes that wait for a thread.",
    );
    text.value(&[], hasher.waiting());
    text.gauge("authara_password_hashes_running", "Password hashes being computed.");
    text.value(&[], hasher.running());
    text.counter(
        "authara_password_hashes_refused_total",
        "Password hashes refused because the queue was full.",
    );
    text.value(&[], counts.refused.value());
    text.counter(
        "authara_password_hashes_given_up_total",
        "Password hashes nobody waited for any longer.",
    );
    text.value(&[], counts.given_up.value());
    text.histogram(
        "authara_password_hash_duration_seconds",
        "How long computing a password hash took, without waiting.",
    );
    text.durations(&[], &counts.durations);
}

fn write_database(app: &App, text: &mut Text) {
    let figures = app.store.figures();
    text.gauge(
        "authara_database_connections",
        "Connections to the database; with SQLite, those that read.",
    );
    text.value(&[("state", "in_use")], figures.in_use);
    text.value(&[("state", "idle")], figures.idle);
    text.gauge(
        "authara_database_connections_max",
        "Connections to the database at most.",
    );
    text.value(&[], figures.most);
    text.gauge(
        "authara_database_waiting",
        "Who waits for a connection; with SQLite, to read or to write.",
    );
    text.value(&[], figures.waiting);
    text.counter(
        "authara_database_transactions_total",
        "Write transactions that were committed.",
    );
    text.value(&[], figures.transactions);
    text.counter(
        "authara_database_commits_total",
        "Commits; with SQLite, several transactions share one.",
    );
    text.value(&[], figures.commits);
}
