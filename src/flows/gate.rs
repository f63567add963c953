//! The one door to a session: every path that issues tokens passes here.

use std::time::Duration;

use crate::domain::organization::Membership;
use crate::domain::{PlatformRole, Secret, SessionId, User};

/// A pair of tokens for one session.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The session they belong to.
    pub session: SessionId,
    /// The access token, a JWT.
    pub access: Secret,
    /// How long the access token lives.
    pub access_ttl: Duration,
    /// The refresh token.
    pub refresh: Secret,
    /// How long a browser shall keep the refresh token.
    pub refresh_ttl: Duration,
}

/// Somebody who has just signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// In which organization the session starts.
    pub membership: Membership,
    /// His platform roles.
    pub roles: Vec<PlatformRole>,
    /// His tokens.
    pub tokens: Tokens,
}
