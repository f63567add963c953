//! `authara config …`: checking and explaining the settings.

mod check;
mod database;

use std::path::Path;

use serde_json::{Value, json};

use crate::cli::args::Config as Command;
use crate::cli::print::Printer;
use crate::cli::{Result, allow, settings};
use crate::config::{Given, list, vars::VARS};

pub(super) async fn run(command: &Command, env_file: Option<&Path>, out: &mut Printer) -> Result<()> {
    match command {
        Command::Check { database, printed } => {
            let config = settings(&Given::from_environment(env_file)?)?;
            check::folder(&config)?;
            if printed.json {
                return as_json(&config, *database, out).await;
            }
            check::settings(&config, out)?;
            if *database {
                let looked = database::look(&config.database).await?;
                database::say(&looked, out)?;
                looked.check().await?;
                if config.accounts.allowlist
                    && let Some(words) = allow::words(looked.kept_out().await?)
                {
                    out.wrapped(0, &words)?;
                }
            }
            Ok(())
        }
        Command::List { markdown: true, .. } => out.line(list::markdown().trim_end()),
        Command::List { yaml: true, .. } => out.line(list::yaml().trim_end()),
        Command::List { printed, .. } if printed.json => out.json(&list::json()),
        Command::List { .. } => explain(out),
    }
}

async fn as_json(config: &crate::config::Config, with_database: bool, out: &mut Printer) -> Result<()> {
    let mut value = check::value(config);
    if !with_database {
        return out.json(&value);
    }
    let looked = database::look(&config.database).await?;
    if let (Some(known), Value::Object(more)) = (value["database"].as_object_mut(), database::value(&looked)) {
        known.extend(more);
    }
    let checked = looked.check().await;
    if config.accounts.allowlist && checked.is_ok() {
        let kept_out = looked.kept_out().await?;
        value["kept_out"] = json!({ "accounts": kept_out.accounts, "admins": kept_out.admins });
    }
    out.json(&value)?;
    checked
}

fn explain(out: &mut Printer) -> Result<()> {
    for var in VARS {
        let secret = if var.is_secret {
            format!(" (secret; or {}_FILE)", var.name)
        } else {
            String::new()
        };
        out.line(format!("{}{secret}", var.name))?;
        out.wrapped(4, var.help)?;
        let otherwise = match (var.required, var.default.words()) {
            ("", "") => "not set by default".to_owned(),
            ("", default) => format!("default: {default}"),
            (when, _) => format!("required {when}"),
        };
        out.wrapped(4, &format!("{}; {otherwise}", var.kind.words()))?;
    }
    Ok(())
}
