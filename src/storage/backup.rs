//! Copies of a database that is in use, each in one SQLite file, and putting one back.
//!
//! A copy is put in place by [`restore`] alone: while nobody uses the database, after the copy was looked
//! through, and with everything that was there set aside (see `sqlite/files.rs`).

mod copies;
mod file;
mod progress;
mod server;
mod sessions;

use std::fs;
use std::io;
use std::path::Path;

use crate::domain::audit::AuditLine;
use crate::storage::sqlite::files::{folder_of, may_write, without_links};
use crate::storage::{Error, Target};
use copies::{Result, Unfinished, failed, look_through, named, refused, some_letters, sync_folder_of};

pub use copies::{Contents, Problem, Restored};
pub use progress::{Stage, Tell};
pub use sessions::{Reason, Sessions};

/// Fails in words unless copies can be kept in a folder.
pub fn check_folder(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        return Err(refused(
            folder,
            "is not a folder; create it and give it to the user who runs the server",
        ));
    }
    may_write(folder).map_err(|error| match error {
        Error::Unavailable(words) => Problem::Refused(words),
        other => other.into(),
    })
}

/// Writes a complete copy of the database to `to`, for its owner alone. The server may run: it answers
/// meanwhile, and what it acknowledges after the beginning is not in the copy. The copy is looked through before it gets its
/// name, so that a file of that name is a good one.
pub async fn write(target: &Target, to: &Path, tell: Tell<'_>) -> Result<Contents> {
    if to.exists() {
        return Err(exists(to));
    }
    let folder = folder_of(to);
    if !folder.is_dir() {
        return Err(refused(folder, "is not a folder; create it first"));
    }
    let (partial, file) = Unfinished::make(named(to, &format!("partial-{}", some_letters())))?;
    match target {
        Target::Sqlite(source) => file::write(&without_links(source), &partial.0, tell).await,
        Target::Postgres(_) => server::write(target, &partial.0, tell).await,
    }
    .map_err(|problem| Problem::Refused(format!("{} was not written: {problem}", to.display())))?;
    let flushed = tokio::task::spawn_blocking(move || file.sync_all()).await;
    flushed
        .map_err(|_| Error::unavailable("copying was broken off"))?
        .map_err(|error| failed(to, &error))?;
    tell(Stage::Check);
    let contents = look_through(&partial.0, to).await;
    let contents = contents.map_err(|problem| {
        Problem::Refused(format!(
            "no copy was kept, and the database itself may be damaged: {problem}"
        ))
    })?;
    give_name(&partial.0, to)?;
    sync_folder_of(to)?;
    Ok(contents)
}

/// Gives a finished copy its name, unless something has it already.
fn give_name(partial: &Path, to: &Path) -> Result<()> {
    match fs::hard_link(partial, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(to)),
        // Some file systems have no hard links. There, checking and renaming are two steps.
        Err(_) if to.exists() => Err(exists(to)),
        Err(_) => fs::rename(partial, to).map_err(|error| failed(to, &error)),
    }
}

fn exists(to: &Path) -> Problem {
    refused(to, "exists already; name another file, or remove it")
}

/// Puts a copy in the place of the database. Refused while anybody uses the database, and for a file that is none of
/// ours, damaged, or of a newer version. What is there now is kept: a file beside
/// it, tables in a schema of their own. An SQLite database that was put in place by hand may be named as the
/// copy: it is used as it is, without what lies beside it.
///
/// Accounts, passwords and all else are as in the copy. Of its sessions, those that went on since go on, and
/// those that ended have ended, if the database that is there now can tell. `line` is put into its audit.
pub async fn restore(target: &Target, from: &Path, line: &AuditLine, tell: Tell<'_>) -> Result<Restored> {
    if from.is_dir() {
        return Err(refused(from, "is a folder; name the copy in it"));
    }
    match target {
        Target::Sqlite(place) => file::restore(&without_links(place), from, line, tell).await,
        Target::Postgres(server) => server::restore(server, from, line, tell).await,
    }
}
