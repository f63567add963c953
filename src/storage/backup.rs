//! Copies of a database that is in use, and putting one back (SQLite).
//!
//! A copy is put in place by [`restore`] alone: while nobody uses the database, after the copy was looked
//! through, and with everything that was there set aside (see `sqlite/files.rs`).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection as Handle, ErrorCode, OpenFlags};
use time::macros::format_description;

use crate::domain::Timestamp;
use crate::storage::sqlite::files::{Alone, BESIDE, Use, belongs_like, beside, folder_of};
use crate::storage::sqlite::marks;
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
        return Err(exists(to));
    }
    let partial = named(to, &format!("partial-{}", std::process::id()));
    let written = write_partial(&source, &partial).await;
    let named = written.and_then(|contents| give_name(&partial, to).map(|()| contents));
    let _ = fs::remove_file(&partial);
    let contents = named?;
    sync_folder_of(to)?;
    Ok(contents)
}

async fn write_partial(source: &Path, partial: &Path) -> Result<Contents> {
    let _used = Use::begin(source).await?;
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

/// Puts a copy in the place of the database. Refused while anybody uses that, and for a file that is none of
/// ours, damaged, or of a newer version. Whatever is there now is kept beside it. A database that was put in
/// place by hand may be named as the copy: it is used as it is, without what lies beside it.
pub async fn restore(target: &Target, from: &Path, now: Timestamp) -> Result<Restored> {
    let place = file_of(target)?;
    let in_use = || refused(&place, "is in use; stop the server and wait for commands to end");
    let alone = Alone::take(&place)?.ok_or_else(in_use)?;
    let may_be_opened = alone.may_be_opened()?;
    if from.exists() && fs::canonicalize(from).ok() == fs::canonicalize(&place).ok() {
        if may_be_opened {
            return Err(refused(from, "is the database itself"));
        }
    } else {
        is_complete(from)?;
    }
    let fresh = named(&place, &format!("restoring-{}", std::process::id()));
    let prepared = prepare(from, &place, &fresh).await;
    // Reading a file that keeps a log, as `sqlite3 .backup` makes one, leaves these, with nothing in them.
    for end in BESIDE {
        let _ = fs::remove_file(beside(&fresh, end));
    }
    let put = prepared.and_then(|(contents, mark)| {
        if may_be_opened && !is_folded(&place)? {
            return Err(in_use());
        }
        alone.expect_also(mark)?;
        let aside = put_in_place(&fresh, &place, &free_name(&place, now))?;
        alone.expect(&[mark])?;
        Ok(Restored { contents, aside })
    });
    put.inspect_err(|_| drop(fs::remove_file(&fresh)))
}

/// Whether a copy is in one file.
fn is_complete(from: &Path) -> Result<()> {
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

/// Copies a file next to the place it is for, as its owner's, looks it through and gives it a new mark.
async fn prepare(from: &Path, place: &Path, fresh: &Path) -> Result<(Contents, i32)> {
    let mut source = File::open(from).map_err(|error| failed(from, &error))?;
    let mut file = new_file(fresh)?;
    io::copy(&mut source, &mut file).map_err(|error| failed(fresh, &error))?;
    belongs_like(fresh, place);
    let contents = look_through(fresh).await?;
    let mark = mark(fresh).map_err(|error| sqlite::reading_error(&error))?;
    file.sync_all().map_err(|error| failed(fresh, &error))?;
    Ok((contents, mark))
}

/// Gives a copy a new mark and leaves it in one file.
fn mark(fresh: &Path) -> rusqlite::Result<i32> {
    let handle = sqlite::open(fresh)?;
    handle.pragma_update(None, "journal_mode", "DELETE")?;
    let mark = marks::new(&handle)?;
    marks::put(&handle, mark)?;
    Ok(mark)
}

/// Takes the log into the database file, so that it can be kept as one. `false` if another program uses it.
fn is_folded(place: &Path) -> Result<bool> {
    let folded = || {
        let handle = sqlite::open(place)?;
        handle.pragma_update(None, "journal_mode", "DELETE")?;
        handle.execute_batch("BEGIN EXCLUSIVE; COMMIT")
    };
    match folded() {
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
            ) =>
        {
            Ok(false)
        }
        // What cannot be read, or is not there, is kept as it is.
        Err(error) if matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull)) => {
            Err(sqlite::reading_error(&error).into())
        }
        _ => Ok(true),
    }
}

/// A name to keep the database under, which nothing has.
fn free_name(place: &Path, now: Timestamp) -> PathBuf {
    let stamp = now.written(format_description!("[year][month][day]T[hour][minute][second]Z"));
    let name = |number: u32| match number {
        1 => named(place, &format!("before-restore-{stamp}")),
        _ => named(place, &format!("before-restore-{stamp}-{number}")),
    };
    let is_free = |aside: &PathBuf| !all_of(aside).any(|path| path.exists());
    (1..1_000).map(name).find(is_free).unwrap_or_else(|| name(1_000))
}

/// A database and all that SQLite keeps beside it. The file comes first: if moving is broken off after it, there is no
/// database, and never one with the log of another.
fn all_of(database: &Path) -> impl Iterator<Item = PathBuf> {
    let ends = std::iter::once("").chain(BESIDE);
    ends.map(|end| beside(database, end))
}

/// Gives the database that is there another name, if there is one, and the new one its place.
fn put_in_place(fresh: &Path, place: &Path, aside: &Path) -> Result<Option<PathBuf>> {
    let mut moved = Vec::new();
    let done = move_all(place, aside, &mut moved)
        .and_then(|()| fs::rename(fresh, place).map_err(|error| failed(place, &error)))
        .and_then(|()| sync_folder_of(place));
    match done {
        Ok(()) => Ok((!moved.is_empty()).then(|| aside.to_owned())),
        Err(problem) => Err(match put_back(&moved) {
            Ok(()) => problem,
            Err(_) => Problem::Refused(format!("{problem}. The database is now {}", aside.display())),
        }),
    }
}

/// Renames whatever is there, and notes from where to where.
fn move_all(place: &Path, aside: &Path, moved: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    for (from, to) in all_of(place).zip(all_of(aside)) {
        match fs::rename(&from, &to) {
            Ok(()) => moved.push((from, to)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&from, &error)),
        }
        sync_folder_of(place)?;
    }
    Ok(())
}

fn put_back(moved: &[(PathBuf, PathBuf)]) -> io::Result<()> {
    // The database file comes last.
    moved.iter().rev().try_for_each(|(from, to)| fs::rename(to, from))
}

/// Reads all of a copy: whether it is whole, ours, and not of a newer version.
async fn look_through(copy: &Path) -> Result<Contents> {
    let path = copy.to_path_buf();
    let checked = tokio::task::spawn_blocking(move || check(&path));
    let accounts = checked
        .await
        .map_err(|_| Error::unavailable("the check was broken off"))??;
    let store = Store::of_a_copy(copy);
    migrate::status(&store).await?;
    let bytes = fs::metadata(copy).map_err(|error| failed(copy, &error))?.len();
    Ok(Contents { accounts, bytes })
}

fn check(copy: &Path) -> Result<u64> {
    let broken = |what: &str| refused(copy, &format!("is no database of Authara that can be used: {what}"));
    let open = || {
        let handle = Handle::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
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
fn named(path: &Path, ending: &str) -> PathBuf {
    beside(path, &format!(".{ending}"))
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
