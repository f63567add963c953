//! Signing out.

use crate::app::App;
use crate::crypto::{jwt, token};
use crate::domain::audit::Action;
use crate::domain::{Audience, By, Secret, SessionId, Timestamp};
use crate::flows::Result;
use crate::flows::ending::{self, Which};

/// Ends the session that either token belongs to. Succeeds also when neither belongs to a live
/// one; fails when the database cannot say so, so that nobody is told they are signed out while they are not.
pub async fn end(app: &App, by: &By, access: Option<&str>, refresh: Option<&Secret>) -> Result<()> {
    let by_refresh = session_of_refresh(app, refresh).await?;
    let by_access = session_of_access(app, access, by.now);
    let mut sessions: Vec<SessionId> = by_refresh.into_iter().chain(by_access).collect();
    sessions.dedup();
    if sessions.is_empty() {
        return Ok(());
    }

    // Each in a transaction of its own: two that lock two people in different orders block each other.
    for id in sessions {
        app.store
            .write(async |tx| -> Result<()> {
                if let Some(standing) = tx.sessions().standing(id).await? {
                    let owner = standing.user.id;
                    ending::end(tx, &by.user(owner), owner, Which::One(id), Action::SignOut).await?;
                }
                Ok(())
            })
            .await?;
    }
    Ok(())
}

async fn session_of_refresh(app: &App, refresh: Option<&Secret>) -> Result<Option<SessionId>> {
    let Some(hash) = refresh.and_then(token::hash) else {
        return Ok(None);
    };
    let found = app.store.read().await?.sessions().by_token(&hash).await?;
    Ok(found.map(|found| found.token.session))
}

fn session_of_access(app: &App, access: Option<&str>, now: Timestamp) -> Option<SessionId> {
    // Every token opens the application, an admin's too.
    let claims = jwt::verify(&app.keys(), &app.config.tokens.issuer, Audience::App, access?, now);
    claims.ok().map(|claims| claims.session)
}
