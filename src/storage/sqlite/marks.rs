//! The mark in a database file, by which a file that was put in place by hand is told from the one before it.
//!
//! A copy bears the mark of the time when it was made. The server commits a new mark before changes leave the
//! log for the file, and notes beforehand, in a file beside the database, which marks that may bear. So an
//! older copy is recognised once the log no longer holds what the copy lacks; before that, the log makes it
//! whole.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection as Handle;

use crate::storage::migrate::APPLICATION_ID;

/// First word of the file.
const FIRST: &str = "marks";
/// Bytes of the file, which is always written as a whole, within a sector.
const LENGTH: usize = 256;
/// So many have room in it.
const MOST: usize = 20;

/// Where the first page says how changes are kept, and what stands there for a log.
const WRITE_VERSION: usize = 18;
const LOG: u8 = 2;
/// Where the mark stands in the first page: `user_version`.
const MARK: usize = 60;

/// What the first page of a database file says, without its log (sqlite.org/fileformat2.html, section 1.3).
pub(super) struct Header {
    /// Whether the database keeps its changes in a log (WAL).
    pub(super) keeps_log: bool,
    /// Its mark.
    pub(super) mark: i32,
    /// Whether it says that it is a database of this program: `application_id`.
    pub(super) is_ours: bool,
}

impl Header {
    /// Whether an open database file still says that it keeps a log. A copy that is written over it mostly does not.
    pub(super) fn is_of_log(file: &File) -> bool {
        let mut kept = [0];
        // What cannot be read is for SQLite to say.
        !matches!(file.read_at(&mut kept, WRITE_VERSION as u64), Ok(1)) || kept[0] == LOG
    }

    /// `None` if there is no file, or it is no database. To close the file gives up SQLite's locks on it, so
    /// this is for a time when nobody in this process uses it.
    pub(super) fn read(database: &Path) -> io::Result<Option<Self>> {
        let mut bytes = [0; 100];
        match File::open(database).and_then(|mut file| file.read_exact(&mut bytes)) {
            Ok(()) if bytes.starts_with(b"SQLite format 3\0") => Ok(Some(Self {
                keeps_log: bytes[WRITE_VERSION] == LOG,
                mark: number(&bytes, MARK).cast_signed(),
                is_ours: i64::from(number(&bytes, 68)) == APPLICATION_ID,
            })),
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => Err(error),
            _ => Ok(None),
        }
    }
}

/// The newest mark in a log (sqlite.org/fileformat2.html, section 4). `None` if there is no log, or the first
/// page is not in it.
pub(super) fn in_log(log: &Path) -> io::Result<Option<i32>> {
    let mut head = [0; 32];
    let file = match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if file.read_at(&mut head, 0)? < head.len() {
        return Ok(None);
    }
    let page = u64::from(number(&head, 8));
    let (mut frame, mut mark) = ([0; 24], [0; 4]);
    let mut found = None;
    let mut at = head.len() as u64;
    // Behind the last frame there may be some of an earlier log, with other salts.
    while file.read_at(&mut frame, at)? == frame.len() && frame[8..16] == head[16..24] {
        let place = at + frame.len() as u64 + MARK as u64;
        if number(&frame, 0) == 1 && file.read_at(&mut mark, place)? == mark.len() {
            found = Some(number(&mark, 0).cast_signed());
        }
        at += frame.len() as u64 + page;
    }
    Ok(found)
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let bytes = bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u32::from_be_bytes)
}

