//! Where log lines go: text for people on a terminal, JSON otherwise.

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt};

use crate::config::LogLevel;

/// Starts logging to standard error. Only what this program says is logged, not its libraries.
pub(super) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let ours = tracing_subscriber::filter::filter_fn(move |meta| {
        *meta.level() <= level && meta.target().starts_with(env!("CARGO_PKG_NAME"))
    });
    // A second start in one process keeps the first.
    let _ = if std::io::stderr().is_terminal() {
        let layer = fmt::layer().with_writer(std::io::stderr).with_target(false).compact();
        tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(ours)))
    } else {
        let layer = fmt::layer()
            .with_writer(std::io::stderr)
            .with_target(false)
            .json()
            .flatten_event(true);
        tracing::subscriber::set_global_default(Registry::default().with(layer.with_filter(ours)))
    };
}
