//! Appeals: the owner of an address says that what a letter tells of was not them.

use crate::domain::{Email, Timestamp, UserId};

/// The right to take an account back. It came by letter to an address that the account had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    /// Which account.
    pub user: UserId,
    /// Where the letter went; the account gets this address again.
    pub address: Email,
    /// When the letter was queued.
    pub created_at: Timestamp,
    /// After this it is worth nothing.
    pub ends_at: Timestamp,
}

impl Appeal {
    /// Whether it can be used. One of a clock that was ahead cannot.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.ends_at && !self.created_at.is_ahead_of(now)
    }
}
