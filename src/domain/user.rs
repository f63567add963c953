//! People with an account.

use crate::domain::{Email, Timestamp, UserId, Username};

/// A person's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Stays for ever.
    pub id: UserId,
    /// Unique among users.
    pub email: Email,
    /// When the owner proved the address; `None` until then.
    pub email_verified_at: Option<Timestamp>,
    /// Unique without regard to case.
    pub username: Username,
    /// Since when the account may not be used; `None` while it may.
    pub disabled_at: Option<Timestamp>,
    /// Since when an operator has to approve the account before it may be used; `None` if nobody has to.
    pub waiting_since: Option<Timestamp>,
    /// The tag of the language in which they read; empty until it is known.
    pub language: String,
    /// When the account was opened.
    pub created_at: Timestamp,
}

impl User {
    /// Whether an operator has to approve the account first.
    pub fn is_waiting(&self) -> bool {
        self.waiting_since.is_some()
    }

    /// Whether an operator has switched the account off.
    pub fn is_disabled(&self) -> bool {
        self.disabled_at.is_some()
    }
}
