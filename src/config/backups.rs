//! Copies of the database that the server makes by itself.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::reader::Reader;

/// Where they go, and how many there are.
#[derive(Debug, Clone)]
pub struct Backups {
    /// `AUTHARA_BACKUP_DIR`; `None` for no copies.
    pub folder: Option<PathBuf>,
    /// `AUTHARA_BACKUP_EVERY`.
    pub every: Duration,
    /// `AUTHARA_BACKUP_KEEP`: the newest of them.
    pub keep: usize,
}

impl Backups {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let folder = reader.parse("AUTHARA_BACKUP_DIR", |text| {
            let folder = PathBuf::from(text);
            let right = || "must be an absolute path, as in /var/backups/authara".to_owned();
            folder.is_absolute().then_some(folder).ok_or_else(right)
        });
        let (every, keep) = (
            reader.duration("AUTHARA_BACKUP_EVERY"),
            reader.count("AUTHARA_BACKUP_KEEP"),
        );
        Some(Self {
            folder,
            every: every?,
            keep: keep?,
        })
    }
}
