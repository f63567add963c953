//! Signing out.

use crate::app::App;
use crate::crypto::{jwt, token};
use crate::domain::audit::{Action, Actor};
use crate::domain::{Audience, Client, Secret, SessionId};
use crate::flows::Result;
use crate::flows::announce::Deed;

/// Ends the session that either token belongs to. Succeeds also when neither belongs to a live
/// one; fails when the database cannot say so, so that nobody is told he is signed out while he is not.
pub async fn end(app: &App, client: &Client, access: Option<&str>, refresh: Option<&Secret>) -> Result<()> {
    let by_refresh = session_of_refresh(app, refresh).await?;
    let by_access = session_of_access(app, access);
    let mut sessions: Vec<SessionId> = by_refresh.into_iter().chain(by_access).collect();
    sessions.dedup();
    if sessions.is_empty() {
        return Ok(());
    }

    let now = app.now();
    app.store
        .write(async |tx| -> Result<()> {
            for id in sessions {
                let owner = tx.sessions().standing(id).await?.map(|standing| standing.user.id);
                if let (Some(owner), true) = (owner, tx.sessions().revoke(id, now).await?) {
                    let deed = Deed::new(client, Actor::User(owner), Action::SignOut);
                    deed.to(owner).in_session(id).note(tx, now).await?;
                }
            }
            Ok(())
        })
        .await
}

async fn session_of_refresh(app: &App, refresh: Option<&Secret>) -> Result<Option<SessionId>> {
    let Some(hash) = refresh.and_then(token::hash) else {
        return Ok(None);
    };
    let found = app.store.read().await?.sessions().by_token(&hash).await?;
    Ok(found.map(|found| found.token.session))
}

fn session_of_access(app: &App, access: Option<&str>) -> Option<SessionId> {
    // Every token opens the application, an admin's too.
    let claims = jwt::verify(
        &app.keys(),
        &app.config.tokens.issuer,
        Audience::App,
        access?,
        app.now(),
    );
    claims.ok().map(|claims| claims.session)
}
