//! How far a copy has come, for the person who waits for it.

use std::path::PathBuf;

/// What is being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// A file is filled; its length says how far it is.
    File {
        /// The file.
        path: PathBuf,
        /// About so many bytes it will have.
        bytes: u64,
    },
    /// Rows go from one database to the other.
    Rows {
        /// So many have gone.
        done: u64,
        /// Of about so many.
        all: u64,
    },
    /// The copy is read through.
    Check,
}

/// Is told each stage as it begins, and of rows also how many there were. Must return at once.
pub type Tell<'t> = &'t (dyn Fn(Stage) + Sync);
