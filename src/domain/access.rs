//! Proofs: what a handler or flow asks for when it needs to know who is calling.

use crate::domain::audit::Actor;
use crate::domain::organization::{Membership, OrganizationRole};
use crate::domain::{
    Audience, Client, Email, Methods, OrganizationId, PlatformRole, SessionId, Timestamp, TokenId, User, UserId,
};

/// What an access token says (product, section 4; contract, http.md 3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// `jti`; every token of this version has it.
    pub token: Option<TokenId>,
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
    /// `email`; every token of this version has it.
    pub email: Option<Email>,
    /// `email_verified`.
    pub email_verified: bool,
    /// `auth_time`: when the person last proved who they are.
    pub authenticated_at: Timestamp,
    /// `amr`.
    pub methods: Methods,
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
    /// The access token that was shown.
    pub token: Option<TokenId>,
    /// When they last proved who they are, as their token and the session both know it.
    pub authenticated_at: Timestamp,
    /// What the token opens, as far as the account's roles still allow it.
    pub audience: Audience,
    /// The organization in the token.
    pub organization: OrganizationId,
    /// Their role there, as the token has it.
    pub organization_role: OrganizationRole,
    /// Their membership in the session's organization as the database has it now; `None` if it has ended.
    pub membership: Option<Membership>,
    /// Platform roles as the database has them now.
    pub roles: Vec<PlatformRole>,
    /// Where the request comes from.
    pub client: Client,
    /// When the request came in.
    pub now: Timestamp,
}

impl Caller {
    /// The caller as the one who changes something of their own.
    pub fn by(&self) -> By {
        By {
            actor: Actor::User(self.user.id),
            client: self.client.clone(),
            language: String::new(),
            now: self.now,
        }
    }
}

/// A [`Caller`] who may yet have to prove the address of their account, where that is required.
#[derive(Debug, Clone)]
pub struct Newcomer(pub Caller);

/// Who changes something, from where and when.
#[derive(Debug, Clone)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// From where.
    pub client: Client,
    /// The tag of the language in which they read; empty where nobody can tell.
    pub language: String,
    /// When; the one reading of the clock for the request or command.
    pub now: Timestamp,
}

impl By {
    /// An operator at the command line.
    pub fn operator(now: Timestamp) -> Self {
        Self {
            actor: Actor::Operator,
            client: Client::operator(),
            language: String::new(),
            now,
        }
    }

    /// The server itself, or a person who is not known, in a request of `client`.
    pub fn nobody(client: &Client, now: Timestamp) -> Self {
        Self {
            actor: Actor::System,
            client: client.clone(),
            language: String::new(),
            now,
        }
    }

    /// The same, of somebody who reads that language.
    #[must_use]
    pub fn reading(self, language: &str) -> Self {
        Self {
            language: language.to_owned(),
            ..self
        }
    }

    /// The same request, once it is known whose it is.
    #[must_use]
    pub fn user(&self, user: UserId) -> Self {
        Self {
            actor: Actor::User(user),
            ..self.clone()
        }
    }
}

/// Somebody who may be signed in, for pages that everybody may see.
#[derive(Debug, Clone)]
pub enum Visitor {
    /// They are.
    SignedIn(Box<Caller>),
    /// They are not.
    Guest(Anyone),
}
