//! What an operator does at the command line. Every change is audited.

use crate::app::App;
use crate::domain::session::Session;
use crate::domain::{PlatformRole, Secret, SessionId, Timestamp, User, UserId};
use crate::flows::Result;

/// A user with what operators want to see.
#[derive(Debug, Clone)]
pub struct UserView {
    /// The account.
    pub user: User,
    /// Platform roles.
    pub roles: Vec<PlatformRole>,
    /// Whether a password is set.
    pub has_password: bool,
    /// Live sessions, last used first.
    pub sessions: Vec<Session>,
}

/// Finds a user by address, username-free: an address or an id. Refused with `NotFound`.
pub async fn find(_app: &App, _address_or_id: &str) -> Result<User> {
    todo!()
}

/// Opens an account with its initial organization and the given roles.
pub async fn add(_app: &App, _email: &str, _password: Secret, _roles: &[PlatformRole]) -> Result<User> {
    todo!()
}

/// Users in the order they signed up, each with his roles.
pub async fn list(
    _app: &App,
    _search: Option<&str>,
    _after: Option<(Timestamp, UserId)>,
    _limit: u32,
) -> Result<Vec<(User, Vec<PlatformRole>)>> {
    todo!()
}

/// One user with roles and sessions.
pub async fn show(_app: &App, _user: UserId) -> Result<UserView> {
    todo!()
}

/// Switches an account off and ends its sessions; returns how many ended. Refused for the last admin.
pub async fn disable(_app: &App, _user: UserId) -> Result<u64> {
    todo!()
}

/// Switches an account on; `false` if it was on.
pub async fn enable(_app: &App, _user: UserId) -> Result<bool> {
    todo!()
}

/// Gives a role; `false` if the user has it.
pub async fn grant(_app: &App, _user: UserId, _role: PlatformRole) -> Result<bool> {
    todo!()
}

/// Takes a role and ends the user's sessions; `false` if the user does not have it. Refused for the last admin.
pub async fn revoke(_app: &App, _user: UserId, _role: PlatformRole) -> Result<bool> {
    todo!()
}

/// Sets a password and ends the user's sessions; returns how many ended.
pub async fn set_password(_app: &App, _user: UserId, _password: Secret) -> Result<u64> {
    todo!()
}

/// Ends one session of a user, or all without one; returns how many ended.
pub async fn end_sessions(_app: &App, _user: UserId, _session: Option<SessionId>) -> Result<u64> {
    todo!()
}
