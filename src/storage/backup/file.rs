//! Copies of an SQLite database, and putting one in its place.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use super::copies::{
    Contents, Problem, Restored, Result, Unfinished, all_of, check_complete, failed, flushing, look_through, mark,
    named, refused, some_letters, sync_folder_of,
};
use super::progress::{Stage, Tell};
use super::sessions::{IS_LATER, Reason, Sessions, TAKE_OVER, TAKE_OVER_ENDS, hide_former, show_former};
use crate::domain::Timestamp;
use crate::domain::audit::AuditLine;
use crate::storage::sqlite::files::{Alone, Use, belongs_like};
use crate::storage::{Error, Store, migrate, sqlite};
use rusqlite::{Connection as Handle, ErrorCode};
use time::macros::format_description;
use tokio::sync::oneshot;

/// Fills a new file with all that the database held at one moment.
pub(super) async fn write(source: &Path, partial: &Path, tell: Tell<'_>) -> Result<()> {
    let missing = || refused(source, "is not there; run `authara migrate up` with the same settings");
    if !Use::is_possible(source)? {
        return Err(missing());
    }
    let _used = Use::begin(source).await?;
    if !source.exists() {
        return Err(missing());
    }
    let handle = sqlite::open(source).map_err(|error| sqlite::reading_error(&error))?;
    let Some(path) = partial.to_str().map(str::to_owned) else {
        return Err(refused(partial, "has letters in its name that are no text"));
    };
    tell(Stage::File {
        path: partial.to_owned(),
        bytes: fs::metadata(source).map_or(0, |file| file.len()),
    });
    let (done, end) = oneshot::channel();
    let work = move || {
        // Requests go first. Where the system has no such priorities, it is as fast as they are.
        let _ = rustix::process::nice(10);
        // It takes an empty file for none, and so keeps the mode.
        let copied = handle.execute("VACUUM INTO ?1", [path]);
        // Before anybody goes on, so that it is not left open when the program ends.
        drop(handle);
        let _ = done.send(copied);
    };
    let thread = thread::Builder::new().name("backup".to_owned()).spawn(work);
    thread.map_err(Error::unavailable)?;
    let copied = flushing(&[partial.to_owned()], end).await?;
    let copied = copied.map_err(|_| Error::unavailable("copying was broken off"))?;
    copied.map_err(|error| sqlite::reading_error(&error))?;
    // Else it could be taken for a state of the database.
    mark(partial).await?;
    Ok(())
}

/// Puts a copy in the place of a database, and keeps that beside it.
pub(super) async fn restore(place: &Path, from: &Path, line: &AuditLine, tell: Tell<'_>) -> Result<Restored> {
    let in_use = || refused(place, "is in use; stop the server and wait for commands to end");
    let alone = Alone::take(place)?.ok_or_else(in_use)?;
    let may_be_opened = alone.may_be_opened()?;
    if from.exists() && fs::canonicalize(from).ok() == fs::canonicalize(place).ok() {
        if may_be_opened {
            return Err(refused(from, "is the database itself"));
        }
    } else {
        check_complete(from)?;
    }
    let (fresh, file) = Unfinished::make(named(place, &format!("restoring-{}", some_letters())))?;
    let contents = prepare(from, place, (&fresh.0, file), tell).await?;
    if may_be_opened && !fold_log(place)? {
        return Err(in_use());
    }
    let sessions = if may_be_opened && place.exists() {
        take_over_sessions(&fresh.0, place)?
    } else {
        Sessions::AsInTheCopy(Reason::NoneBefore)
    };
    let mark = finish(&fresh.0, line).await?;
    alone.expect_also(mark)?;
    let aside = put_in_place(&fresh.0, place, &free_name(place, line.at))?;
    let aside = aside.map(|aside| aside.display().to_string());
    alone.expect(&[mark]).map_err(|error| {
        let kept = aside
            .as_ref()
            .map_or_else(String::new, |aside| format!(" What was there before is kept: {aside}."));
        Problem::Refused(format!(
            "the copy was put in place, but not all was noted: {error}.{kept}"
        ))
    })?;
    Ok(Restored {
        contents,
        aside,
        sessions,
    })
}

/// Copies a file next to the place it is for, as its owner's, and looks it through.
async fn prepare(from: &Path, place: &Path, (fresh, mut file): (&Path, File), tell: Tell<'_>) -> Result<Contents> {
    let mut source = File::open(from).map_err(|error| failed(from, &error))?;
    tell(Stage::File {
        path: fresh.to_owned(),
        bytes: source.metadata().map_or(0, |file| file.len()),
    });
    io::copy(&mut source, &mut file).map_err(|error| failed(fresh, &error))?;
    belongs_like(&file, place);
    tell(Stage::Check);
    look_through(fresh, from).await
}

