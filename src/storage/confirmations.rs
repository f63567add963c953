//! Requests to prove again, in a session, that its owner is there.

use crate::domain::{ConfirmationId, SessionId, Timestamp, TokenId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::confirmations`].
pub struct Confirmations<'c>(pub(super) &'c mut Conn);

impl Confirmations<'_> {
    /// Adds one.
    pub async fn add(self, id: ConfirmationId, session: SessionId, ends_at: Timestamp) -> Result<()> {
        let sql = "INSERT INTO confirmations (id, session_id, ends_at) VALUES ($1, $2, $3)";
        self.0.execute(sql, args![id, session, ends_at]).await?;
        Ok(())
    }

    /// The open one of a session that ends last, with its end.
    pub async fn open(self, session: SessionId, now: Timestamp) -> Result<Option<(ConfirmationId, Timestamp)>> {
        let sql = "SELECT id, ends_at
                   FROM confirmations
                   WHERE session_id = $1 AND redeemed_at IS NULL AND ends_at > $2
                   ORDER BY ends_at DESC, id
                   LIMIT 1";
        self.0
            .find(sql, args![session, now], |row| {
                Ok((row.next("confirmations.id")?, row.next("confirmations.ends_at")?))
            })
            .await
    }

    /// Whether it is one of that session and open.
    pub async fn is_open(self, id: ConfirmationId, session: SessionId, now: Timestamp) -> Result<bool> {
        let sql = "SELECT id
                   FROM confirmations
                   WHERE id = $1 AND session_id = $2 AND redeemed_at IS NULL AND ends_at > $3";
        Ok(!self.0.query(sql, args![id, session, now]).await?.is_empty())
    }

    /// Uses it up with the access token that was shown; `false` if it is not [open](Self::is_open).
    pub async fn redeem(
        self,
        id: ConfirmationId,
        session: SessionId,
        token: Option<TokenId>,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE confirmations
                   SET redeemed_at = $4, token_id = $3
                   WHERE id = $1 AND session_id = $2 AND redeemed_at IS NULL AND ends_at > $4";
        Ok(self.0.execute(sql, args![id, session, token, now]).await? == 1)
    }

    /// When the owner of a session last proved to be there with that access token.
    pub async fn proved_with(self, session: SessionId, token: TokenId) -> Result<Option<Timestamp>> {
        let sql = "SELECT redeemed_at
                   FROM confirmations
                   WHERE session_id = $1 AND token_id = $2 AND redeemed_at IS NOT NULL
                   ORDER BY redeemed_at DESC
                   LIMIT 1";
        let read = |row: &mut Row| row.next("confirmations.redeemed_at");
        self.0.find(sql, args![session, token], read).await
    }

    /// Deletes up to `limit` that ended before `before`; returns how many.
    pub async fn delete_over(self, before: Timestamp, limit: u32) -> Result<u64> {
        let sql = "DELETE FROM confirmations
                   WHERE id IN (SELECT id FROM confirmations WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}
