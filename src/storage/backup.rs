//! Copies of a database that is in use, each in one SQLite file, and putting one back.
//!
//! A copy is put in place by [`restore`] alone: while nobody uses the database, after the copy was looked
//! through, and with everything that was there set aside (see `sqlite/files.rs`).

mod copies;
mod file;
mod server;

use std::fs::{self, File};
use std::io;
use std::path::Path;

use crate::domain::Timestamp;
use crate::storage::Target;
use crate::storage::sqlite::files::may_write;
use copies::{Result, failed, look_through, named, new_file, refused, sync_folder_of};

pub use copies::{Contents, Problem, Restored};

/// Fails in words unless copies can be kept in a folder.
pub fn check_folder(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        return Err(refused(
            folder,
            "is no folder; make it, for the user who runs the server",
        ));
    }
    may_write(folder).map_err(Problem::Storage)
}

/// Writes a complete copy of the database to `to`, for its owner alone. The server may run: it answers
/// meanwhile, and what it acknowledges after the beginning is not in the copy. The copy is looked through before it gets its
/// name, so that a file of that name is a good one.
pub async fn write(target: &Target, to: &Path) -> Result<Contents> {
    if to.exists() {
        return Err(exists(to));
    }
    let partial = named(to, &format!("partial-{}", std::process::id()));
    let written = write_partial(target, &partial).await;
    let named = written.and_then(|contents| give_name(&partial, to).map(|()| contents));
    let _ = fs::remove_file(&partial);
    let contents = named?;
    sync_folder_of(to)?;
    Ok(contents)
}

async fn write_partial(target: &Target, partial: &Path) -> Result<Contents> {
    new_file(partial)?;
    match target {
        Target::Sqlite(source) => file::write(source, partial).await?,
        Target::Postgres(_) => server::write(target, partial).await?,
    }
    File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed(partial, &error))?;
    look_through(partial).await
}

/// Gives a finished copy its name, unless something has it already.
fn give_name(partial: &Path, to: &Path) -> Result<()> {
    match fs::hard_link(partial, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(to)),
        // Some file systems have no second names. Then nothing can be done at once.
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
pub async fn restore(target: &Target, from: &Path, now: Timestamp) -> Result<Restored> {
    match target {
        Target::Sqlite(place) => file::restore(place, from, now).await,
        Target::Postgres(server) => server::restore(server, from, now).await,
    }
}
