//! `authara allow …`: the allowlist.

use serde_json::json;

use crate::app::App;
use crate::cli::args::Allow as Command;
use crate::cli::print::{Printer, count, second, thousands};
use crate::cli::{Result, app};
use crate::config::Given;
use crate::domain::{Allowed, By, Timestamp};
use crate::flows::allowlist;
use crate::storage::allowlist::KeptOut;

pub(super) async fn run(command: Command, given: &Given, out: &mut Printer) -> Result<()> {
    let app = &*app(given).await?;
    let by = By::operator(app.now());
    match command {
        Command::Add { entries, printed } => {
            let mut added = 0;
            for entry in entries.named() {
                added += u64::from(allowlist::allow(app, &by, &entry).await?);
            }
            if printed.json {
                return out.json(&json!({ "changed": added }));
            }
            out.line(format!("{} added.", count_of(added)))?;
            say_if_off(app, out)
        }
        Command::Remove { entries, printed } => {
            let mut removed = 0;
            for entry in entries.named() {
                removed += u64::from(allowlist::unlist(app, &by, &entry).await?);
            }
            if printed.json {
                return out.json(&json!({ "changed": removed }));
            }
            out.line(format!("{} removed.", count_of(removed)))?;
            match words(allowlist::kept_out(&app.store).await?) {
                Some(words) if app.config.accounts.allowlist => out.wrapped(0, &words),
                _ => say_if_off(app, out),
            }
        }
        Command::List { limit, after, printed } => list(app, after.as_ref(), limit, printed.json, out).await,
    }
}

async fn list(app: &App, after: Option<&Allowed>, limit: u32, as_json: bool, out: &mut Printer) -> Result<()> {
    let entries = allowlist::list(app, after, limit).await?;
    if as_json {
        let entry =
            |(entry, at): &(Allowed, Timestamp)| json!({ "entry": entry.to_string(), "added_at": at.rfc3339() });
        let entries: Vec<_> = entries.iter().map(entry).collect();
        return out.json(&json!({ "enabled": app.config.accounts.allowlist, "entries": entries }));
    }
    let Some((last, _)) = entries.last() else {
        out.line("No entry.")?;
        return say_if_off(app, out);
    };
    let rows: Vec<_> = entries
        .iter()
        .map(|(entry, at)| [entry.to_string(), second(*at)])
        .collect();
    out.table(["ENTRY", "ADDED (UTC)"], &rows)?;
    if u32::try_from(entries.len()) == Ok(limit) {
        out.wrapped(0, &format!("There may be more; go on with: --after {last}"))?;
    }
    say_if_off(app, out)
}

fn say_if_off(app: &App, out: &mut Printer) -> Result<()> {
    if app.config.accounts.allowlist {
        return Ok(());
    }
    out.wrapped(
        0,
        "The allowlist is off: AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED is not true.",
    )
}

fn count_of(entries: u64) -> String {
    if entries == 1 {
        "1 entry".to_owned()
    } else {
        format!("{} entries", thousands(entries))
    }
}

/// Who is kept out by the allowlist, in words; `None` if nobody.
pub(super) fn words(kept_out: KeptOut) -> Option<String> {
    let KeptOut { accounts, admins } = kept_out;
    if accounts == 0 {
        return None;
    }
    let accounts = count(accounts.unsigned_abs(), "account");
    let admins = match admins {
        0 => String::new(),
        admins => format!(", {} among them", count(admins.unsigned_abs(), "admin")),
    };
    Some(format!(
        "The allowlist keeps {accounts} out{admins}. To let one in: authara allow add ADDRESS"
    ))
}
