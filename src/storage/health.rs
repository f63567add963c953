//! Whether the database answers.

use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::health`].
pub struct Health<'c>(pub(super) &'c mut Conn);

impl Health<'_> {
    /// One cheap statement.
    pub async fn ping(self) -> Result<()> {
        // One that reads: SQLite answers `SELECT 1` without opening the file.
        let sql = "SELECT number FROM authara_migrations WHERE number = 1";
        self.0.query(sql, args![]).await?;
        Ok(())
    }
}
