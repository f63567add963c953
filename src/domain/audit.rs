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

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was tried and refused; nothing changed.
    Refused,
}

impl Outcome {
    const ALL: [Self; 2] = [Self::Done, Self::Refused];

    /// The name in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == text)
    }
}

/// Declares the actions with their names and what they mean.
macro_rules! actions {
    ($($action:ident $name:literal $meaning:literal,)*) => {
        /// What was done. The names are kept in the database, so they do not change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Action {
            $(#[doc = $meaning] $action,)*
        }

        impl Action {
            /// Every action.
            pub const ALL: &[Self] = &[$(Self::$action),*];

            /// The name in the database and on the command line.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$action => $name,)*
                }
            }

            /// What it means, for the list that `authara audit --actions` prints.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$action => $meaning,)*
                }
            }
        }
    };
}

actions! {
    UserCreated "user.created" "An account was opened.",
    UserDisabled "user.disabled" "An account was switched off; its sessions ended.",
    UserEnabled "user.enabled" "An account was switched on again.",
    UserDeleted "user.deleted" "An account was deleted, with everything of it but these lines.",
    UserApproved "user.approved" "An account that waited for approval may be used.",
    UserUnlocked "user.unlocked" "The limits on guessing an account's password began anew.",
    RoleGranted "user.role_granted" "A platform role was given; the detail is the role.",
    RoleRevoked "user.role_revoked" "A platform role was taken; the detail is the role.",
    DataExported "user.data_exported" "A person downloaded what is kept about them.",
    AddressAllowed "allowlist.email_added" "An address or a domain was put on the allowlist; the detail is which of the two, or the domain.",
    AddressUnlisted "allowlist.email_removed" "An address or a domain was taken from the allowlist.",
    UsernameChanged "user.username_changed" "A username was changed.",
    PasswordChanged "user.password_changed" "A password was set or replaced.",
    PasswordRemoved "user.password_removed" "A password was removed: its owner has another way in.",
    EmailChanged "user.email_changed" "An account got another address, which was proved.",
    EmailProved "user.email_proved" "The address of an account was proved.",
    TakenBack "user.taken_back" "The owner of an address took an account back by a link in a letter; the password is gone.",
    Expired "user.expired" "An account was deleted: its address was not proved in time.",
    SignIn "session.sign_in" "Somebody signed in; the detail is how, or why it was refused.",
    SignOut "session.sign_out" "Somebody signed out.",
    Reauthentication "session.reauthentication" "Somebody signed in proved again who they are, or failed to.",
    CodeRefused "code.refused" "A mailed code was wrong; the detail is what it was for.",
    SessionRevoked "session.revoked" "One session was ended from elsewhere.",
    SessionsRevoked "session.all_revoked" "All sessions but perhaps the caller's own were ended; the detail is how many.",
    RefreshTokenReused "session.refresh_token_reused" "A used refresh token was shown again by somebody else; its session was ended.",
    LimitReached "limit.reached" "Somebody tried too often; the detail is the limit. One line a window, however often they go on.",
    DatabaseRestored "database.restored" "A copy of the database was put in its place; what is older than this line is as in the copy.",
    SigningKeyCreated "key.created" "A signing key was made; the detail is its id.",
}

impl Action {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == text)
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
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub actor: Actor,
    /// Whose account; `None` where no account is concerned.
    pub subject: Option<UserId>,
    /// In or to which session.
    pub session: Option<SessionId>,
    /// From where, in which request.
    pub client: Client,
    /// A word more, see [`Action`]; never a secret, never an address.
    pub detail: String,
}

/// Which lines are wanted; without any condition all are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// About this account.
    pub subject: Option<UserId>,
    /// Of this kind.
    pub action: Option<Action>,
    /// With this end.
    pub outcome: Option<Outcome>,
    /// From this address.
    pub address: Option<std::net::IpAddr>,
    /// In this request.
    pub request_id: Option<String>,
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// Older than this line, which ended the page before.
    pub before: Option<(Timestamp, AuditId)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back_and_stands_once() {
        for (at, action) in Action::ALL.iter().enumerate() {
            assert_eq!(Action::parse(action.name()), Some(*action));
            assert!(!Action::ALL[..at].iter().any(|other| other.name() == action.name()));
        }
        assert_eq!(Outcome::parse("refused"), Some(Outcome::Refused));
        assert_eq!(Outcome::parse(""), None);
    }
}
