//! Copies the database into a folder, and keeps the newest copies.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use time::macros::format_description;

use crate::app::{self, App};
use crate::domain::Timestamp;
use crate::storage::backup;
use crate::workers::Failed;

/// Between two looks whether one is due.
pub(super) const EVERY: Duration = Duration::from_mins(1);
/// Before the first round, and after one that failed, which may have filled the disk.
pub(super) const SOON: Duration = Duration::from_mins(5);
/// The time in a name: a digit for each 0.
const FORM: &[u8; 16] = b"00000000T000000Z";
/// No copy takes so long.
const BROKEN_OFF: Duration = Duration::from_hours(24);
/// A copy that is so much newer than the clock was named by a clock that was wrong.
const CLOCK_ERROR: Duration = Duration::from_mins(5);

/// A server that runs on and one that is started each hour make as many.
pub(super) async fn round(app: Arc<App>) -> Result<(), Failed> {
    let Some(folder) = &app.config.backups.folder else {
        return Ok(());
    };
    let failed = |error: io::Error| Failed::new(format!("no copy can be kept in {}", folder.display()), error);
    let names = copies(folder).map_err(failed)?;
    let now = app.now();
    if !is_due(&names, app.config.backups.every, now) {
        return Ok(());
    }
    let to = folder.join(name(now));
    let written = backup::write(&app::target(&app.config.database), &to, &|_| {}).await;
    let written = written.map_err(|problem| Failed::new("the database could not be copied", problem))?;
    tracing::info!(
        file = %to.display(),
        accounts = written.accounts,
        bytes = written.bytes,
        "the database was copied"
    );
    sweep(folder, app.config.backups.keep, now).map_err(failed)
}

/// The times are in the names, which sort by them.
fn name(at: Timestamp) -> String {
    at.written(format_description!(
        "authara-[year][month][day]T[hour][minute][second]Z.db"
    ))
}

fn is_due(names: &[String], every: Duration, now: Timestamp) -> bool {
    let (oldest, newest) = (name(now - every), name(now + CLOCK_ERROR));
    !names.iter().any(|name| *name > oldest && *name < newest)
}

/// The names of the copies in a folder, the oldest first.
fn copies(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in fs::read_dir(folder)? {
        // Nothing else bears such a name.
        names.extend(file?.file_name().into_string().ok().filter(|name| is_one(name)));
    }
    names.sort();
    Ok(names)
}

fn is_one(name: &str) -> bool {
    let form = name.strip_prefix("authara-").and_then(|rest| rest.strip_suffix(".db"));
    form.is_some_and(|stamp| {
        stamp.len() == FORM.len()
            && stamp
                .bytes()
                .zip(FORM)
                .all(|(byte, form)| byte == *form || *form == b'0' && byte.is_ascii_digit())
    })
}

/// Removes all but the newest copies, and what a copy that was broken off long ago has left.
fn sweep(folder: &Path, keep: usize, now: Timestamp) -> io::Result<()> {
    let (names, newest) = (copies(folder)?, name(now + CLOCK_ERROR));
    // One that a clock named that was wrong is not among the newest, and not deleted either.
    for name in names.iter().rev().filter(|name| **name < newest).skip(keep) {
        fs::remove_file(folder.join(name))?;
    }
    for file in fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name().into_string().unwrap_or_default();
        let is_partial = name.split_once(".partial-").is_some_and(|(name, _)| is_one(name));
        if is_partial && file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > BROKEN_OFF) {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}
