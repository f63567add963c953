//! Links in letters with which the owner of an address takes an account back.

use crate::domain::{Appeal, Timestamp, TokenHash, UserId};
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::appeals`].
pub struct Appeals<'c>(pub(super) &'c mut Conn);

impl Appeals<'_> {
    /// Adds one.
    pub async fn add(self, hash: &TokenHash, appeal: &Appeal) -> Result<()> {
        let sql = "INSERT INTO appeals (hash, user_id, address, created_at, ends_at) VALUES ($1, $2, $3, $4, $5)";
        let args = args![hash, appeal.user, &appeal.address, appeal.created_at, appeal.ends_at];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// The one of that hash, over or not.
    pub async fn by_hash(self, hash: &TokenHash) -> Result<Option<Appeal>> {
        let sql = "SELECT user_id, address, created_at, ends_at FROM appeals WHERE hash = $1";
        self.0
            .find(sql, args![hash], |row| {
                Ok(Appeal {
                    user: row.next("appeals.user_id")?,
                    address: row.next("appeals.address")?,
                    created_at: row.next("appeals.created_at")?,
                    ends_at: row.next("appeals.ends_at")?,
                })
            })
            .await
    }

    /// When the newest about an account was made.
    pub async fn newest(self, user: UserId) -> Result<Option<Timestamp>> {
        let sql = "SELECT created_at FROM appeals WHERE user_id = $1 ORDER BY created_at DESC LIMIT 1";
        self.0
            .find(sql, args![user], |row| row.next("appeals.created_at"))
            .await
    }

    /// Deletes those about an account that were made at that moment or later; returns how many.
    pub async fn delete_since(self, user: UserId, at: Timestamp) -> Result<u64> {
        let sql = "DELETE FROM appeals WHERE user_id = $1 AND created_at >= $2";
        self.0.execute(sql, args![user, at]).await
    }

    /// Deletes up to `limit` that ended before `before`; returns how many.
    pub async fn delete_over(self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM appeals
                   WHERE hash IN (SELECT hash FROM appeals WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}
