//! From a token to the proof that somebody is calling.

use crate::app::App;
use crate::domain::{Audience, By, Caller, Refusal};
use crate::flows::{Result, tokens};

/// Proves who calls, asking the database each time: what was ended, switched off or taken a moment
/// ago, by whatever instance or command, is refused now. Nothing is cached but signatures.
///
/// The access token must verify for `audience`, and the database must say, now,
/// that its session is live and its owner's account is on. Refused with `SignInRequired`.
pub async fn caller(app: &App, by: &By, audience: Audience, access_token: &str) -> Result<Caller> {
    let now = by.now;
    let claims = app
        .recall
        .verify(&app.keys(), &app.config.tokens.issuer, audience, access_token, now)
        .map_err(|_| Refusal::SignInRequired)?;
    let standing = app.store.read().await?.sessions().standing(claims.session).await?;
    let standing = standing.ok_or(Refusal::SignInRequired)?;

    let is_own = standing.user.id == claims.user && standing.session.is_live(now);
    if !is_own || tokens::admit(&standing.user, &standing.roles, audience).is_err() {
        return Err(Refusal::SignInRequired.into());
    }
    // A role that was taken since the token was issued closes its area, and nothing else.
    let may_have = tokens::admit(&standing.user, &standing.roles, claims.audience).is_ok();
    let audience = if may_have { claims.audience } else { Audience::App };
    // A token from before a confirmation gains nothing by it, not even one with a proof that lies ahead.
    let (of_session, of_token) = (standing.session.authenticated_at, claims.authenticated_at);
    let authenticated_at = if of_token.is_ahead_of(now) {
        of_token
    } else {
        of_session.min(of_token)
    };
    Ok(Caller {
        user: standing.user,
        session: claims.session,
        token: claims.token,
        authenticated_at,
        audience,
        organization: claims.organization,
        organization_role: claims.organization_role,
        membership: standing.membership,
        roles: standing.roles,
        client: by.client.clone(),
        now,
    })
}
