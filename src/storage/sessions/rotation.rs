//! What becomes of a refresh token that is shown.

use crate::domain::session::RefreshToken;
use crate::domain::{Client, SessionId, Timestamp, TokenHash};
use crate::storage::sessions::Sessions;
use crate::storage::value::args;
use crate::storage::{Dialect, Error, Result};

impl Sessions<'_> {
    /// Exchanges a token for its successor: marks it consumed by `client` and adds `next`, and
    /// notes the session's use. `false`, and nothing done, if it was consumed, has expired, or its
    /// session is not live, or the owner's account is off. Of any number of parallel callers one
    /// gets `true`.
    pub async fn rotate(self, hash: &TokenHash, next: &RefreshToken, client: &Client, now: Timestamp) -> Result<bool> {
        match self.0.dialect {
            Dialect::Sqlite => self.rotate_stepwise(hash, next, client, now).await,
            Dialect::Postgres => self.rotate_at_once(hash, next, client, now).await,
        }
    }

    /// For the single writer: what the first statement found stays true for the others.
    async fn rotate_stepwise(
        self,
        hash: &TokenHash,
        next: &RefreshToken,
        client: &Client,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE refresh_tokens
                   SET consumed_at = $3, consumer_network = $4, consumer_user_agent = $5
                   WHERE hash = $1 AND session_id = $2 AND consumed_at IS NULL AND expires_at > $3
                     AND EXISTS (SELECT 1
                                 FROM sessions s
                                 JOIN users u ON u.id = s.user_id
                                 WHERE s.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3
                                   AND u.disabled_at IS NULL)";
        let args = args![hash, next.session, now, client.network(), &client.user_agent];
        if self.0.execute(sql, args).await? == 0 {
            return Ok(false);
        }
        if !Sessions(self.0).add_token(next).await? {
            return Err(Error::Statement(
                "the successor of a refresh token is there before it".to_owned(),
            ));
        }
        let sql = "UPDATE sessions SET last_used_at = $2, address = $3, user_agent = $4 WHERE id = $1";
        let args = args![next.session, now, client.address, &client.user_agent];
        self.0.execute(sql, args).await?;
        Ok(true)
    }

    /// For many writers, in one round trip. The session is locked first, so that whoever waited
    /// sees the token as the one before him left it.
    async fn rotate_at_once(
        self,
        hash: &TokenHash,
        next: &RefreshToken,
        client: &Client,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "WITH live AS (
                     SELECT s.id
                     FROM sessions s
                     JOIN users u ON u.id = s.user_id
                     WHERE s.id = $2 AND s.revoked_at IS NULL AND s.expires_at > $3 AND u.disabled_at IS NULL
                     FOR NO KEY UPDATE OF s
                   ), spent AS (
                     UPDATE refresh_tokens t
                     SET consumed_at = $3, consumer_network = $4, consumer_user_agent = $5
                     FROM live
                     WHERE t.hash = $1 AND t.session_id = live.id AND t.consumed_at IS NULL AND t.expires_at > $3
                     RETURNING t.session_id
                   ), touched AS (
                     UPDATE sessions s
                     SET last_used_at = $3, address = $6, user_agent = $5
                     FROM spent
                     WHERE s.id = spent.session_id
                   )
                   INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
                   SELECT CAST($7 AS bytea), session_id, CAST($8 AS bigint), CAST($9 AS timestamptz),
                          CAST($10 AS timestamptz)
                   FROM spent";
        let args = args![
            hash,
            next.session,
            now,
            client.network(),
            &client.user_agent,
            client.address,
            &next.hash,
            next.generation,
            next.created_at,
            next.expires_at,
        ];
        Ok(self.0.execute(sql, args).await? == 1)
    }

    /// Notes that the session was used without a rotation: by its current token, which lives until `until` from now on.
    pub async fn touch(
        self,
        id: SessionId,
        token: &TokenHash,
        until: Timestamp,
        client: &Client,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "UPDATE sessions SET last_used_at = $2, address = $3, user_agent = $4 WHERE id = $1";
        let args = args![id, now, client.address, &client.user_agent];
        self.0.execute(sql, args).await?;
        let sql = "UPDATE refresh_tokens
                   SET expires_at = $4
                   WHERE hash = $1 AND session_id = $2 AND consumed_at IS NULL AND expires_at > $3";
        self.0.execute(sql, args![token, id, now, until]).await?;
        Ok(())
    }
}
