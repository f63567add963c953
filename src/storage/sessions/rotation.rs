//! What becomes of a refresh token that is shown.

use super::{Sessions, columns, standing_columns, standing_tables};
use crate::domain::session::USE_NOTED_EVERY;
use crate::domain::{Client, PlatformRole, SessionId, Timestamp, TokenHash};
use crate::storage::backend::{Job, Statement, Step};
use crate::storage::value::args;
use crate::storage::{Result, users};

/// A refresh token that is shown, and what it shall be exchanged for.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// The one that is shown.
    pub shown: &'a TokenHash,
    /// Its successor.
    pub next: &'a TokenHash,
    /// The successor's end, unless the session ends before.
    pub until: Timestamp,
    /// The platform role that the owner must have.
    pub role: Option<PlatformRole>,
    /// Who shows it.
    pub client: &'a Client,
    /// When.
    pub now: Timestamp,
}

/// Whether the token `$1` is current at `$2`.
macro_rules! is_current {
    () => {
        "hash = $1 AND consumed_at IS NULL AND expires_at > $2"
    };
}

/// Whether the tokens of a session `s` may be exchanged at `$2`; `$3` is the platform role that is needed, or null.
macro_rules! is_in_order {
    () => {
        "s.revoked_at IS NULL AND s.expires_at > $2
         AND u.disabled_at IS NULL
         AND m.user_id IS NOT NULL
         AND (CAST($3 AS TEXT) IS NULL
              OR EXISTS (SELECT 1 FROM user_roles needed WHERE needed.user_id = s.user_id AND needed.role = $3))"
    };
}

/// Marks the token as spent, if it may be exchanged.
const SPEND: &str = concat!(
    "UPDATE refresh_tokens
     SET consumed_at = $2, consumer_network = $4, consumer_user_agent = $5
     WHERE ",
    is_current!(),
    " AND EXISTS (SELECT 1 FROM sessions s ",
    standing_tables!(),
    " WHERE s.id = refresh_tokens.session_id AND ",
    is_in_order!(),
    ")"
);

const ADD_SUCCESSOR: &str = "
    INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
    SELECT $2, t.session_id, t.generation + 1, $3, min($4, s.expires_at)
    FROM refresh_tokens t
    JOIN sessions s ON s.id = t.session_id
    WHERE t.hash = $1";

const NOTE_USE: &str = "
    UPDATE sessions
    SET last_used_at = $2, address = $3, user_agent = $4
    WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = $1)
      AND (last_used_at <= $5 OR address <> $3 OR user_agent <> $4)";

const STANDING: &str = concat!(
    "SELECT ",
    standing_columns!(),
    " FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id ",
    standing_tables!(),
    " WHERE t.hash = $1"
);

/// The same for many writers, in one statement. Public for the benchmark, which sends it without a
/// server between. The session is locked first, so that a caller who waited sees the token as the
/// one before them left it.
///
/// Keys stand alone on their side of `=`: joined to one another they may be hashed, and a plan made
/// while the tables were small reads all of them when they no longer are.
pub const ROTATE: &str = concat!(
    "WITH live AS (
       SELECT ",
    standing_columns!(),
    ", LEAST(s.expires_at, $9) AS until FROM sessions s ",
    standing_tables!(),
    " WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE ",
    is_current!(),
    ") AND ",
    is_in_order!(),
    "  FOR NO KEY UPDATE OF s
     ), spent AS (
       UPDATE refresh_tokens t
       SET consumed_at = $2, consumer_network = $4, consumer_user_agent = $5
       FROM live
       WHERE t.hash = $1 AND t.consumed_at IS NULL
       RETURNING t.session_id, t.generation + 1 AS next_generation, live.until
     ), noted AS (
       UPDATE sessions
       SET last_used_at = $2, address = $6, user_agent = $5
       WHERE id = (SELECT session_id FROM spent) AND (last_used_at <= $7 OR address <> $6 OR user_agent <> $5)
     ), added AS (
       INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
       SELECT CAST($8 AS BYTEA), session_id, next_generation, CAST($2 AS TIMESTAMPTZ), until
       FROM spent
       RETURNING hash
     )
     SELECT live.* FROM live, added"
);

impl Exchange<'_> {
    /// What it does on either database. Gives the session's standing, or no row and no effect.
    pub(in crate::storage) fn job(&self) -> Job {
        let Self {
            shown,
            next,
            until,
            role,
            client,
            now,
        } = *self;
        let role = role.map(PlatformRole::name);
        let (network, user_agent) = (client.network(), &client.user_agent);
        let noted_before = now - USE_NOTED_EVERY;
        let step = |sql, args| Statement { sql, args };
        Job {
            sqlite: vec![
                Step::Must(step(SPEND, args![shown, now, role, network, user_agent])),
                Step::Must(step(ADD_SUCCESSOR, args![shown, next, now, until])),
                Step::Do(step(
                    NOTE_USE,
                    args![shown, now, client.address, user_agent, noted_before],
                )),
                Step::Rows(step(STANDING, args![shown])),
            ],
            postgres: step(
                ROTATE,
                args![
                    shown,
                    now,
                    role,
                    network,
                    user_agent,
                    client.address,
                    noted_before,
                    next,
                    until,
                ],
            ),
        }
    }
}

impl Sessions<'_> {
    /// Puts a token in place of the session's current one, which counts as spent by the client. The
    /// caller has locked the session, so that nobody exchanges the current one meanwhile.
    pub async fn replace_token(
        self,
        id: SessionId,
        next: &TokenHash,
        until: Timestamp,
        client: &Client,
        now: Timestamp,
    ) -> Result<()> {
        let sql = "UPDATE refresh_tokens
                   SET consumed_at = $2, consumer_network = $3, consumer_user_agent = $4
                   WHERE session_id = $1 AND consumed_at IS NULL";
        let args = args![id, now, client.network(), &client.user_agent];
        self.0.execute(sql, args).await?;
        let sql = "INSERT INTO refresh_tokens (hash, session_id, generation, created_at, expires_at)
                   SELECT $2, session_id, max(generation) + 1, $3, $4
                   FROM refresh_tokens
                   WHERE session_id = $1
                   GROUP BY session_id";
        self.0.execute(sql, args![id, next, now, until]).await?;
        Ok(())
    }

    /// Notes that the session was used without a rotation: by its current token, which lives until
    /// `until` from now on.
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
