//! `authara migrate …`: the form of the database.

use serde_json::json;

use crate::app::{self, BuildError};
use crate::cli::args::{Migrate as Command, Printed};
use crate::cli::print::{Printer, count};
use crate::cli::{Failure, Result};
use crate::config::{Database, Given};
use crate::domain::audit::Action;
use crate::storage::Store;
use crate::storage::migrate::{self, Step};

pub(super) async fn run(command: &Command, given: &Given, out: &mut Printer) -> Result<()> {
    let database = Database::from_settings(given)?.value;
    let store = Store::open(&app::target(&database)).await?;
    match command {
        Command::Up(printed) => up(&store, printed, given, out).await,
        Command::Status(printed) => status(&store, printed, out).await,
        Command::Plan(printed) => plan(&store, printed, out).await,
    }
}

async fn up(store: &Store, printed: &Printed, given: &Given, out: &mut Printer) -> Result<()> {
    let mut told = Ok(());
    let begins = |step: &Step| {
        if !printed.json && told.is_ok() {
            told = out.line(format!("applying {}", step.name));
        }
    };
    let applied = migrate::up_telling(store, begins).await?;
    told?;
    let lost_roles = migrate::lost_roles(store, &applied).await?;
    if printed.json {
        let value = |step: &Step| json!({ "number": step.number, "name": step.name });
        let steps: Vec<_> = applied.iter().map(value).collect();
        out.json(&json!({ "applied": steps, "lost_roles": lost_roles }))?;
    } else if applied.is_empty() {
        out.line("nothing to do: the database is up to date")?;
    } else {
        out.line(format!("applied {}", count(applied.len() as u64, "migration")))?;
        if lost_roles > 0 {
            out.wrapped(0, &lost(lost_roles))?;
        }
    }
    first_start(given).await
}

fn lost(people: i64) -> String {
    format!(
        "The roles auditor and monitor are no more: {} lost one or both, and stay signed in. \
         See who: authara audit --action {}",
        count(people.unsigned_abs(), "account"),
        Action::RoleRevoked.name()
    )
}

/// Makes the first signing key, so that `serve` finds it. Other settings may still be missing when
/// the database is migrated; the server then makes the key when it starts.
async fn first_start(given: &Given) -> Result<()> {
    match super::app(given).await {
        Ok(_) | Err(Failure::Settings(_)) => Ok(()),
        Err(Failure::Build(error @ BuildError::OrganizationMode { .. })) => Err(error.into()),
        Err(failure) => Err(failure),
    }
}

async fn status(store: &Store, printed: &Printed, out: &mut Printer) -> Result<()> {
    let steps = migrate::status(store).await?;
    let pending = steps.iter().filter(|step| !step.applied).count();
    if printed.json {
        let value = |step: &Step| json!({"number": step.number, "name": step.name, "applied": step.applied});
        out.json(&json!({ "pending": pending, "migrations": steps.iter().map(value).collect::<Vec<_>>() }))?;
    } else {
        let state = |step: &Step| if step.applied { "applied" } else { "pending" }.to_owned();
        let rows: Vec<_> = steps.iter().map(|step| [step.name.to_owned(), state(step)]).collect();
        out.table(["MIGRATION", "STATE"], &rows)?;
    }
    match pending {
        0 => Ok(()),
        _ if printed.json => Err(Failure::Silent),
        _ => Err(Failure::Words(format!(
            "{pending} pending; apply with: authara migrate up"
        ))),
    }
}

async fn plan(store: &Store, printed: &Printed, out: &mut Printer) -> Result<()> {
    let steps = migrate::status(store).await?;
    let pending: Vec<_> = steps.iter().filter(|step| !step.applied).collect();
    if printed.json {
        let value = |step: &&Step| json!({ "number": step.number, "name": step.name, "sql": step.sql });
        return out.json(&json!({ "migrations": pending.iter().map(value).collect::<Vec<_>>() }));
    }
    if pending.is_empty() {
        return out.line("-- nothing to do: the database is up to date");
    }
    for step in pending {
        out.line(format!("-- {}\n{}", step.name, step.sql.trim_end()))?;
    }
    Ok(())
}
