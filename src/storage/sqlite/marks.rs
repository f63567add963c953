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
/// Bytes of the largest page that there may be.
const LARGEST_PAGE: usize = 65_536;
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

/// The newest mark in a log, read as SQLite does after a crash (sqlite.org/fileformat2.html, section 4): only frames
/// count that follow one another by their checksums, up to the last commit. Behind them may stand whatever an earlier
/// log or a program that was killed has left. `None` if there is no log, or the first page is not in it.
pub(super) fn in_log(log: &Path) -> io::Result<Option<i32>> {
    let file = match File::open(log) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    let mut file = io::BufReader::new(file);
    let mut head = [0; 32];
    if !is_filled(&mut file, &mut head)? {
        return Ok(None);
    }
    let mut sums = Checksums::new(number(&head, 0) & 1 == 1);
    sums.add(&head[..24]);
    let size = usize::try_from(number(&head, 8)).unwrap_or(0);
    if !sums.are(&head[24..]) || !(512..=LARGEST_PAGE).contains(&size) {
        return Ok(None);
    }
    let (mut frame, mut page) = ([0; 24], vec![0; size]);
    let (mut found, mut uncommitted) = (None, None);
    while is_filled(&mut file, &mut frame)? && is_filled(&mut file, &mut page)? {
        sums.add(&frame[..8]);
        sums.add(&page);
        if frame[8..16] != head[16..24] || !sums.are(&frame[16..]) {
            break;
        }
        if number(&frame, 0) == 1 {
            uncommitted = Some(number(&page, MARK).cast_signed());
        }
        let is_commit = number(&frame, 4) != 0;
        if is_commit {
            found = uncommitted.or(found);
        }
    }
    Ok(found)
}

/// `false` if there is less than that left.
fn is_filled(file: &mut impl io::Read, bytes: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

/// The running checksums of a log (sqlite.org/fileformat2.html, section 4.2).
struct Checksums {
    is_big_endian: bool,
    sums: (u32, u32),
}

impl Checksums {
    const fn new(is_big_endian: bool) -> Self {
        Self {
            is_big_endian,
            sums: (0, 0),
        }
    }

    /// Goes on with these bytes, which come in eights.
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let [first, second] = [0, 4].map(|at| {
                let word = number(pair, at);
                if self.is_big_endian { word } else { word.swap_bytes() }
            });
            let sums = &mut self.sums;
            sums.0 = sums.0.wrapping_add(first).wrapping_add(sums.1);
            sums.1 = sums.1.wrapping_add(second).wrapping_add(sums.0);
        }
    }

    fn are(&self, bytes: &[u8]) -> bool {
        self.sums == (number(bytes, 0), number(bytes, 4))
    }
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::storage::sqlite::writer::tests::Folder;

    fn folder(name: &str) -> Folder {
        let folder = std::env::temp_dir().join(format!("authara-marks-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Folder(folder)
    }

    const PAGE: usize = 4096;
    const FRAME: usize = 24 + PAGE;

    /// A database whose log ends with a committed mark, and a copy of that log to be tampered with.
    fn log_with(name: &str, mark: i32) -> (Folder, Handle, PathBuf, Vec<u8>) {
        let folder = folder(name);
        let path = folder.0.join("test.db");
        let handle = Handle::open(&path).unwrap();
        handle
            .execute_batch("PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; CREATE TABLE things (name TEXT)")
            .unwrap();
        put(&handle, mark).unwrap();
        let bytes = std::fs::read(folder.0.join("test.db-wal")).unwrap();
        let copy = folder.0.join("copy");
        (folder, handle, copy, bytes)
    }

    fn mark_of(copy: &Path, bytes: &[u8]) -> Option<i32> {
        std::fs::write(copy, bytes).unwrap();
        in_log(copy).unwrap()
    }

    /// The frame of the first page that was written last.
    fn last_frame(bytes: &[u8]) -> Vec<u8> {
        bytes[bytes.len() - FRAME..].to_vec()
    }

    #[test]
    fn the_newest_mark_in_a_log_is_the_one_committed_last() {
        let (_folder, handle, copy, bytes) = log_with("newest-mark", 7);
        assert_eq!(mark_of(&copy, &bytes), Some(7));

        put(&handle, 8).unwrap();

        let bytes = std::fs::read(copy.with_file_name("test.db-wal")).unwrap();
        assert_eq!(mark_of(&copy, &bytes), Some(8));
        assert_eq!(mark_of(&copy, &[]), None);
        assert_eq!(mark_of(&copy, &bytes[..32]), None);
    }

    #[test]
    fn a_frame_that_was_torn_when_the_program_was_killed_does_not_count() {
        let (_folder, _handle, copy, bytes) = log_with("torn-mark", 7);
        // Its head was written, and its page is what an earlier log left in that place.
        let mut torn = last_frame(&bytes);
        torn[24 + MARK..24 + MARK + 4].copy_from_slice(&9_u32.to_be_bytes());

        let mut log = bytes.clone();
        log.extend(&torn);
        assert_eq!(mark_of(&copy, &log), Some(7));

        for length in [1, 24, 24 + MARK + 4, FRAME - 1] {
            let mut log = bytes.clone();
            log.extend(&torn[..length]);
            assert_eq!(mark_of(&copy, &log), Some(7), "{length}");
        }
    }

    #[test]
    fn what_was_left_behind_the_end_of_a_log_does_not_count() {
        let (_folder, _handle, copy, bytes) = log_with("tail-mark", 7);
        // A whole frame with the same salts, which does not follow the one before it.
        let mut log = bytes.clone();
        log.extend(last_frame(&bytes));
        log.extend(last_frame(&bytes));
        let at = log.len() - FRAME + 24 + MARK;
        log[at..at + 4].copy_from_slice(&9_u32.to_be_bytes());

        assert_eq!(mark_of(&copy, &log), Some(7));
    }

    #[test]
    fn a_mark_that_was_not_committed_does_not_count() {
        let (_folder, _handle, copy, bytes) = log_with("uncommitted-mark", 7);
        let frames = bytes[32..].len() / FRAME;
        let mut sums = Checksums::new(number(&bytes, 0) & 1 == 1);
        sums.add(&bytes[..24]);
        for frame in bytes[32..].chunks_exact(FRAME) {
            sums.add(&frame[..8]);
            sums.add(&frame[24..]);
        }
        let mut last = last_frame(&bytes);
        assert!(frames > 1 && sums.are(&last[16..]), "that is how it is counted");
        last[24 + MARK..24 + MARK + 4].copy_from_slice(&9_u32.to_be_bytes());
        let mut more = |commit: u32| {
            last[4..8].copy_from_slice(&commit.to_be_bytes());
            sums.add(&last[..8]);
            sums.add(&last[24..]);
            last[16..20].copy_from_slice(&sums.sums.0.to_be_bytes());
            last[20..24].copy_from_slice(&sums.sums.1.to_be_bytes());
            last.clone()
        };

        let begun = [bytes.clone(), more(0)].concat();
        assert_eq!(mark_of(&copy, &begun), Some(7));
        let committed = [begun, more(2)].concat();
        assert_eq!(mark_of(&copy, &committed), Some(9));
    }
}
