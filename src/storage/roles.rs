//! Platform roles.

use crate::domain::{PlatformRole, Timestamp, UserId};
use crate::storage::{Conn, Result};

/// See [`Conn::roles`].
pub struct Roles<'c>(pub(super) &'c mut Conn);

impl Roles<'_> {
    /// Gives a role; `false` if the user has it.
    pub async fn grant(self, _user: UserId, _role: PlatformRole, _now: Timestamp) -> Result<bool> {
        todo!()
    }

    /// Takes a role; `false` if the user does not have it.
    pub async fn revoke(self, _user: UserId, _role: PlatformRole) -> Result<bool> {
        todo!()
    }

    /// The user's roles, in the order of [`PlatformRole::ALL`].
    pub async fn of_user(self, _user: UserId) -> Result<Vec<PlatformRole>> {
        todo!()
    }

    /// Locks every admin grant until the transaction ends and returns the admins whose account is on.
    pub async fn lock_active_admins(self) -> Result<Vec<UserId>> {
        todo!()
    }
}
