//! Copies of a database that is in use, and putting one back (SQLite).
//!
//! A file that is put in place by hand takes over the log of the one before it, which destroys both
//! (sqlite.org/howtocorrupt.html, section 1.4). So a copy is put in place by [`restore`] alone: while no server
//! runs, after the copy was looked through, and with everything that was there set aside.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use time::macros::format_description;

use crate::domain::Timestamp;
use crate::storage::{Error, Store, Target, migrate, sqlite};

/// Why there is no copy, or why it was not put back. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The operator can do something about it; the text says what.
    #[error("{0}")]
    Refused(String),
    /// The database, or the copy, cannot be used.
    #[error(transparent)]
    Storage(#[from] Error),
}

type Result<T> = std::result::Result<T, Problem>;

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
    /// The database before it, if there was one.
    pub aside: Option<PathBuf>,
}

/// Writes a complete copy of the database to `to`, for its owner alone. The server may run: it answers
/// meanwhile, and what it acknowledges after the beginning is not in the copy. The copy is looked through before it gets its
/// name, so that a file of that name is a good one.
pub async fn write(target: &Target, to: &Path) -> Result<Contents> {
    let source = file_of(target)?;
    if to.exists() {
        return Err(refused(to, "exists already; name another file, or remove it"));
    }
    let partial = beside(to, &format!("partial-{}", std::process::id()));
    let written = write_partial(&source, &partial).await;
    let named = written.and_then(|contents| {
        // Unlike a rename this fails if the name was taken meanwhile.
        fs::hard_link(&partial, to).map_err(|error| failed(to, &error))?;
        Ok(contents)
    });
    let removed = fs::remove_file(&partial);
    let contents = named?;
    removed.map_err(|error| failed(&partial, &error))?;
    sync_folder_of(to)?;
    Ok(contents)
}

async fn write_partial(source: &Path, partial: &Path) -> Result<Contents> {
    new_file(partial)?;
    let handle = sqlite::open(source).map_err(|error| sqlite::reading_error(&error))?;
    let Some(path) = partial.to_str().map(str::to_owned) else {
        return Err(refused(partial, "has letters in its name that are no text"));
    };
    // It takes an empty file for none, and so keeps the mode.
    let copied = tokio::task::spawn_blocking(move || handle.execute("VACUUM INTO ?1", [path]));
    let copied = copied.await.map_err(|_| Error::unavailable("copying was broken off"))?;
    copied.map_err(|error| sqlite::reading_error(&error))?;
    File::open(partial)
        .and_then(|file| file.sync_all())
        .map_err(|error| failed(partial, &error))?;
    look_through(partial).await
}

/// Puts a copy in the place of the database. Refused while a server uses that, and for a file that is none
/// of ours, damaged, or of a newer version. Whatever is there now is kept beside it.
pub async fn restore(target: &Target, from: &Path, now: Timestamp) -> Result<Restored> {
    let place = file_of(target)?;
    if fs::canonicalize(from).ok() == fs::canonicalize(&place).ok() && from.exists() {
        return Err(refused(from, "is the database itself"));
    }
    let log = beside_raw(from, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let text = format!(
            "has newer changes in {}, so it is no whole copy; make one with `authara backup`",
            log.display()
        );
        return Err(refused(from, &text));
    }
    let Some(_lock) = ServerLock::take(target)? else {
        return Err(refused(&place, "is used by a running server; stop it first"));
    };
    let fresh = beside(&place, &format!("restoring-{}", std::process::id()));
    let contents = match copy(from, &place, &fresh) {
        Ok(()) => look_through(&fresh).await,
        Err(problem) => Err(problem),
    };
    // Reading a file that keeps a log, as `sqlite3 .backup` makes one, leaves these, with nothing in them.
    for end in ["-wal", "-shm"] {
        let _ = fs::remove_file(beside_raw(&fresh, end));
    }
    let contents = contents.inspect_err(|_| drop(fs::remove_file(&fresh)))?;

    let stamp = now.written(format_description!("[year][month][day]T[hour][minute][second]Z"));
    let aside = set_aside(&place, &stamp)?;
    fs::rename(&fresh, &place).map_err(|error| failed(&place, &error))?;
    sync_folder_of(&place)?;
    Ok(Restored { contents, aside })
}

/// Copies a file next to the place it is for, as its owner's or the folder's owner's.
fn copy(from: &Path, place: &Path, fresh: &Path) -> Result<()> {
    let mut source = File::open(from).map_err(|error| failed(from, &error))?;
    let mut file = new_file(fresh)?;
    io::copy(&mut source, &mut file).map_err(|error| failed(fresh, &error))?;
    let like = fs::metadata(place).or_else(|_| fs::metadata(folder_of(place)));
    if let Ok(like) = like {
        // Who is not root owns it already, or cannot give it away: opening it says so then.
        let _ = chown(fresh, Some(like.uid()), Some(like.gid()));
    }
    file.sync_all().map_err(|error| failed(fresh, &error))
}

