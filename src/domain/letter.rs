//! Letters: e-mails to one person, queued with the change that they tell of.

use std::time::Duration;

use crate::domain::{Email, LetterId, Timestamp, UserId};

/// Declares the kinds of letters with their names.
macro_rules! kinds {
    ($($(#[$meaning:meta])* $kind:ident $name:literal,)*) => {
        /// What a letter is about. The names stand in the database and in commands, so they do not change; those of the
        /// contract (v0.22, section 5.3) are kept.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Kind {
            $($(#[$meaning])* $kind,)*
            /// Queued by a newer version. None is ever queued as such.
            Unknown,
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)*
                    Self::Unknown => "unknown",
                }
            }
        }
    };
}

kinds! {
    /// To try out whether letters arrive.
    Test "test",
    /// The code that opens an account.
    SignUpCode "signup_code",
    /// Somebody tried to sign up with the address of an account.
    SignUpKnown "signup_known",
    /// The code that sets a password.
    PasswordResetCode "password_reset_code",
    /// The code that gives an account another address, or proves the one it has.
    EmailChangeCode "email_change_code",
    /// The code that opens a session.
    SignInCode "login_code",
    /// A password was replaced.
    PasswordChanged "password_changed",
    /// The account has one more way in.
    MethodAdded "auth_method_added",
    /// The account has one way in less.
    MethodRemoved "auth_method_removed",
    /// The account has another address; for the address before.
    EmailChangedOld "email_changed_old_address",
    /// The same, for the address that it has now.
    EmailChangedNew "email_changed_new_address",
    /// The owner of a former address took the account back; for the address that it had until then.
    TakenBack "account_taken_back",
    /// A session was opened from a browser that was not known before.
    NewSignIn "new_sign_in",
    /// A refresh token was used twice; the session was ended.
    SessionStolen "refresh_token_reused",
    /// The account was switched off by an operator.
    AccountDisabled "account_disabled",
    /// The account was switched on again.
    AccountEnabled "account_enabled",
    /// The account waited for approval, and has it.
    AccountApproved "account_approved",
    /// A platform role was given or taken.
    RoleChanged "admin_access_changed",
}

impl Kind {
    /// Whether it tells of something that its owner may not have done, and has a link to take the account back.
    pub const fn has_appeal(self) -> bool {
        matches!(
            self,
            Self::PasswordChanged
                | Self::MethodAdded
                | Self::MethodRemoved
                | Self::EmailChangedOld
                | Self::NewSignIn
                | Self::SessionStolen
        )
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text)
    }
}

/// A letter as it is queued. What it says is written when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Names it, also in its `Message-ID`.
    pub id: LetterId,
    /// What it is about.
    pub kind: Kind,
    /// Whose account it is about, if there is one.
    pub user: Option<UserId>,
    /// The only recipient.
    pub to: Email,
    /// The tag of the language to write it in.
    pub language: String,
    /// What it says beside fixed words, sealed: it may hold a code.
    pub sealed: Vec<u8>,
    /// When it was queued, which is the date it bears.
    pub created_at: Timestamp,
    /// After this it is of no use and is not sent.
    pub deadline: Timestamp,
}

/// How far a letter has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is tried again when it is due.
    Waiting,
    /// A mail server has taken it.
    Sent,
    /// The address takes no letters, for good.
    Refused,
    /// It will not be sent: it was of no use any more, or was refused whatever the address is.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Refused, Self::Failed];

    /// The name in the database and in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == text)
    }
}

/// A letter and how sending it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// The letter. `sealed` is empty once it has come to an end.
    pub letter: Letter,
    /// How far it has come.
    pub state: State,
    /// When it is tried next, if it is waiting. While it is being sent: when that is given up.
    pub due_at: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it came to an end.
    pub settled_at: Option<Timestamp>,
    /// What the mail server said last, or why there was nobody to say anything. Without addresses.
    pub outcome: String,
}

/// The pause after the first try that failed.
const SHORTEST_PAUSE: Duration = Duration::from_secs(15);
/// Pauses double up to this.
pub const LONGEST_PAUSE: Duration = Duration::from_hours(6);

/// How long to wait after so many tries that failed: 15 s doubling to 6 h (contract v0.22, section 1). `dice` from 0 to
/// 255 takes up to a quarter off, so that what failed together is not tried together.
pub fn pause_after(tries: u32, dice: u8) -> Duration {
    let doubled = SHORTEST_PAUSE.saturating_mul(1 << tries.clamp(1, 16).saturating_sub(1));
    let pause = doubled.min(LONGEST_PAUSE);
    pause.saturating_sub(pause / 4 * u32::from(dice) / 255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_stand_once() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(Kind::parse(kind.name()), Some(*kind));
            assert!(!Kind::ALL[..at].iter().any(|other| other.name() == kind.name()));
        }
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(state));
        }
        assert_eq!(Kind::parse(""), None);
    }

    #[test]
    fn pauses_double_from_15_seconds_to_6_hours() {
        let seconds = |tries| pause_after(tries, 0).as_secs();

        assert_eq!([0, 1, 2, 3, 4].map(seconds), [15, 15, 30, 60, 120]);
        assert_eq!(seconds(11), 15 * 1024);
        assert_eq!([12, 17, 500].map(seconds), [21_600; 3]);
    }

    #[test]
    fn a_quarter_of_a_pause_is_left_to_chance() {
        assert_eq!(pause_after(1, 255), Duration::from_millis(11_250));
        assert!((0..=255).all(|dice| pause_after(9, dice) >= pause_after(9, 0) * 3 / 4));
    }
}
