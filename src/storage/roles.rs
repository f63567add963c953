//! Platform roles.

use crate::domain::{PlatformRole, Timestamp, UserId};
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::roles`].
pub struct Roles<'c>(pub(super) &'c mut Conn);

impl Roles<'_> {
    /// Gives a role; `false` if the user has it.
    pub async fn grant(self, user: UserId, role: PlatformRole, now: Timestamp) -> Result<bool> {
        let sql = "INSERT INTO user_roles (user_id, role, granted_at)
                   VALUES ($1, $2, $3)
                   ON CONFLICT (user_id, role) DO NOTHING";
        Ok(self.0.execute(sql, args![user, role.name(), now]).await? == 1)
    }

    /// Takes a role; `false` if the user does not have it.
    pub async fn revoke(self, user: UserId, role: PlatformRole) -> Result<bool> {
        let sql = "DELETE FROM user_roles WHERE user_id = $1 AND role = $2";
        Ok(self.0.execute(sql, args![user, role.name()]).await? == 1)
    }

    /// The user's roles, in the order of [`PlatformRole::ALL`].
    pub async fn of_user(self, user: UserId) -> Result<Vec<PlatformRole>> {
        let sql = "SELECT role FROM user_roles WHERE user_id = $1";
        let mut roles: Vec<PlatformRole> = self.0.list(sql, args![user], |row| row.next("user_roles.role")).await?;
        roles.sort_unstable();
        Ok(roles)
    }

    /// The roles of everybody from one id to another, both included; each person's in the order of [`PlatformRole::ALL`].
    pub async fn between(self, first: UserId, last: UserId) -> Result<Vec<(UserId, PlatformRole)>> {
        let sql = "SELECT user_id, role FROM user_roles WHERE user_id >= $1 AND user_id <= $2";
        let mut granted: Vec<(UserId, PlatformRole)> = self
            .0
            .list(sql, args![first, last], |row| {
                Ok((row.next("user_roles.user_id")?, row.next("user_roles.role")?))
            })
            .await?;
        granted.sort_unstable();
        Ok(granted)
    }

    /// The admins whose account is on, as they are now and may not be a moment later.
    pub async fn active_admins(self) -> Result<Vec<UserId>> {
        let sql = "SELECT u.id
                   FROM user_roles r
                   JOIN users u ON u.id = r.user_id
                   WHERE r.role = $1 AND u.disabled_at IS NULL
                   ORDER BY u.id";
        let admin = PlatformRole::Admin.name();
        self.0.list(sql, args![admin], |row| row.next("users.id")).await
    }

    /// Locks every admin grant until the transaction ends and returns the admins whose account is on.
    pub async fn lock_active_admins(self) -> Result<Vec<UserId>> {
        // The order of the locks is the same for everybody, so that two callers cannot block each other.
        let sql = "SELECT u.id
                   FROM user_roles r
                   JOIN users u ON u.id = r.user_id
                   WHERE r.role = $1 AND u.disabled_at IS NULL
                   ORDER BY u.id
                   {pg: FOR UPDATE}";
        let admin = PlatformRole::Admin.name();
        self.0.list(sql, args![admin], |row| row.next("users.id")).await
    }
}
