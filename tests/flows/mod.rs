//! Rules that need several steps and a moving clock, on both databases.

mod account;
mod accounts;
mod addresses;
mod allowlist;
mod approval;
mod attack;
mod clock;
mod confirm;
mod few_connections;
mod keys;
mod limits;
mod password;
mod races;
mod refresh;
mod roles;
mod sessions;
mod sign_in;
mod sign_up;

use authara::app::App;
use authara::domain::Refusal;
use authara::flows::{Error, Result};
use authara::metrics::Text;

/// The value of a metric, named with its labels as it is scraped.
fn metric(app: &App, name: &str) -> u64 {
    let mut text = Text::default();
    app.metrics.write(&[], &mut text);
    let text = text.finish();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap().parse().unwrap()
}

/// The refusal of a flow that must have been refused.
fn refusal<T>(result: Result<T>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        Err(other) => panic!("broke instead of refusing: {other}"),
        Ok(_) => panic!("was not refused"),
    }
}
