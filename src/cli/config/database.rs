//! What `authara config check --database` says of the database.

use serde_json::{Value, json};

use crate::app;
use crate::cli::print::{Printer, thousands};
use crate::cli::{Failure, Result};
use crate::config::Database;
use crate::domain::Clock as _;
use crate::domain::time::SystemClock;
use crate::flows::allowlist;
use crate::storage::about::{self, About};
use crate::storage::allowlist::KeptOut;
use crate::storage::{Store, migrate};

/// A database, and what it is like.
pub(super) struct Looked {
    store: Store,
    about: About,
    applied: usize,
    known: usize,
}

impl Looked {
    /// Fails if `serve` could not use it.
    pub(super) async fn check(&self) -> Result<()> {
        Ok(migrate::check(&self.store).await?)
    }

    /// Who is kept out by the allowlist. Needs the right schema.
    pub(super) async fn kept_out(&self) -> Result<KeptOut> {
        Ok(allowlist::kept_out(&self.store).await?)
    }
}

/// Looks at it. Changes nothing.
pub(super) async fn look(database: &Database) -> Result<Looked> {
    let store = Store::open(&app::target(database)).await?;
    about::check_encoding(&store).await?;
    let steps = migrate::status(&store).await?;
    let applied = steps.iter().filter(|step| step.applied).count();
    if applied == 0 {
        return Err(Failure::Words(
            "the database is empty; run `authara migrate up` with the same settings".to_owned(),
        ));
    }
    let about = about::about(&store, SystemClock.now()).await?;
    Ok(Looked {
        store,
        about,
        applied,
        known: steps.len(),
    })
}

/// For people.
pub(super) fn say(looked: &Looked, out: &mut Printer) -> Result<()> {
    let about = &looked.about;
    out.line("The database answers.")?;
    out.line(format!("  version           {}", about.version))?;
    out.line(format!("  encoding          {}", about.encoding))?;
    out.line(match &about.durability_lost_by {
        None => "  durability        what is acknowledged survives a loss of power".to_owned(),
        Some(off) => {
            format!("  durability        a loss of power loses acknowledged changes; off:\n                    {off}")
        }
    })?;
    if let Some(ahead) = about.clock_ahead {
        out.line(match ahead {
            0 => "  clock             the same as here".to_owned(),
            1.. => format!("  clock             {ahead} s ahead of this machine's"),
            _ => format!("  clock             {} s behind this machine's", -ahead),
        })?;
    }
    out.line(if about.may_migrate {
        "  rights            may make tables"
    } else {
        "  rights            may not make tables, which `authara migrate up` must"
    })?;
    let (applied, known) = (looked.applied, looked.known);
    out.line(format!("  schema            {applied} of {known} migrations applied"))?;
    let size = thousands(about.bytes.div_ceil(1024));
    out.line(format!("  size              {size} kB"))
}

/// For programs.
pub(super) fn value(looked: &Looked) -> Value {
    let about = &looked.about;
    json!({
        "version": about.version,
        "encoding": about.encoding,
        "durable": about.durability_lost_by.is_none(),
        "durability_lost_by": about.durability_lost_by,
        "clock_ahead_seconds": about.clock_ahead,
        "may_migrate": about.may_migrate,
        "migrations_applied": looked.applied,
        "migrations_known": looked.known,
        "bytes": about.bytes,
    })
}
