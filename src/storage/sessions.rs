//! Sessions and refresh tokens.

mod rotation;

pub use rotation::{Exchange, ROTATE};

use std::net::IpAddr;

use crate::domain::organization::{Membership, OrganizationRole};
use crate::domain::page::{Page, Place};
use crate::domain::session::{Consumed, RefreshToken, Session};
use crate::domain::{Client, Methods, PlatformRole, SessionId, Timestamp, TokenHash, User, UserId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Error, Result, users};

/// See [`Conn::sessions`].
pub struct Sessions<'c>(pub(super) &'c mut Conn);

/// A session with all that its tokens say, read in one statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The session, live or not.
    pub session: Session,
    /// Its owner.
    pub user: User,
    /// The owner's membership in the session's organization; `None` if it has ended.
    pub membership: Option<Membership>,
    /// The owner's platform roles now, in the order of [`PlatformRole::ALL`].
    pub roles: Vec<PlatformRole>,
}

/// A refresh token as found, with its session's standing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The token.
    pub token: RefreshToken,
    /// Newest generation of its chain.
    pub head: i64,
    /// Its session.
    pub standing: Standing,
}

/// The columns of a session `s` that [`read`] reads.
macro_rules! columns {
    () => {
        "s.id, s.user_id, s.organization_id, s.created_at, s.expires_at, s.last_used_at,
         s.authenticated_at, s.method, s.revoked_at, s.address, s.user_agent"
    };
}

/// The columns that [`read_standing`] reads, of [`standing_tables!`].
macro_rules! standing_columns {
    () => {
        concat!("r.role, ", columns!(), ", ", users::columns!(), ", m.role, o.name")
    };
}

/// A session `s` is given; what its tokens say of its owner, one row for each role or a single one.
macro_rules! standing_tables {
    () => {
        "JOIN users u ON u.id = s.user_id
         LEFT JOIN memberships m ON m.organization_id = s.organization_id AND m.user_id = s.user_id
         LEFT JOIN organizations o ON o.id = m.organization_id
         LEFT JOIN user_roles r ON r.user_id = s.user_id"
    };
}

use {columns, standing_columns, standing_tables};

/// Reads [`columns!`].
fn read(row: &mut Row) -> Result<Session> {
    Ok(Session {
        id: row.next("sessions.id")?,
        user: row.next("sessions.user_id")?,
        organization: row.next("sessions.organization_id")?,
        created_at: row.next("sessions.created_at")?,
        expires_at: row.next("sessions.expires_at")?,
        last_used_at: row.next("sessions.last_used_at")?,
        authenticated_at: row.next("sessions.authenticated_at")?,
        methods: row.next("sessions.method")?,
        revoked_at: row.next("sessions.revoked_at")?,
        client: Client {
            address: row.next("sessions.address")?,
            user_agent: row.next("sessions.user_agent")?,
            request_id: String::new(),
        },
    })
}

/// Reads [`standing_columns!`] but the first.
fn read_standing(row: &mut Row, roles: Vec<PlatformRole>) -> Result<Standing> {
    let session = read(row)?;
    let user = users::read(row)?;
    let role: Option<OrganizationRole> = row.next("memberships.role")?;
    let name: Option<String> = row.next("organizations.name")?;
    let membership = role.zip(name).map(|(role, name)| Membership {
        organization: session.organization,
        name,
        role,
    });
    Ok(Standing {
        session,
        user,
        membership,
        roles,
    })
}

/// Reads the rows of one session, each of which begins with [`standing_columns!`].
pub(super) fn standing_in(rows: Vec<Row>) -> Result<Option<Standing>> {
    let found = first_and_roles(rows)?;
    found.map(|(mut row, roles)| read_standing(&mut row, roles)).transpose()
}

/// The first row, and the roles with which the rows begin: they differ in nothing else.
fn first_and_roles(mut rows: Vec<Row>) -> Result<Option<(Row, Vec<PlatformRole>)>> {
    let roles: Result<Vec<Option<_>>> = rows.iter_mut().map(|row| row.next("user_roles.role")).collect();
    let mut roles: Vec<_> = roles?.into_iter().flatten().collect();
    roles.sort_unstable();
    Ok(rows.into_iter().next().map(|first| (first, roles)))
}

/// The columns of a token `t` that [`read_token`] reads.
macro_rules! token_columns {
    () => {
        "t.hash, t.session_id, t.generation, t.created_at, t.expires_at,
         t.consumed_at, t.consumer_network, t.consumer_user_agent"
    };
}

