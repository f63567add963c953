//! A person's own sessions.

use crate::app::App;
use crate::domain::session::Session;
use crate::domain::{Caller, SessionId};
use crate::flows::Result;

/// The caller's live sessions, his own first, then last used first.
pub async fn list(_app: &App, _caller: &Caller) -> Result<Vec<Session>> {
    todo!()
}

/// Ends one of the caller's sessions. Refused with `NotFound` if it is not his or over.
pub async fn revoke(_app: &App, _caller: &Caller, _session: SessionId) -> Result<()> {
    todo!()
}

/// Ends all of the caller's sessions but this one; returns how many.
pub async fn revoke_others(_app: &App, _caller: &Caller) -> Result<u64> {
    todo!()
}
