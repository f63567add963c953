//! The files of one database: who uses them, and whether they belong together.
//!
//! SQLite finds the log of a database by its name alone. A database that is copied over another one takes the
//! log of that for its own, which destroys both (sqlite.org/howtocorrupt.html, section 1.4). So every program
//! of ours locks a small file beside the database for as long as it uses it, and the first one compares what
//! that file says ([`Marks`](super::marks)) with what is there, before anything is opened.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::fs::{Access, access};
use tokio::time::Instant;

use super::marks::{self, Header};
use crate::storage::{Error, PATIENCE, Result};

/// What SQLite keeps beside a database: the log, its index, and the journal of a mode that we do not use.
pub(in crate::storage) const BESIDE: [&str; 3] = [LOG, INDEX, JOURNAL];
pub(super) const LOG: &str = "-wal";
pub(super) const INDEX: &str = "-shm";
const JOURNAL: &str = "-journal";
/// What we keep beside it.
const LOCK: &str = "-lock";
const SERVER: &str = "-server";
/// How many databases this process uses.
static USES: AtomicUsize = AtomicUsize::new(0);
/// Between two looks at a lock that somebody else has.
const PAUSE: Duration = Duration::from_millis(5);

/// The right to use a database, which others use as well. It ends when this is dropped.
pub(in crate::storage) struct Use(#[expect(dead_code, reason = "it is held, not used")] Lock);

impl Use {
    /// Takes it. The first program looks whether the files can be used and belong together. Fails with
    /// [`Error::Schema`] if they do not, and has touched nothing then.
    pub(in crate::storage) async fn begin(database: &Path) -> Result<Self> {
        let lock = Lock::open(database)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let has_looked = look_if_alone(database, &lock)?;
            let mut is_shared = lock.together()?;
            if is_shared && !has_looked {
                // Others that use it have looked. But one that looked and refused may have just gone.
                look_if_alone(database, &lock)?;
                is_shared = lock.together()?;
            }
            if is_shared {
                USES.fetch_add(1, Ordering::SeqCst);
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
    pub(in crate::storage) fn is_possible(database: &Path) -> Result<bool> {
        // Where there is a lock, others may use it now.
        if beside(database, LOCK).exists() {
            return Ok(true);
        }
        let header = Header::read(database).map_err(|error| failed(database, &error))?;
        let is_missing = || fs::metadata(database).map_or(0, |file| file.len()) == 0;
        Ok(header.map_or_else(|| is_missing() && has_log(database), |header| header.is_ours))
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        USES.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Looks at the files if nobody else uses them. Not if this process uses any database: looking closes the file, and
/// with it SQLite's own locks.
fn look_if_alone(database: &Path, lock: &Lock) -> Result<bool> {
    let is_alone = lock.alone()? && USES.load(Ordering::SeqCst) == 0;
    if is_alone {
        check(database, lock.marks()?.as_deref())?;
    }
    Ok(is_alone)
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

/// Says that nothing is known of a database, which is a new one.
pub(super) fn forget(database: &Path) -> Result<()> {
    let lock = Lock::open(database)?;
    marks::write(&lock.file, &[]).map_err(|error| failed(&lock.path, &error))
}

/// The path of a database without links: what lies beside it lies there, and others may know it by that.
pub(in crate::storage) fn without_links(database: &Path) -> PathBuf {
    let of_file = fs::canonicalize(database);
    let in_folder = || {
        let folder = fs::canonicalize(folder_of(database))?;
        let name = database.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        Ok::<_, io::Error>(folder.join(name))
    };
    // What is not there is said when it is used.
    of_file.or_else(|_| in_folder()).unwrap_or_else(|_| database.to_owned())
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
        // Others may be able to write in the folder: a link could lead to any file.
        let options = options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
        let file = options.open(&path).map_err(|error| failed(&path, &error))?;
        let found = file.metadata().map_err(|error| failed(&path, &error))?;
        if !found.is_file() || found.nlink() != 1 {
            let words = format!("{} is a link, or not a file; remove it", path.display());
            return Err(Error::Schema(words));
        }
        belongs_like(&file, database);
        // A user who may open it could hold the lock for ever.
        if found.mode() & 0o077 != 0 {
            // Only its owner may; where that is another user, it is theirs to see to.
            let _ = file.set_permissions(Permissions::from_mode(0o600));
        }
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

/// Gives a file that root made to the owner of the database, or of its folder.
pub(in crate::storage) fn belongs_like(file: &File, database: &Path) {
    let like = fs::metadata(database).or_else(|_| fs::metadata(folder_of(database)));
    let Ok(like) = like else { return };
    // What belongs to somebody else already is not given to root.
    if rustix::process::geteuid().is_root() && like.uid() != 0 {
        // A file system that knows no owners needs none.
        let _ = fchown(file, Some(like.uid()), Some(like.gid()));
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
            "{what}. Nothing was touched. To go on with a copy, run with the same settings: authara restore COPY; what is \
             there is then kept aside. To go on with {database} as it is, run: authara restore {database}"
        ))
    })
}

/// `Err` says in words what was put in place by hand.
fn belong_together(database: &Path, marks: Option<&[i32]>) -> Result<std::result::Result<(), String>> {
    let header = Header::read(database).map_err(|error| failed(database, &error))?;
    let shown = database.display();
    Ok(match header {
        None if has_log(database) && fs::metadata(database).map_or(0, |file| file.len()) == 0 => Err(format!(
            "there is no database in {shown}, but changes that belong to one, in {shown}{LOG}"
        )),
        Some(Header { keeps_log: false, .. }) if has_log(database) => Err(format!(
            "{shown} was put in place by hand: the changes in {shown}{LOG} belong to another database"
        )),
        Some(Header { mark, .. }) if marks.is_some_and(|marks| !marks.contains(&mark)) => Err(format!(
            "{shown} was put in place by hand: it is not the file that was used last"
        )),
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

fn has_log(database: &Path) -> bool {
    fs::metadata(beside(database, LOG)).is_ok_and(|file| file.len() > 0)
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
        Ok((there, file)) if error.kind() == io::ErrorKind::PermissionDenied => {
            let me = user(rustix::process::geteuid().as_raw());
            let there = there.display();
            let way_out = if file.is_file() {
                format!("; as root: chown {} {there}", me.trim_start_matches("user "))
            } else {
                String::new()
            };
            Error::Unavailable(format!(
                "{} may not be written: {there} belongs to {}, and this program runs as {me}{way_out}",
                path.display(),
                user(file.uid()),
            ))
        }
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