/// Gives the database that is there another name. The file goes first and what belongs to it after it: if
/// this is broken off, there is no database, and never one with the log of another.
fn set_aside(place: &Path, stamp: &str) -> Result<Option<PathBuf>> {
    if let Ok(handle) = sqlite::open(place) {
        // What stands in the log goes into the file, if it can be read at all.
        let _ = handle.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()));
    }
    let aside = beside(place, &format!("before-restore-{stamp}"));
    let mut was_there = false;
    for end in ["", "-wal", "-shm"] {
        let (from, to) = (beside_raw(place, end), beside_raw(&aside, end));
        match fs::rename(&from, &to) {
            Ok(()) => was_there = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&from, &error)),
        }
        sync_folder_of(place)?;
    }
    Ok(was_there.then_some(aside))
}

/// Reads all of a copy: whether it is whole, ours, and not of a newer version.
async fn look_through(copy: &Path) -> Result<Contents> {
    let path = copy.to_path_buf();
    let checked = tokio::task::spawn_blocking(move || check(&path));
    let accounts = checked
        .await
        .map_err(|_| Error::unavailable("the check was broken off"))??;
    let store = Store::open(&Target::Sqlite(copy.to_path_buf())).await?;
    migrate::status(&store).await?;
    let bytes = fs::metadata(copy).map_err(|error| failed(copy, &error))?.len();
    Ok(Contents { accounts, bytes })
}

fn check(copy: &Path) -> Result<u64> {
    let broken = |what: &str| refused(copy, &format!("is no database of Authara that can be used: {what}"));
    let open = || {
        let handle = rusqlite::Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let found: String = handle.query_row("PRAGMA integrity_check(1)", (), |row| row.get(0))?;
        let mark: i64 = handle.query_row("PRAGMA application_id", (), |row| row.get(0))?;
        let orphans = handle.prepare("PRAGMA foreign_key_check")?.exists(())?;
        let accounts: i64 = handle.query_row("SELECT count(*) FROM users", (), |row| row.get(0))?;
        Ok::<_, rusqlite::Error>((found, mark, orphans, accounts))
    };
    let (found, mark, orphans, accounts) = open().map_err(|error| broken(&error.to_string()))?;
    if found != "ok" {
        return Err(broken(&found));
    }
    if mark != migrate::APPLICATION_ID {
        return Err(broken("it bears the mark of another program"));
    }
    if orphans {
        return Err(broken("a row refers to one that is not there"));
    }
    Ok(u64::try_from(accounts).unwrap_or(0))
}

/// Held by a server for as long as it uses an SQLite database, so that others can tell. Ends with the process.
#[derive(Debug)]
pub struct ServerLock(#[expect(dead_code, reason = "it is held, not used")] Option<File>);

impl ServerLock {
    /// Takes it; `None` if another server holds it. There is none for PostgreSQL, which many servers share.
    pub fn take(target: &Target) -> Result<Option<Self>> {
        let Target::Sqlite(place) = target else {
            return Ok(Some(Self(None)));
        };
        // Never the database itself: to close it would give up SQLite's own locks.
        let path = beside_raw(place, "-server");
        let mut options = OpenOptions::new();
        let file = options.create(true).write(true).truncate(false).mode(0o600).open(&path);
        let file = file.map_err(|error| failed(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(Some(file)))),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(failed(&path, &error)),
        }
    }
}

fn file_of(target: &Target) -> Result<PathBuf> {
    match target {
        Target::Sqlite(path) => Ok(path.clone()),
        Target::Postgres(_) => Err(Problem::Refused(
            "this is for SQLite; with PostgreSQL use pg_dump and pg_restore".to_owned(),
        )),
    }
}

fn new_file(path: &Path) -> Result<File> {
    let mut options = OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(path);
    made.map_err(|error| failed(path, &error))
}

/// The same path with another ending.
fn beside(path: &Path, ending: &str) -> PathBuf {
    beside_raw(path, &format!(".{ending}"))
}

fn beside_raw(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}

fn sync_folder_of(path: &Path) -> Result<()> {
    let folder = folder_of(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failed(folder, &error))
}

fn refused(path: &Path, text: &str) -> Problem {
    Problem::Refused(format!("{} {text}", path.display()))
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    Problem::Refused(format!("{}: {error}", path.display()))
}
