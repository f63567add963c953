//! A copy: one SQLite file, looked through before it is relied on.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection as Handle, OpenFlags};
use tokio::time::timeout;

use super::sessions::Sessions;
use crate::storage::sqlite::files::{BESIDE, beside, folder_of};
use crate::storage::sqlite::marks;
use crate::storage::{Error, PATIENCE, Store, migrate, sqlite};

/// Between two flushes of a copy that is being made.
const FLUSH: Duration = Duration::from_millis(50);

/// Why there is no copy, or why it was not put back. Unless the text says where the database is now, nothing has
/// changed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The operator can do something about it; the text says what.
    #[error("{0}")]
    Refused(String),
    /// The database, or the copy, cannot be used.
    #[error(transparent)]
    Storage(#[from] Error),
}

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// Accounts.
    pub accounts: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// What was put back, and where that is which was there before.
#[derive(Debug)]
pub struct Restored {
    /// What the copy holds.
    pub contents: Contents,
    /// Where the database before it is, if there was one.
    pub aside: Option<String>,
    /// What its sessions are like.
    pub sessions: Sessions,
}

/// Fails unless a copy is in one file.
pub(super) fn check_complete(from: &Path) -> Result<()> {
    for end in ["-wal", "-journal"] {
        let changes = beside(from, end);
        if fs::metadata(&changes).is_ok_and(|changes| changes.len() > 0) {
            let text = format!(
                "has newer changes in {}, so it is no whole copy; make one with `authara backup`",
                changes.display()
            );
            return Err(refused(from, &text));
        }
    }
    Ok(())
}

/// Reads all of a copy: whether it is whole, ours, and not of a newer version. Messages name it as `shown`.
pub(super) async fn look_through(copy: &Path, shown: &Path) -> Result<Contents> {
    let (path, name) = (copy.to_path_buf(), shown.to_path_buf());
    let checked = tokio::task::spawn_blocking(move || check(&path, &name));
    let accounts = checked
        .await
        .map_err(|_| Error::unavailable("the check was broken off"))??;
    let store = Store::of_a_copy(copy);
    migrate::status(&store).await?;
    let bytes = fs::metadata(copy).map_err(|error| failed(copy, &error))?.len();
    Ok(Contents { accounts, bytes })
}

fn check(copy: &Path, shown: &Path) -> Result<u64> {
    let broken = |what: &str| refused(shown, &format!("is no database of Authara that can be used: {what}"));
    let open = || {
        let handle = Handle::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found: String = handle.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
        let mark: i64 = handle.query_row("PRAGMA application_id", (), |row| row.get(0))?;
        let orphans = handle.prepare("PRAGMA foreign_key_check")?.exists(())?;
        let foreign = "SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view')";
        let foreign = handle.prepare(foreign)?.exists(())?;
        let accounts: i64 = handle.query_row("SELECT count(*) FROM users", (), |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((found, mark, foreign, orphans, accounts))
    };
    let (found, mark, foreign, orphans, accounts) = open().map_err(|error| broken(&error.to_string()))?;
    if found != "ok" {
        return Err(broken(&found));
    }
    if mark != migrate::APPLICATION_ID {
        return Err(broken("it bears the mark of another program"));
    }
    if foreign {
        return Err(broken("it has a trigger or a view, and none of ours does"));
    }
    if orphans {
        return Err(broken("a row refers to one that is not there"));
    }
    Ok(u64::try_from(accounts).unwrap_or(0))
}

/// Gives a copy a new mark and leaves it in one file.
pub(super) async fn mark(fresh: &Path) -> Result<i32> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match try_to_mark(fresh) {
            // What has written it closes it a moment later.
            Err(error) if sqlite::is_busy(&error) && Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            marked => return Ok(marked.map_err(|error| sqlite::reading_error(&error))?),
        }
    }
}

fn try_to_mark(fresh: &Path) -> rusqlite::Result<i32> {
    let handle = sqlite::open(fresh)?;
    handle.pragma_update(None, "journal_mode", "DELETE")?;
    let mark = marks::new(&handle)?;
    marks::put(&handle, mark)?;
    Ok(mark)
}

/// Waits for `end`, and meanwhile has the files written to the disk in small steps: one large flush would hold up
/// the commits of the server.
pub(super) async fn flushing<T>(files: &[PathBuf], mut end: impl Future<Output = T> + Unpin) -> Result<T> {
    loop {
        if let Ok(done) = timeout(FLUSH, &mut end).await {
            return Ok(done);
        }
        let files = files.to_owned();
        let flush = move || {
            for file in files {
                // Nobody else uses the file, so that SQLite's locks on it, which this gives up, do not matter.
                drop(File::open(file).and_then(|file| file.sync_data()));
            }
        };
        let _ = tokio::task::spawn_blocking(flush).await;
    }
}

/// A database and all that SQLite keeps beside it. The file comes first: if moving is broken off after it, there is no
/// database, and never one with the log of another.
pub(super) fn all_of(database: &Path) -> impl Iterator<Item = PathBuf> {
    let ends = std::iter::once("").chain(BESIDE);
    ends.map(|end| beside(database, end))
}

/// Some letters that no other program on this machine will choose.
pub(super) fn some_letters() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

/// A file that is being filled. Removed when dropped, with all that SQLite keeps beside it, unless it has got
/// another name.
pub(super) struct Unfinished(pub(super) PathBuf);

impl Unfinished {
    /// Makes an empty file, which nobody else has.
    pub(super) fn make(path: PathBuf) -> Result<(Self, File)> {
        let file = new_file(&path)?;
        Ok((Self(path), file))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        for path in all_of(&self.0) {
            // Most are not there.
            let _ = fs::remove_file(path);
        }
    }
}

pub(super) fn new_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| failed(path, &error))
}

/// The same path with another ending.
pub(super) fn named(path: &Path, ending: &str) -> PathBuf {
    beside(path, &format!(".{ending}"))
}

pub(super) fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failed(folder, &error))
}

pub(super) fn refused(path: &Path, text: &str) -> Problem {
    Problem::Refused(format!("{} {text}", path.display()))
}

pub(super) fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::Refused(format!("{}: {error}", path.display()))
}
