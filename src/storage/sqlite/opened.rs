//! The files that this program has open, and whether they are still at their paths.

use std::fs::{self, File};
use std::mem::ManuallyDrop;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rusqlite::Connection as Handle;
use rusqlite::config::DbConfig;

use super::files::{INDEX, LOG, beside};
use super::marks::Header;
use crate::storage::{Error, Result};

/// Which files the connections of this program have open. What is written to one that is no longer at its path
/// is lost, and SQLite does not look.
pub(super) struct Opened {
    /// The database.
    pub(super) path: PathBuf,
    names: [PathBuf; 3],
    /// Whether other programs may use them.
    pub(super) is_shared: bool,
    kept: OnceLock<Kept>,
}

struct Kept {
    files: [Option<FileId>; 3],
    /// The database as a plain file. Never closed, for that would give up SQLite's locks.
    plain: ManuallyDrop<File>,
    /// Stays open, because the last connection that is closed removes what is beside the database.
    connection: Mutex<Handle>,
}

impl Opened {
    pub(super) fn new(path: &Path, is_shared: bool) -> Arc<Self> {
        Arc::new(Self {
            is_shared,
            path: path.to_owned(),
            names: ["", LOG, INDEX].map(|end| beside(path, end)),
            kept: OnceLock::new(),
        })
    }

    /// A connection. Where others may use the files too, it does not take the log into the database when it is closed:
    /// that is done once, at the end, by what stays open, and only if the files are still the same.
    pub(super) fn connect(&self) -> rusqlite::Result<Handle> {
        let handle = super::open(&self.path)?;
        handle.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, self.is_shared)?;
        Ok(handle)
    }

    /// Fails once one of the files has been removed, or another one is in its place. Before a write: what was
    /// acknowledged would be lost.
    pub(super) fn check(&self) -> Result<()> {
        let Some(kept) = self.kept.get() else { return Ok(()) };
        for (name, file) in self.names.iter().zip(kept.files) {
            is_there(name, file)?;
        }
        if Header::is_of_log(&kept.plain) {
            Ok(())
        } else {
            Err(replaced(&self.path))
        }
    }

    /// The same for the database alone. Before a read, which loses nothing and must cost little.
    pub(super) fn check_database(&self) -> Result<()> {
        match self.kept.get() {
            Some(kept) => is_there(&self.path, kept.files[0]),
            None => Ok(()),
        }
    }

    /// Says that a connection has them open. What is kept by that stays open as long as the program runs, so it is
    /// not for a copy that nobody else knows of.
    pub(super) fn note(&self) {
        if self.is_shared
            && self.kept.get().is_none()
            && let Ok(Some(kept)) = self.keep()
        {
            let _ = self.kept.set(kept);
        }
    }

    fn keep(&self) -> rusqlite::Result<Option<Kept>> {
        let connection = super::open(&self.path)?;
        // It uses the files once it has read.
        connection.query_row("PRAGMA user_version", (), |_| Ok(()))?;
        let files = self.names.each_ref().map(|name| FileId::of(name));
        if files.contains(&None) {
            return Ok(None);
        }
        // Last, for it cannot be closed again.
        let plain = File::open(&self.path).map_err(|_| rusqlite::Error::InvalidPath(self.path.clone()))?;
        Ok(Some(Kept {
            files,
            plain: ManuallyDrop::new(plain),
            connection: Mutex::new(connection),
        }))
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // The log does not belong to a database that was put in place of this one.
        if self.check().is_err()
            && let Some(kept) = self.kept.get()
        {
            let connection = kept.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

fn is_there(name: &Path, file: Option<FileId>) -> Result<()> {
    if FileId::of(name) == file {
        Ok(())
    } else {
        Err(replaced(name))
    }
}

fn replaced(name: &Path) -> Error {
    Error::Unavailable(format!(
        "{} was removed or replaced while this program uses it, so that nothing can be kept; stop the program, put \
         the files in order, and start it again",
        name.display()
    ))
}

/// Device and number of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    /// Of the file that is there now.
    fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self(found.dev(), found.ino()))
    }
}
