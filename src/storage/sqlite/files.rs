//! The files of one database: who uses them, and whether they belong together.
//!
//! SQLite finds the log of a database by its name alone. A database that is copied over another one takes the
//! log of that for its own, which destroys both (sqlite.org/howtocorrupt.html, section 1.4). So every program
//! of ours locks a small file beside the database for as long as it uses it, and the first one compares what
//! that file says ([`Marks`](super::marks)) with what is there, before anything is opened.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use rusqlite::Connection as Handle;
use rustix::fs::{Access, access};
use tokio::time::Instant;

use super::marks::{self, Header};
use crate::storage::{Error, PATIENCE, Result};

/// What SQLite keeps beside a database: the log, its index, and the journal of a mode that we do not use.
pub(in crate::storage) const BESIDE: [&str; 3] = [LOG, INDEX, JOURNAL];
const LOG: &str = "-wal";
const INDEX: &str = "-shm";
const JOURNAL: &str = "-journal";
/// What we keep beside it.
const LOCK: &str = "-lock";
const SERVER: &str = "-server";
/// Between two looks at a lock that somebody else has.
const PAUSE: Duration = Duration::from_millis(5);

/// The right to use a database, which others use as well. It ends when this is dropped.
pub(in crate::storage) struct Use(#[expect(dead_code, reason = "it is held, not used")] Lock);

impl Use {
    /// Takes it; whoever is the first looks whether the files can be used and belong together. Fails with
    /// [`Error::Schema`] if they do not, and has touched nothing then.
    pub(in crate::storage) async fn begin(database: &Path) -> Result<Self> {
        let lock = Lock::open(database)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            // Programs that use it now have looked.
            if lock.alone()? {
                check(database, lock.marks()?.as_deref())?;
            }
            if lock.together()? {
                return Ok(Self(lock));
            }
            if Instant::now() > deadline {
                let words = format!("{} is being replaced by `authara restore`", database.display());
                return Err(Error::Unavailable(words));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether there is a database of ours, or something left of one.
    pub(super) fn is_possible(database: &Path) -> Result<bool> {
        // Where there is a lock, others may use it now.
        if beside(database, LOCK).exists() {
            return Ok(true);
        }
        let header = Header::read(database).map_err(|error| failed(database, &error))?;
        let is_missing = || fs::metadata(database).map_or(0, |file| file.len()) == 0;
        Ok(header.map_or_else(|| is_missing() && has_changes(database), |header| header.is_ours))
    }
}

/// The right to use a database alone. It ends when this is dropped.
pub(in crate::storage) struct Alone {
    database: PathBuf,
    lock: Lock,
}

impl Alone {
    /// Takes it; `None` while any program of ours uses the database.
    pub(in crate::storage) fn take(database: &Path) -> Result<Option<Self>> {
        let lock = Lock::open(database)?;
        Ok(lock.alone()?.then(|| Self {
            database: database.to_owned(),
            lock,
        }))
    }

    /// Whether there is a database that may be opened: what lies beside it belongs to it, as far as can be told.
    pub(in crate::storage) fn may_be_opened(&self) -> Result<bool> {
        let header = Header::read(&self.database).map_err(|error| failed(&self.database, &error))?;
        Ok(header.is_some() && belong_together(&self.database, self.lock.marks()?.as_deref())?.is_ok())
    }

    /// Says in which states the database file may be from now on, beside those of before.
    pub(in crate::storage) fn expect_also(&self, mark: i32) -> Result<()> {
        let mut marks = self.lock.marks()?.unwrap_or_default();
        // Without any, nothing is compared.
        if !marks.is_empty() {
            marks.push(mark);
            self.expect(&marks)?;
        }
        Ok(())
    }

    /// Says in which states the database file may be from now on.
    pub(in crate::storage) fn expect(&self, marks: &[i32]) -> Result<()> {
        marks::write(&self.lock.file, marks).map_err(|error| failed(&self.lock.path, &error))
    }
}

/// Held by a server, so that another one can tell. It ends when this is dropped.
pub(super) struct Server(#[expect(dead_code, reason = "it is held, not used")] Lock);

impl Server {
    /// Takes it; `None` if another server has it.
    pub(super) fn take(database: &Path) -> Result<Option<Self>> {
        let lock = Lock::at(beside(database, SERVER), database)?;
        Ok(lock.alone()?.then_some(Self(lock)))
    }
}

/// The file that says in which states a database file may be, for the server to write on.
pub(super) fn marks_file(database: &Path) -> Result<File> {
    Ok(Lock::open(database)?.file)
}

/// A file of our own that is locked. The database itself never is: to close it would give up SQLite's own locks.
struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    fn open(database: &Path) -> Result<Self> {
        Self::at(beside(database, LOCK), database)
    }

    fn at(path: PathBuf, database: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let file = options.open(&path).map_err(|error| failed(&path, &error))?;
        belongs_like(&path, database);
        Ok(Self { path, file })
    }

    /// Locks it against everybody else.
    fn alone(&self) -> Result<bool> {
        self.locked(self.file.try_lock())
    }

    /// Locks it together with others. What was locked alone becomes so too (flock(2)).
    fn together(&self) -> Result<bool> {
        self.locked(self.file.try_lock_shared())
    }

    fn locked(&self, tried: std::result::Result<(), TryLockError>) -> Result<bool> {
        match tried {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(failed(&self.path, &error)),
        }
    }

    fn marks(&self) -> Result<Option<Vec<i32>>> {
        marks::read(&self.file).map_err(|error| failed(&self.path, &error))
    }
}

/// Which files the connections of this program have open. What is written to one that is no longer at its path
/// is lost, and SQLite does not look.
pub(super) struct Opened {
    /// The database.
    pub(super) path: PathBuf,
    names: [PathBuf; 3],
    kept: OnceLock<Kept>,
}

struct Kept {
    files: [Option<FileId>; 3],
    /// Stays open, because the last connection that is closed removes what is beside the database.
    _connection: Mutex<Handle>,
}

impl Opened {
    pub(super) fn new(path: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            names: ["", LOG, INDEX].map(|end| beside(path, end)),
            kept: OnceLock::new(),
        })
    }

    /// Fails once one of the files has been removed, or another one is in its place.
    pub(super) fn check(&self) -> Result<()> {
        let files = self.kept.get().map(|kept| kept.files);
        for (name, file) in self.names.iter().zip(files.into_iter().flatten()) {
            if file != FileId::of(name) {
                return Err(Error::Unavailable(format!(
                    "{} was removed or replaced while this program uses it, so that nothing can be kept; \
                     stop the program, put the files in order, and start it again",
                    name.display()
                )));
            }
        }
        Ok(())
    }

    /// Says that a connection has them open.
    pub(super) fn note(&self) {
        if self.kept.get().is_none()
            && let Ok(kept) = self.keep()
            && kept.files.iter().all(Option::is_some)
        {
            let _ = self.kept.set(kept);
        }
    }

    fn keep(&self) -> rusqlite::Result<Kept> {
        let connection = super::open(&self.path)?;
        // It uses the files once it has read.
        connection.query_row("PRAGMA user_version", (), |_| Ok(()))?;
        Ok(Kept {
            files: self.names.each_ref().map(|name| FileId::of(name)),
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

/// Gives a file that root made to the owner of the database, or of its folder.
pub(in crate::storage) fn belongs_like(path: &Path, database: &Path) {
    let like = fs::metadata(database).or_else(|_| fs::metadata(folder_of(database)));
    if let (Ok(like), true) = (like, rustix::process::geteuid().is_root()) {
        // A file system that knows no owners needs none.
        let _ = chown(path, Some(like.uid()), Some(like.gid()));
    }
}

fn check(database: &Path, marks: Option<&[i32]>) -> Result<()> {
    may_write(folder_of(database))?;
    for path in [database.to_owned()]
        .into_iter()
        .chain(BESIDE.map(|end| beside(database, end)))
    {
        may_write(&path)?;
    }
    let whole = belong_together(database, marks)?;
    whole.map_err(|what| {
        let database = database.display();
        Error::Schema(format!(
            "{what}. Nothing was touched. To go on with a copy, run: authara restore COPY; what is there is then kept \
             aside. To go on with {database} as it is, run: authara restore {database}"
        ))
    })
}

/// `Err` says in words what was put in place by hand.
fn belong_together(database: &Path, marks: Option<&[i32]>) -> Result<std::result::Result<(), String>> {
    let header = Header::read(database).map_err(|error| failed(database, &error))?;
    let has_changes = has_changes(database);
    let shown = database.display();
    Ok(match header {
        None if has_changes && fs::metadata(database).map_or(0, |file| file.len()) == 0 => Err(format!(
            "there is no database in {shown}, but changes that belong to one ({shown}{LOG} or {shown}{JOURNAL})"
        )),
        Some(Header { keeps_log: false, .. }) if has_log(database) => Err(format!(
            "{shown} was put in place by hand: the changes in {shown}{LOG} belong to another database"
        )),
        Some(Header { mark, .. }) if marks.is_some_and(|marks| !marks.contains(&mark)) => {
            Err(format!("{shown} was put in place by hand"))
        }
        Some(_) if !is_log_known(database, marks)? => Err(format!(
            "the changes in {shown}{LOG} belong to another database than {shown}"
        )),
        _ => Ok(()),
    })
}

fn is_log_known(database: &Path, marks: Option<&[i32]>) -> Result<bool> {
    let log = beside(database, LOG);
    let in_log = marks::in_log(&log).map_err(|error| failed(&log, &error))?;
    Ok(in_log.zip(marks).is_none_or(|(mark, marks)| marks.contains(&mark)))
}

fn has_changes(database: &Path) -> bool {
    has_log(database) || is_filled(&beside(database, JOURNAL))
}

fn has_log(database: &Path) -> bool {
    is_filled(&beside(database, LOG))
}

fn is_filled(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

/// Whether this program may write a file or folder that is there. Opens nothing.
pub(in crate::storage) fn may_write(path: &Path) -> Result<()> {
    match access(path, Access::WRITE_OK) {
        Err(error) if error != rustix::io::Errno::NOENT => Err(failed(path, &error.into())),
        _ => Ok(()),
    }
}

/// An error of a file, with its owner if that is the reason.
fn failed(path: &Path, error: &io::Error) -> Error {
    let there = fs::metadata(path).map(|file| (path, file));
    let there = there.or_else(|_| fs::metadata(folder_of(path)).map(|file| (folder_of(path), file)));
    match there {
        Ok((there, file)) if error.kind() == io::ErrorKind::PermissionDenied => Error::Unavailable(format!(
            "{} may not be written: {} belongs to {}, and this program runs as {}",
            path.display(),
            there.display(),
            user(file.uid()),
            user(rustix::process::geteuid().as_raw())
        )),
        _ => Error::Unavailable(format!("{}: {error}", path.display())),
    }
}

/// A user by their name, if the machine has one for them.
fn user(id: u32) -> String {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == id.to_string()).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("user {id}"))
}

/// The same path with something behind it.
pub(in crate::storage) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(in crate::storage) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or_else(|| Path::new("."))
}
