//! `authara key …`: the keys that sign access tokens.

use serde_json::{Value, json};

use crate::cli::args::Key as Command;
use crate::cli::print::{Printer, minute, moment};
use crate::cli::{Result, app, ask};
use crate::config::Given;
use crate::crypto::keys::{generate_p256, generate_seed};
use crate::domain::{By, Timestamp};
use crate::flows::keys::{self, KeyState, KeyView};

pub(super) fn generate(es256: bool, out: &mut Printer) -> Result<()> {
    let key = if es256 { generate_p256() } else { generate_seed() };
    out.line(key.expose())
}

pub(super) async fn run(command: &Command, given: &Given, out: &mut Printer) -> Result<()> {
    match command {
        Command::Generate { es256 } => generate(*es256, out),
        Command::List(printed) => {
            let app = app(given).await?;
            let keys = keys::list(&app, app.now()).await?;
            if printed.json {
                return out.json(&json!({ "keys": keys.iter().map(value).collect::<Vec<_>>() }));
            }
            let rows: Vec<_> = keys.iter().map(row).collect();
            out.table(
                ["KEY", "SIGNS WITH", "STATE", "SIGNS FROM (UTC)", "VERIFIES UNTIL (UTC)"],
                &rows,
            )
        }
        Command::Rotate { now, sure, printed } => {
            if *now {
                let what = "This makes every access token invalid at once; browsers refresh by themselves.";
                ask::confirm(what, sure)?;
            }
            let app = app(given).await?;
            let key = keys::rotate(&app, &By::operator(app.now()), *now).await?;
            if printed.json {
                return out.json(&value(&key));
            }
            let name = key.algorithm.name();
            let from = key.active_from.map(moment).unwrap_or_default();
            if key.state == KeyState::Active {
                return out.line(format!(
                    "Key {} ({name}) signs from now on; older keys are refused.",
                    key.id
                ));
            }
            out.line(format!("Key {} ({name}) is published now.", key.id))?;
            out.line(format!("It signs from {from}."))
        }
    }
}

fn words(state: KeyState) -> &'static str {
    match state {
        KeyState::Upcoming => "upcoming",
        KeyState::Active => "active",
        KeyState::Retiring => "retiring",
        KeyState::Retired => "retired",
    }
}

fn row(key: &KeyView) -> [String; 5] {
    let time = |at: Option<_>| at.map_or_else(|| "—".to_owned(), minute);
    [
        key.id.clone(),
        key.algorithm.name().to_owned(),
        words(key.state).to_owned(),
        time(key.active_from),
        time(key.retired_at),
    ]
}

fn value(key: &KeyView) -> Value {
    json!({
        "id": key.id,
        "algorithm": key.algorithm.name(),
        "state": words(key.state),
        "created_at": key.created_at.map(Timestamp::rfc3339),
        "active_from": key.active_from.map(Timestamp::rfc3339),
        "retired_at": key.retired_at.map(Timestamp::rfc3339),
    })
}
