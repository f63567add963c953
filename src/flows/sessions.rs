//! A person's own sessions.

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::page::{Page, Part, Place};
use crate::domain::session::Session;
use crate::domain::{Caller, Refusal, SessionId};
use crate::flows::ending::{self, Which};
use crate::flows::entry::confirm::Recent;
use crate::flows::{Result, tokens};

/// The caller's live sessions, the present one first, then last used first.
pub async fn list(app: &App, caller: &Caller) -> Result<Vec<Session>> {
    let mut sessions = app
        .store
        .read()
        .await?
        .sessions()
        .of_user(caller.user.id, caller.now)
        .await?;
    // Stable: the rest keeps its order.
    sessions.sort_by_key(|session| session.id != caller.session);
    Ok(sessions)
}

/// A part of the caller's live sessions, the newest first.
pub async fn page(app: &App, caller: &Caller, page: Page) -> Result<Part<Session>> {
    let mut conn = app.store.read().await?;
    let found = conn.sessions().page_of_user(caller.user.id, caller.now, page).await?;
    let place = |session: &Session| Place {
        at: session.created_at,
        id: session.id.uuid(),
    };
    Ok(Part::of(found, page, place))
}

/// Ends one of the caller's sessions. Refused with `NotFound` if it is another person's or over, and
/// with `SignInRequired` if the caller's own ended meanwhile.
pub async fn revoke(app: &App, proof: &Recent, session: SessionId) -> Result<()> {
    match end(app, proof, Which::One(session), Action::SessionRevoked).await? {
        0 => Err(Refusal::NotFound.into()),
        _ => Ok(()),
    }
}

/// Ends all of the caller's sessions but this one; returns how many. Refused with `SignInRequired`
/// if this one ended meanwhile.
pub async fn revoke_others(app: &App, proof: &Recent) -> Result<u64> {
    let others = Which::AllBut(proof.caller().session);
    end(app, proof, others, Action::SessionsRevoked).await
}

async fn end(app: &App, proof: &Recent, which: Which, action: Action) -> Result<u64> {
    let caller = proof.caller();
    app.store
        .write(async |tx| -> Result<_> {
            tokens::recent_standing(tx, caller).await?;
            ending::end(tx, &caller.by(), caller.user.id, which, action).await
        })
        .await
}
