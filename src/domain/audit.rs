//! What an audit line says. Lines are only ever added.

use crate::domain::{AuditId, Client, SessionId, Timestamp, UserId};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A person with an account.
    User(UserId),
    /// Whoever may run commands on the machine.
    Operator,
    /// Somebody unknown, or the server itself.
    System,
}

/// What was done. The names are kept in the database, so they do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An account was opened.
    UserCreated,
    /// An account was switched off; its sessions ended.
    UserDisabled,
    /// An account was switched on again.
    UserEnabled,
    /// A platform role was given; `detail` is the role.
    RoleGranted,
    /// A platform role was taken; `detail` is the role.
    RoleRevoked,
    /// A password was set or replaced.
    PasswordChanged,
    /// One session was ended.
    SessionRevoked,
    /// All sessions but perhaps the caller's own were ended; `detail` is how many.
    SessionsRevoked,
    /// A refresh token was used a second time by somebody else; its session was ended.
    RefreshTokenReused,
    /// A signing key was made; `detail` is its id.
    SigningKeyCreated,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 10] = [
        Self::UserCreated,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::RoleGranted,
        Self::RoleRevoked,
        Self::PasswordChanged,
        Self::SessionRevoked,
        Self::SessionsRevoked,
        Self::RefreshTokenReused,
        Self::SigningKeyCreated,
    ];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UserCreated => "user.created",
            Self::UserDisabled => "user.disabled",
            Self::UserEnabled => "user.enabled",
            Self::RoleGranted => "user.role_granted",
            Self::RoleRevoked => "user.role_revoked",
            Self::PasswordChanged => "user.password_changed",
            Self::SessionRevoked => "session.revoked",
            Self::SessionsRevoked => "session.all_revoked",
            Self::RefreshTokenReused => "session.refresh_token_reused",
            Self::SigningKeyCreated => "key.created",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == text)
    }
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Names the line.
    pub id: AuditId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub action: Action,
    /// Who did it.
    pub actor: Actor,
    /// To whom; `None` where no account is concerned.
    pub subject: Option<UserId>,
    /// In or to which session.
    pub session: Option<SessionId>,
    /// From where.
    pub client: Client,
    /// A word more, see [`Action`]; never a secret, never an address.
    pub detail: String,
}
