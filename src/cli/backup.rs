//! `authara backup` and `authara restore`: copies of the database.

use std::path::Path;

use serde_json::json;

use crate::app;
use crate::cli::args::{Printed, Sure};
use crate::cli::print::{Printer, count};
use crate::cli::progress::shown;
use crate::cli::{Failure, Result, ask};
use crate::config::{Database, Given};
use crate::domain::time::SystemClock;
use crate::domain::{By, Clock as _};
use crate::flows::audit;
use crate::storage::backup::{self, Problem, Reason, Sessions};

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Words(problem.to_string())
    }
}

pub(super) async fn backup(to: &Path, printed: &Printed, given: &Given, out: &mut Printer) -> Result<()> {
    let database = Database::from_settings(given)?.value;
    let contents = shown(async |tell| backup::write(&app::target(&database), to, tell).await).await?;
    if printed.json {
        return out.json(&json!({
            "file": to.display().to_string(),
            "accounts": contents.accounts,
            "bytes": contents.bytes,
        }));
    }
    let (accounts, bytes) = (count(contents.accounts, "account"), count(contents.bytes, "byte"));
    out.wrapped(
        0,
        &format!("{}: {accounts}, {bytes}; read through and found whole.", to.display()),
    )
}

pub(super) async fn restore(
    from: &Path,
    sure: &Sure,
    printed: &Printed,
    given: &Given,
    out: &mut Printer,
) -> Result<()> {
    let database = Database::from_settings(given)?.value;
    ask::confirm(
        &format!(
            "This replaces the database with {}. Changes made after that copy are not in it. The present database is kept.",
            from.display()
        ),
        sure,
    )?;
    let line = audit::of_restore(&By::operator(SystemClock.now()));
    let restored = shown(async |tell| backup::restore(&app::target(&database), from, &line, tell).await).await?;
    if printed.json {
        return out.json(&json!({
            "accounts": restored.contents.accounts,
            "aside": restored.aside,
            "sessions_go_on": restored.sessions == Sessions::GoOn,
        }));
    }
    out.line(format!("Restored: {}.", count(restored.contents.accounts, "account")))?;
    out.wrapped(0, &words(restored.sessions))?;
    match restored.aside {
        Some(aside) => out.wrapped(0, &format!("What was there before is kept: {aside}")),
        None => out.line("There was no database before it."),
    }
}

/// What became of sessions and keys, and what is to be done about it.
fn words(sessions: Sessions) -> String {
    let reason = match sessions {
        Sessions::GoOn => {
            return "Sessions and keys go on as they were before; those that ended have ended. People who signed in \
                    after the copy must sign in again."
                .to_owned();
        }
        Sessions::AsInTheCopy(Reason::NotLater) => {
            return "Sessions and keys are as they were when the copy was made, for the database before it is no later \
                    state of the copy; what it knew as ended has ended. People who have used a session since must sign \
                    in again."
                .to_owned();
        }
        Sessions::AsInTheCopy(Reason::NoneBefore) => "there was no database before it that may be opened",
        Sessions::AsInTheCopy(Reason::OtherVersion) => "the database before it has the form of another version",
        Sessions::AsInTheCopy(Reason::Unreadable) => "the database before it cannot be read",
    };
    format!(
        "Sessions and keys are as they were when the copy was made: {reason}. People who have used a session since must \
         sign in again, and what was ended since is valid again. After a theft run `authara key rotate --now` and \
         `authara user sessions … --end-all`."
    )
}
