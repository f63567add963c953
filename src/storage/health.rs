//! Whether the database answers, and can be written.

use crate::domain::Timestamp;
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

    /// Writes a row without meaning, to find out whether the database can be written. The cleanup deletes it.
    pub async fn write(self, now: Timestamp) -> Result<()> {
        // A change to what is there already would write nothing.
        let sql = "INSERT INTO budgets (name, key, spent, strikes, ends_at) VALUES ('write', $1, 0, 0, $2)
                   ON CONFLICT (name, key) DO UPDATE SET spent = 1 - budgets.spent, ends_at = $2";
        self.0.execute(sql, args![&Vec::<u8>::new(), now]).await?;
        Ok(())
    }
}
