//! Audit lines: added, read, never changed.

use crate::domain::UserId;
use crate::domain::audit::AuditLine;
use crate::storage::{Conn, Result};

/// See [`Conn::audit`].
pub struct Audit<'c>(pub(super) &'c mut Conn);

impl Audit<'_> {
    /// Adds a line.
    pub async fn add(self, _line: &AuditLine) -> Result<()> {
        todo!()
    }

    /// The newest lines first, of one subject or of all, at most `limit`.
    pub async fn newest(self, _subject: Option<UserId>, _limit: u32) -> Result<Vec<AuditLine>> {
        todo!()
    }
}
