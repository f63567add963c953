//! Sessions and refresh tokens.

use crate::domain::organization::Membership;
use crate::domain::session::{RefreshToken, Session};
use crate::domain::{Client, PlatformRole, SessionId, Timestamp, TokenHash, User, UserId};
use crate::storage::{Conn, Result};

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

impl Sessions<'_> {
    /// Opens a session.
    pub async fn add(self, _session: &Session) -> Result<()> {
        todo!()
    }

    /// Adds a token to a session's chain; `false` if that token is there already.
    pub async fn add_token(self, _token: &RefreshToken) -> Result<bool> {
        todo!()
    }

    /// A session with owner, membership and roles, live or not; the check of every request. One keyed statement.
    pub async fn standing(self, _id: SessionId) -> Result<Option<Standing>> {
        todo!()
    }

    /// A refresh token with its session's standing. One keyed statement.
    pub async fn by_token(self, _hash: &TokenHash) -> Result<Option<Found>> {
        todo!()
    }

    /// Exchanges a token for its successor: marks it consumed by `client` and adds `next`, and
    /// notes the session's use. `false`, and nothing done, if it was consumed, has expired, or its
    /// session is not live. Of any number of parallel callers one gets `true`.
    pub async fn rotate(
        self,
        _hash: &TokenHash,
        _next: &RefreshToken,
        _client: &Client,
        _now: Timestamp,
    ) -> Result<bool> {
        todo!()
    }

    /// Notes that the session was used without a rotation.
    pub async fn touch(self, _id: SessionId, _client: &Client, _now: Timestamp) -> Result<()> {
        todo!()
    }

    /// The user's live sessions, last used first.
    pub async fn of_user(self, _user: UserId, _now: Timestamp) -> Result<Vec<Session>> {
        todo!()
    }

    /// Ends a session; `false` if it does not exist or has been ended before.
    pub async fn revoke(self, _id: SessionId, _now: Timestamp) -> Result<bool> {
        todo!()
    }

    /// Ends a session of that user; `false` if it is not his, does not exist or has been ended before.
    pub async fn revoke_own(self, _id: SessionId, _user: UserId, _now: Timestamp) -> Result<bool> {
        todo!()
    }

    /// Ends every live session of the user but `except`; returns how many.
    pub async fn revoke_of_user(self, _user: UserId, _except: Option<SessionId>, _now: Timestamp) -> Result<u64> {
        todo!()
    }

    /// Notes that the person has just proved again who he is.
    pub async fn reauthenticated(self, _id: SessionId, _now: Timestamp) -> Result<()> {
        todo!()
    }

    /// Deletes up to `limit` sessions that ended before `before`, with their tokens; returns how many.
    pub async fn delete_ended(self, _before: Timestamp, _limit: u32) -> Result<u64> {
        todo!()
    }
}
