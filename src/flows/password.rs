//! Setting and changing one's password.

use crate::app::App;
use crate::domain::{Caller, Secret};
use crate::flows::{Result, gate::Tokens};

/// What is needed to change a password.
#[derive(Debug, Clone)]
pub struct Change {
    /// The new password as typed.
    pub new: Secret,
    /// The current one, unless the sign-in is recent.
    pub current: Option<Secret>,
    /// The caller's refresh token, to be exchanged along with it.
    pub refresh: Option<Secret>,
}

/// Sets the caller's password and ends all his other sessions, in one transaction. His own goes
/// on, with fresh tokens if its refresh token was given.
///
/// Refused with `ReauthenticationRequired` unless the sign-in is recent or the current password is right.
pub async fn change(_app: &App, _caller: &Caller, _input: Change) -> Result<Option<Tokens>> {
    todo!()
}
