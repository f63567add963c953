//! Proofs: what a handler or flow asks for when it needs to know who is calling.

use crate::domain::organization::{Membership, OrganizationRole};
use crate::domain::{Client, Email, OrganizationId, PlatformRole, SessionId, Timestamp, TokenId, User, UserId};

/// What an access token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The application.
    App,
    /// The application and the admin area.
    Admin,
}

impl Audience {
    /// The name in queries, bodies and tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Admin => "admin",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::App, Self::Admin]
            .into_iter()
            .find(|audience| audience.name() == text)
    }

    /// What claim `aud` lists: an admin's token also opens the application.
    pub const fn claim(self) -> &'static [&'static str] {
        match self {
            Self::App => &["app"],
            Self::Admin => &["admin", "app"],
        }
    }
}

/// How somebody proved who he is (claim `amr`, RFC 8176).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A password, at sign-in or sign-up.
    Password,
}

impl Method {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "pwd",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        (text == "pwd").then_some(Self::Password)
    }
}

/// What an access token says (product, section 4; contract, http.md 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `jti`.
    pub token: TokenId,
    /// `sub`.
    pub user: UserId,
    /// `sid`.
    pub session: SessionId,
    /// `aud`.
    pub audience: Audience,
    /// `org_id`.
    pub organization: OrganizationId,
    /// `org_role`.
    pub organization_role: OrganizationRole,
    /// `roles`, never null.
    pub roles: Vec<PlatformRole>,
    /// `email`.
    pub email: Email,
    /// `email_verified`.
    pub email_verified: bool,
    /// `auth_time`: when the person last proved who he is.
    pub authenticated_at: Timestamp,
    /// `amr`.
    pub method: Method,
    /// `iat`.
    pub issued_at: Timestamp,
    /// `exp`.
    pub expires_at: Timestamp,
}

/// Proof of nothing: the route is open to everybody.
#[derive(Debug, Clone)]
pub struct Anyone {
    /// Where the request comes from.
    pub client: Client,
}

/// Proof that a live session of an enabled account is calling: its token was checked, and so was
/// the database, in this very request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub user: User,
    /// In which session.
    pub session: SessionId,
    /// When he last proved who he is; for step-up checks.
    pub authenticated_at: Timestamp,
    /// What the token opens.
    pub audience: Audience,
    /// The organization in the token.
    pub organization: OrganizationId,
    /// His role there, as the token has it.
    pub organization_role: OrganizationRole,
    /// His membership in the session's organization as the database has it now; `None` if it has ended.
    pub membership: Option<Membership>,
    /// Platform roles as the database has them now.
    pub roles: Vec<PlatformRole>,
    /// Where the request comes from.
    pub client: Client,
}

/// Somebody who may be signed in, for pages that everybody may see.
#[derive(Debug, Clone)]
pub enum Visitor {
    /// He is.
    SignedIn(Box<Caller>),
    /// He is not.
    Guest(Anyone),
}