/// The marks that the database file may bear; `None` if nothing is known.
pub(super) fn read(file: &File) -> io::Result<Option<Vec<i32>>> {
    let mut bytes = [0; LENGTH];
    match file.read_at(&mut bytes, 0) {
        Ok(LENGTH) => {}
        Ok(_) => return Ok(None),
        Err(error) => return Err(error),
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut words = text.split_whitespace();
    if words.next() != Some(FIRST) {
        return Ok(None);
    }
    let marks: Option<Vec<i32>> = words.map(|word| i32::from_str_radix(word, 16).ok()).collect();
    Ok(marks.filter(|marks| !marks.is_empty()))
}

/// Notes them; durable when this returns. More than have room are as good as none.
pub(super) fn write(file: &File, marks: &[i32]) -> io::Result<()> {
    let mut text = FIRST.to_owned();
    for mark in marks.iter().take_while(|_| marks.len() <= MOST) {
        text = format!("{text} {mark:x}");
    }
    file.write_all_at(format!("{text:<width$}\n", width = LENGTH - 1).as_bytes(), 0)?;
    file.sync_all()
}

/// One that no copy bears.
pub(in crate::storage) fn new(handle: &Handle) -> rusqlite::Result<i32> {
    handle.query_row("SELECT 1 + abs(random() % 2147483647)", (), |row| row.get(0))
}

/// Puts a mark into the database, in a transaction of its own.
pub(in crate::storage) fn put(handle: &Handle, mark: i32) -> rusqlite::Result<()> {
    handle.pragma_update(None, "user_version", mark)
}

/// Keeps the mark ahead of the copies that are made of the database: for the one server that uses it.
pub(super) struct Marks {
    file: File,
    state: Mutex<State>,
}

struct State {
    /// Every mark that the file may bear, as noted; the last committed one among them.
    possible: Vec<i32>,
    /// Noted, and not committed yet.
    next: Option<i32>,
}

impl Marks {
    /// Notes the first mark of its own. The file bears the one that the database has now (`is_in_file`), or
    /// one of those before.
    pub(super) fn begin(file: File, is_in_file: bool, handle: &Handle) -> io::Result<Self> {
        let current = handle.query_row("PRAGMA user_version", (), |row| row.get(0));
        let current: i32 = current.map_err(io::Error::other)?;
        let mut possible = if is_in_file { None } else { read(&file)? }.unwrap_or_default();
        possible.retain(|mark| *mark != current);
        possible.push(current);
        let marks = Self {
            file,
            state: Mutex::new(State { possible, next: None }),
        };
        marks.note_next(&mut marks.state(), handle)?;
        Ok(marks)
    }

    /// Commits the next mark, if the last one has left the log; what is copied into the file after this bears it.
    /// Waits for nobody.
    pub(super) fn put_next(&self, handle: &Handle) -> rusqlite::Result<()> {
        if let Ok(mut state) = self.state.try_lock()
            && let Some(next) = state.next
        {
            put(handle, next)?;
            state.next = None;
        }
        Ok(())
    }

    /// Commits the last mark once more, so that a new log bears it too.
    pub(super) fn put_again(&self, handle: &Handle) -> rusqlite::Result<()> {
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        let is_committed = |mark: &&i32| state.next != Some(**mark);
        match state.possible.iter().rfind(is_committed) {
            Some(mark) => put(handle, *mark),
            None => Ok(()),
        }
    }

    /// The mark that was committed after the last copying.
    pub(super) fn committed(&self) -> Option<i32> {
        let state = self.state();
        match state.next {
            // The last one is only noted.
            Some(_) => None,
            None => state.possible.last().copied(),
        }
    }

    /// The file bears this mark now, for all of the log is in it: notes so, and the next one.
    pub(super) fn settle(&self, mark: i32, handle: &Handle) -> io::Result<()> {
        let mut state = self.state();
        if state.next.is_some() || state.possible.last() != Some(&mark) {
            return Ok(());
        }
        let before = std::mem::replace(&mut state.possible, vec![mark]);
        self.note_next(&mut state, handle)
            .inspect_err(|_| state.possible = before)
    }

    fn note_next(&self, state: &mut State, handle: &Handle) -> io::Result<()> {
        let next = new(handle).map_err(io::Error::other)?;
        let mut marks = state.possible.clone();
        marks.push(next);
        write(&self.file, &marks)?;
        state.possible = marks;
        state.next = Some(next);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
