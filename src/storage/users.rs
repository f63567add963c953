//! People and their passwords.

use crate::domain::{Email, Timestamp, User, UserId};
use crate::storage::{Conn, Result};

/// See [`Conn::users`].
pub struct Users<'c>(pub(super) &'c mut Conn);

impl Users<'_> {
    /// Adds a user; `false` if the address or the username is taken.
    pub async fn add(self, _user: &User) -> Result<bool> {
        todo!()
    }

    /// The user with that id.
    pub async fn by_id(self, _id: UserId) -> Result<Option<User>> {
        todo!()
    }

    /// The user with that address.
    pub async fn by_email(self, _email: &Email) -> Result<Option<User>> {
        todo!()
    }

    /// The user with that address and the PHC string of the password, if there is one.
    pub async fn credentials(self, _email: &Email) -> Result<Option<(User, Option<String>)>> {
        todo!()
    }

    /// The PHC string of the user's password, if there is one.
    pub async fn password_hash(self, _id: UserId) -> Result<Option<String>> {
        todo!()
    }

    /// Sets or replaces the password.
    pub async fn set_password(self, _id: UserId, _hash: &str, _now: Timestamp) -> Result<()> {
        todo!()
    }

    /// Replaces the stored hash by a stronger one of the same password; `false` if it changed in between.
    pub async fn upgrade_password_hash(self, _id: UserId, _from: &str, _to: &str) -> Result<bool> {
        todo!()
    }

    /// Switches the account off; `false` if it was off, or does not exist.
    pub async fn disable(self, _id: UserId, _now: Timestamp) -> Result<bool> {
        todo!()
    }

    /// Switches the account on; `false` if it was on, or does not exist.
    pub async fn enable(self, _id: UserId) -> Result<bool> {
        todo!()
    }

    /// Users in the order they signed up, after `after`, whose address or username contains
    /// `search` (no wildcards, case ignored), at most `limit`.
    pub async fn page(
        self,
        _search: Option<&str>,
        _after: Option<(Timestamp, UserId)>,
        _limit: u32,
    ) -> Result<Vec<User>> {
        todo!()
    }

    /// How many there are.
    pub async fn count(self) -> Result<i64> {
        todo!()
    }
}
