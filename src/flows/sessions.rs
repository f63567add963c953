//! A person's own sessions.

use crate::app::App;
use crate::domain::audit::{Action, Actor};
use crate::domain::session::Session;
use crate::domain::{Caller, Refusal, SessionId};
use crate::flows::Result;
use crate::flows::announce::Deed;
use crate::flows::step_up::Recent;

/// The caller's live sessions, his own first, then last used first.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Session>> {
    let mut sessions = app
        .store
        .read()
        .await?
        .sessions()
        .of_user(caller.user.id, app.now())
        .await?;
    // Stable: the rest keeps its order.
    sessions.sort_by_key(|session| session.id != caller.session);
    Ok(sessions)
}

/// Ends one of the caller's sessions. Refused with `NotFound` if it is not his or over.
pub async fn revoke(app: &App, proof: &Recent, session: SessionId) -> Result<()> {
    let caller = proof.caller();
    let now = app.now();
    app.store
        .write(async |tx| -> Result<()> {
            if !tx.sessions().revoke_own(session, caller.user.id, now).await? {
                return Err(Refusal::NotFound.into());
            }
            let deed = Deed::new(&caller.client, Actor::User(caller.user.id), Action::SessionRevoked);
            deed.to(caller.user.id).in_session(session).note(tx, now).await?;
            Ok(())
        })
        .await
}

/// Ends all of the caller's sessions but this one; returns how many.
pub async fn revoke_others(app: &App, proof: &Recent) -> Result<u64> {
    let caller = proof.caller();
    let now = app.now();
    app.store
        .write(async |tx| -> Result<_> {
            let ended = tx
                .sessions()
                .revoke_of_user(caller.user.id, Some(caller.session), now)
                .await?;
            if ended > 0 {
                let deed = Deed::new(&caller.client, Actor::User(caller.user.id), Action::SessionsRevoked);
                deed.to(caller.user.id)
                    .in_session(caller.session)
                    .detail(ended.to_string())
                    .note(tx, now)
                    .await?;
            }
            Ok(ended)
        })
        .await
}