/// Writes the audit line that the copy was put back, gives it a new mark, and leaves it in one file on the disk.
async fn finish(fresh: &Path, line: &AuditLine) -> Result<i32> {
    let store = Store::of_a_copy(fresh);
    // Before its migrations there may be no place for the line.
    if migrate::check_whole(&store).await.is_ok() {
        store.write(async |tx| tx.audit().add(line).await).await?;
    }
    drop(store);
    let mark = mark(fresh).await?;
    check_complete(fresh)?;
    let flushed = File::open(fresh).and_then(|file| file.sync_all());
    flushed.map_err(|error| failed(fresh, &error))?;
    Ok(mark)
}

/// Takes over what became of a copy's sessions, unless the database before cannot be read. An error is one of the
/// new file, which must not be used then.
fn take_over_sessions(fresh: &Path, place: &Path) -> Result<Sessions> {
    let open = || sqlite::open(fresh).map_err(|error| sqlite::reading_error(&error));
    let mut handle = open()?;
    let taken = try_to_take_over(&mut handle, place);
    drop(handle);
    let sessions = match taken {
        Ok(sessions) => sessions,
        Err(error) if is_of_the_new_file(&error) => {
            return Err(refused(fresh, &format!("cannot be written: {error}")));
        }
        // The new file was looked through before, and is again.
        Err(_) => Sessions::AsInTheCopy(Reason::Unreadable),
    };
    // What was broken off is undone when the file is opened the next time.
    let found = open()?.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    if found.map_err(|error| sqlite::reading_error(&error))? != "ok" {
        return Err(refused(fresh, "was not written whole"));
    }
    Ok(sessions)
}

/// Whether an error may be one of writing. All others come from the database before, which may be damaged in any way.
fn is_of_the_new_file(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(
        code,
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::OutOfMemory)
    )
}

fn try_to_take_over(handle: &mut Handle, place: &Path) -> rusqlite::Result<Sessions> {
    handle.execute("ATTACH ?1 AS former", [place.to_string_lossy()])?;
    let tx = handle.transaction()?;
    let has_same_tables: bool = tx.query_row(HAS_SAME_TABLES, (), |row| row.get(0))?;
    if !has_same_tables {
        return Ok(Sessions::AsInTheCopy(Reason::OtherVersion));
    }
    tx.execute_batch(&show_former("TEMP VIEW", "former"))?;
    let is_later = tx.prepare(IS_LATER)?.exists(())?;
    if is_later {
        for sql in TAKE_OVER {
            tx.execute(sql, ())?;
        }
    }
    for sql in TAKE_OVER_ENDS {
        tx.execute(sql, ())?;
    }
    tx.execute_batch(&hide_former())?;
    tx.commit()?;
    Ok(if is_later {
        Sessions::GoOn
    } else {
        Sessions::AsInTheCopy(Reason::NotLater)
    })
}

/// Whether the tables that are read are the same in both.
const HAS_SAME_TABLES: &str = "SELECT count(*) = 5
     FROM main.sqlite_schema m
     JOIN former.sqlite_schema f USING (type, name, sql)
     WHERE type = 'table' AND name IN ('audit', 'sessions', 'refresh_tokens', 'signing_keys', 'letters')";

/// Takes the log into the database file, so that it can be kept as one. `false` if another program uses it.
fn fold_log(place: &Path) -> Result<bool> {
    let folded = || {
        let handle = sqlite::open(place)?;
        handle.pragma_update(None, "journal_mode", "DELETE")?;
        handle.execute_batch("BEGIN EXCLUSIVE; COMMIT")
    };
    match folded() {
        Err(error) if sqlite::is_busy(&error) => Ok(false),
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

/// Gives the database that is there another name, if there is one, and the new one its place.
fn put_in_place(fresh: &Path, place: &Path, aside: &Path) -> Result<Option<PathBuf>> {
    // At no moment is there no database, if what lies beside it is in it already.
    if all_of(place).skip(1).all(|path| !path.exists()) && fs::hard_link(place, aside).is_ok() {
        let renamed = fs::rename(fresh, place).map_err(|error| failed(place, &error));
        renamed.inspect_err(|_| drop(fs::remove_file(aside)))?;
        sync_folder_of(place)?;
        return Ok(Some(aside.to_owned()));
    }
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
