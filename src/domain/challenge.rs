//! Codes by mail: one attempt to prove that an address is somebody's own.

use std::time::Duration;

use crate::domain::{ChallengeId, Email, Timestamp, TokenHash, UserId};

/// What is done once the code was entered. The names stand in the database, so they do not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// An account is opened.
    SignUp,
    /// A password is set.
    PasswordReset,
    /// An account gets that address, or the one that it has is proved.
    EmailChange,
    /// A session is opened.
    SignIn,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] = [Self::SignUp, Self::PasswordReset, Self::EmailChange, Self::SignIn];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "signup",
            Self::PasswordReset => "password_reset",
            Self::EmailChange => "email_change",
            Self::SignIn => "login",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == text)
    }
}

/// How long challenges last and how often one may try (`AUTHARA_CHALLENGE_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// From the start to the end of a challenge.
    pub life: Duration,
    /// From when a code was sent to its end, which is no later than that of the challenge.
    pub code_life: Duration,
    /// Wrong codes.
    pub most_attempts: u32,
    /// Further codes.
    pub most_resends: u32,
    /// From one code to the next.
    pub resend_pause: Duration,
}

/// An attempt to prove an address. One that nobody can pass looks and behaves the same, so that nobody
/// learns who has an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Names it; only the one who began it knows it.
    pub id: ChallengeId,
    /// What it is for.
    pub purpose: Purpose,
    /// The address to prove.
    pub address: Email,
    /// The account it is about, if there is one.
    pub user: Option<UserId>,
    /// The code, as a keyed hash; `None` if no code is right.
    pub code: Option<TokenHash>,
    /// When the code ends.
    pub code_ends_at: Timestamp,
    /// What is needed at the end, sealed.
    pub sealed: Vec<u8>,
    /// Wrong codes so far.
    pub attempts: u32,
    /// Further codes so far.
    pub resends: u32,
    /// When the last code was asked for.
    pub sent_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// When the right code was entered.
    pub redeemed_at: Option<Timestamp>,
}

impl Challenge {
    /// Whether a code can still be entered. A time that was taken from a clock that was ahead ends it as well.
    pub fn is_open(&self, terms: &Terms, now: Timestamp) -> bool {
        self.redeemed_at.is_none()
            && self.attempts < terms.most_attempts
            && now < self.ends_at
            && !self.created_at.is_ahead_of(now)
    }

    /// Whether this code, hashed, is the right one.
    pub fn is_right(&self, code: &TokenHash, now: Timestamp) -> bool {
        now < self.code_ends_at && self.code.as_ref().is_some_and(|right| right.is(code))
    }

    /// Whether another code may be asked for.
    pub fn may_resend(&self, terms: &Terms, now: Timestamp) -> bool {
        self.is_open(terms, now) && self.resends < terms.most_resends && now >= self.sent_at + terms.resend_pause
    }
}
