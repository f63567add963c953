//! The files that this program has open, and whether they are still at their paths.

use std::fs::{self, File};
use std::mem::ManuallyDrop;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use rusqlite::Connection as Handle;

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
    _connection: Mutex<Handle>,
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

    /// Fails once one of the files has been removed, or another one is in its place.
    pub(super) fn check(&self) -> Result<()> {
        let Some(kept) = self.kept.get() else { return Ok(()) };
        let another = self
            .names
            .iter()
            .zip(kept.files)
            .find(|(name, file)| *file != FileId::of(name));
        let overwritten = || (!Header::is_of_log(&kept.plain)).then_some(&self.path);
        match another.map(|(name, _)| name).or_else(overwritten) {
            None => Ok(()),
            Some(name) => Err(Error::Unavailable(format!(
                "{} was removed or replaced while this program uses it, so that nothing can be kept; \
                 stop the program, put the files in order, and start it again",
                name.display()
            ))),
        }
    }

    /// Says that a connection has them open.
    pub(super) fn note(&self) {
        // What is kept stays open for as long as the program runs, which a copy that nobody else knows of does not need.
        if self.is_shared
            && self.kept.get().is_none()
            && let Ok(kept) = self.keep()
            && kept.files.iter().all(Option::is_some)
        {
            let _ = self.kept.set(kept);
        }
    }

    fn keep(&self) -> rusqlite::Result<Kept> {
        let plain = File::open(&self.path).map_err(|_| rusqlite::Error::InvalidPath(self.path.clone()))?;
        let connection = super::open(&self.path)?;
        // It uses the files once it has read.
        connection.query_row("PRAGMA user_version", (), |_| Ok(()))?;
        Ok(Kept {
            files: self.names.each_ref().map(|name| FileId::of(name)),
            plain: ManuallyDrop::new(plain),
            _connection: Mutex::new(connection),
        })
    }
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