/// Reads [`token_columns!`].
fn read_token(row: &mut Row) -> Result<RefreshToken> {
    Ok(RefreshToken {
        hash: row.next("refresh_tokens.hash")?,
        session: row.next("refresh_tokens.session_id")?,
        generation: row.next("refresh_tokens.generation")?,
        created_at: row.next("refresh_tokens.created_at")?,
        expires_at: row.next("refresh_tokens.expires_at")?,
        consumed: read_consumed(row)?,
    })
}

fn read_consumed(row: &mut Row) -> Result<Option<Consumed>> {
    let at = row.next("refresh_tokens.consumed_at")?;
    let network = row.next("refresh_tokens.consumer_network")?;
    let user_agent = row.next("refresh_tokens.consumer_user_agent")?;
    match (at, network, user_agent) {
        (Some(at), Some(network), Some(user_agent)) => Ok(Some(Consumed {
            at,
            network,
            user_agent,
        })),
        (None, None, None) => Ok(None),
        _ => Err(Error::Unreadable("refresh_tokens.consumed_at".to_owned())),
    }
}

impl Sessions<'_> {
    /// Opens a session.
    pub async fn add(self, session: &Session) -> Result<()> {
        let sql = "INSERT INTO sessions
                     (id, user_id, organization_id, created_at, expires_at, last_used_at, authenticated_at,
                      method, revoked_at, address, user_agent)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let args = args![
            session.id,
            session.user,
            session.organization,
            session.created_at,
            session.expires_at,
            session.last_used_at,
            session.authenticated_at,
            session.methods.to_string(),
            session.revoked_at,
            session.client.address,
            &session.client.user_agent,
        ];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// Adds a token to a session's chain; `false` if that token is there already.
    pub async fn add_token(self, token: &RefreshToken) -> Result<bool> {
        let sql = "INSERT INTO refresh_tokens
                     (hash, session_id, generation, created_at, expires_at,
                      consumed_at, consumer_network, consumer_user_agent)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
                   ON CONFLICT (hash) DO NOTHING";
        let consumed = token.consumed.as_ref();
        let args = args![
            &token.hash,
            token.session,
            token.generation,
            token.created_at,
            token.expires_at,
            consumed.map(|consumed| consumed.at),
            consumed.map(|consumed| consumed.network),
            consumed.map(|consumed| consumed.user_agent.as_str()),
        ];
        Ok(self.0.execute(sql, args).await? == 1)
    }

    /// A session with owner, membership and roles, live or not; the check of every request. One keyed statement.
    pub async fn standing(self, id: SessionId) -> Result<Option<Standing>> {
        let sql = concat!(
            "SELECT ",
            standing_columns!(),
            " FROM sessions s ",
            standing_tables!(),
            " WHERE s.id = $1"
        );
        standing_in(self.0.query(sql, args![id]).await?)
    }

    /// A refresh token with its session's standing. One keyed statement.
    pub async fn by_token(self, hash: &TokenHash) -> Result<Option<Found>> {
        let sql = concat!(
            "SELECT ",
            standing_columns!(),
            ", ",
            token_columns!(),
            ", (SELECT max(h.generation) FROM refresh_tokens h WHERE h.session_id = t.session_id)
             FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id ",
            standing_tables!(),
            " WHERE t.hash = $1"
        );
        let Some((mut row, roles)) = first_and_roles(self.0.query(sql, args![hash]).await?)? else {
            return Ok(None);
        };
        Ok(Some(Found {
            standing: read_standing(&mut row, roles)?,
            token: read_token(&mut row)?,
            head: row.next("max(refresh_tokens.generation)")?,
        }))
    }

    /// The user's live sessions, last used first.
    pub async fn of_user(self, user: UserId, now: Timestamp) -> Result<Vec<Session>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s
              WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
              ORDER BY s.last_used_at DESC, s.id DESC"
        );
        self.0.list(sql, args![user, now], read).await
    }

    /// A part of the user's live sessions, the newest first, with one more if there are any.
    pub async fn page_of_user(self, user: UserId, now: Timestamp, page: Page) -> Result<Vec<Session>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s
              WHERE s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2
                AND (s.created_at, s.id) < ($3, $4)
              ORDER BY s.created_at DESC, s.id DESC
              LIMIT $5"
        );
        let after = page.after.unwrap_or(Place::BEFORE_NEWEST);
        let args = args![user, now, after.at, after.id, page.limit + 1];
        self.0.list(sql, args, read).await
    }

    /// Every session of the user that is kept, live or over, last used first. Surplus ones are not
    /// ([`delete_surplus`](Self::delete_surplus)), so they are few.
    pub async fn kept_of(self, user: UserId) -> Result<Vec<Session>> {
        let sql = concat!(
            "SELECT ",
            columns!(),
            " FROM sessions s WHERE s.user_id = $1 ORDER BY s.last_used_at DESC, s.id DESC"
        );
        self.0.list(sql, args![user], read).await
    }

    /// From where and with which programs the account was used, as far as its sessions are kept; those of the last `limit`.
    pub async fn clients_of(self, user: UserId, limit: u32) -> Result<Vec<(IpAddr, String)>> {
        let sql = "SELECT address, user_agent FROM sessions WHERE user_id = $1 ORDER BY last_used_at DESC LIMIT $2";
        self.0
            .list(sql, args![user, limit], |row| {
                Ok((row.next("sessions.address")?, row.next("sessions.user_agent")?))
            })
            .await
    }

    /// Ends a session of that user; `false` if it is another's, does not exist, was ended before, or
    /// its time is over.
    pub async fn revoke(self, id: SessionId, user: UserId, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE sessions
                   SET revoked_at = $3
                   WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL
                   RETURNING expires_at";
        let read = |row: &mut Row| row.next::<Timestamp>("sessions.expires_at");
        let end = self.0.find(sql, args![id, user, now], read).await?;
        Ok(end.is_some_and(|end| end > now))
    }

    /// Ends every session of the user but `except`; returns how many were live.
    pub async fn revoke_of_user(self, user: UserId, except: Option<SessionId>, now: Timestamp) -> Result<u64> {
        // One whose time is over by this clock may be live by that of another instance.
        let sql = "UPDATE sessions
                   SET revoked_at = $3
                   WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL
                   RETURNING expires_at";
        // No session has this id.
        let except = except.unwrap_or(SessionId::new(uuid::Uuid::nil()));
        let ends: Vec<Timestamp> = self
            .0
            .list(sql, args![user, except, now], |row| row.next("sessions.expires_at"))
            .await?;
        Ok(ends.iter().filter(|end| **end > now).count() as u64)
    }

    /// Deletes the user's sessions beyond the `most` that count most: the one just opened, then live ones
    /// before ended ones, and those used last. Returns how many went.
    pub async fn delete_surplus(self, user: UserId, opened: SessionId, most: u32, now: Timestamp) -> Result<u64> {
        // One sign-in adds one, so that there is hardly ever more than one to delete.
        let sql = "DELETE FROM sessions
                   WHERE id IN (SELECT id
                                FROM sessions
                                WHERE user_id = $1
                                ORDER BY id = $4 DESC,
                                         (revoked_at IS NULL AND expires_at > $2) DESC, last_used_at DESC, id DESC
                                LIMIT 1000 OFFSET $3)";
        self.0.execute(sql, args![user, now, most, opened]).await
    }

    /// Notes that the person has just proved again who they are, and all the ways in which they have.
    pub async fn reauthenticated(self, id: SessionId, methods: &Methods, now: Timestamp) -> Result<()> {
        let sql = "UPDATE sessions SET authenticated_at = $2, method = $3 WHERE id = $1";
        self.0.execute(sql, args![id, now, methods.to_string()]).await?;
        Ok(())
    }

    /// Deletes up to `limit` sessions that ended before `before`, with their tokens; returns how many.
    pub async fn delete_ended(self, before: Timestamp, limit: u32) -> Result<u64> {
        // Each half has an index to itself and stops at the limit; an OR would gather all that have ended first.
        let sql = "DELETE FROM sessions
                   WHERE id IN (SELECT id
                                FROM (SELECT id
                                      FROM sessions
                                      WHERE expires_at < $1
                                      ORDER BY expires_at
                                      LIMIT $2
                                      {pg: FOR UPDATE SKIP LOCKED}) expired
                                UNION ALL
                                SELECT id
                                FROM (SELECT id
                                      FROM sessions
                                      WHERE revoked_at < $1
                                      ORDER BY revoked_at
                                      LIMIT $2
                                      {pg: FOR UPDATE SKIP LOCKED}) revoked
                                LIMIT $2)";
        self.0.execute(sql, args![before, limit]).await
    }
}
