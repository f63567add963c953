//! What can go wrong with a database.

/// Storage result.
pub type Result<T> = std::result::Result<T, Error>;

/// A breakage; never an expected "no". Carries no secrets and no values of rows.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The database cannot be reached, is locked, full, read-only or too busy: try again later (503).
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The schema is missing, older, newer or somebody else's. The text says which command helps.
    #[error("{0}")]
    Schema(String),
    /// A row holds what the code cannot read.
    #[error("unreadable data in {0}")]
    Unreadable(String),
    /// Somebody has what may be had once, such as a username. Where that is expected, the method says so.
    #[error("already taken: {0}")]
    Taken(String),
    /// A statement failed: a defect of this program.
    #[error("statement failed: {0}")]
    Statement(String),
}

impl Error {
    /// Whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    #[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
    pub(super) fn unavailable(reason: impl ToString) -> Self {
        Self::Unavailable(reason.to_string())
    }
}
