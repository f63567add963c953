//! Refreshing: rotation, parallel use, lost answers and theft (product, section 5).

use crate::app::App;
use crate::crypto::token;
use crate::domain::audit::Action;
use crate::domain::letter::Kind;
use crate::domain::limit::Limit;
use crate::domain::session::{Rotation, Verdict};
use crate::domain::{Audience, By, Refusal, Secret, Timestamp, TokenHash};
use crate::flows::announce::Deed;
use crate::flows::attempts::Try;
use crate::flows::ending::{self, Which};
use crate::flows::letters::{self, Values};
use crate::flows::tokens::{self, SignedIn};
use crate::flows::{Error, Result, allowlist};
use crate::storage::sessions::Found;

/// How often another caller may get in between reading a token and exchanging it. Each time the
/// chain moves on; so many in a row means a program in a loop.
const TRIES: usize = 8;

/// Gives a new access token, and the refresh token to keep from now on.
///
/// Refused with `SessionEnded` when the token is unknown, expired or stolen, or its session,
/// membership or account is over, or the address not allowed any more, which ends the session. The session goes on where the refusal is `SignInRequired`, for only
/// the audience is refused, or `TokenReplaced`, for its owner proved who they are meanwhile and was
/// given other tokens, which this caller does not have.
pub async fn with_token(app: &App, by: &By, token: &Secret, audience: Audience) -> Result<SignedIn> {
    let (client, now) = (&by.client, by.now);
    let count = |outcome| app.metrics.refreshes.one(outcome);
    let Some(hash) = token::hash(token) else {
        count("unknown");
        return Err(Refusal::SessionEnded.into());
    };

    if is_exchanged_unseen(app)
        && let Some(signed_in) = exchange(app, by, token, &hash, audience).await?
    {
        count("rotated");
        return Ok(signed_in);
    }
    for round in 0..TRIES {
        let Some(found) = look_up(app, &hash).await? else {
            count("unknown");
            return Err(Refusal::SessionEnded.into());
        };
        admit(&found, audience, now).inspect_err(|refusal| {
            count(match refusal {
                Refusal::SignInRequired => "audience_refused",
                _ => "ended",
            });
        })?;
        if !allowlist::allowed_now(app, &found.standing.user.email).await? {
            keep_out(app, by, &found).await?;
            count("ended");
            return Err(Refusal::SessionEnded.into());
        }
        if round == 0 {
            within_limit(app, by, &found).await?;
        }

        match found.token.shown(client, found.head, app.config.sessions.rotation, now) {
            Verdict::Keep => {
                note_use(app, by, &found).await?;
                count("kept");
                return tokens::issue(app, found.standing, audience, token.clone(), now);
            }
            Verdict::Rotate => {
                if let Some(signed_in) = exchange(app, by, token, &hash, audience).await? {
                    count("rotated");
                    return Ok(signed_in);
                }
            }
            Verdict::Successor(steps) => {
                let successor = token::successor(&app.refresh_key, token, steps);
                if let Some(signed_in) = give_again(app, by, successor, audience).await? {
                    return Ok(signed_in);
                }
            }
            Verdict::Expired => {
                count("expired");
                return Err(Refusal::SessionEnded.into());
            }
            Verdict::Theft => {
                end_stolen(app, by, &found).await?;
                count("theft");
                return Err(Refusal::SessionEnded.into());
            }
        }
    }
    Err(Error::Unavailable(
        "a refresh token is in use by too many at once".to_owned(),
    ))
}

async fn look_up(app: &App, hash: &TokenHash) -> Result<Option<Found>> {
    Ok(app.store.read().await?.sessions().by_token(hash).await?)
}

fn admit(found: &Found, audience: Audience, now: Timestamp) -> std::result::Result<(), Refusal> {
    let standing = &found.standing;
    if !standing.session.is_live(now) || standing.membership.is_none() {
        return Err(Refusal::SessionEnded);
    }
    tokens::admit(&standing.user, &standing.roles, audience).map_err(|refusal| match refusal {
        Refusal::AudienceRefused => Refusal::SignInRequired,
        _ => Refusal::SessionEnded,
    })
}

/// Counted by session and never by address: an application refreshes for all its users from one.
async fn within_limit(app: &App, by: &By, found: &Found) -> Result<()> {
    let session = &found.standing.session;
    let refresh = Try::new(app, by).of_session(Limit::RefreshSession, session);
    // Whatever comes of it.
    refresh.await?.failed();
    Ok(())
}

/// Whether a token is exchanged before anything is known of it: the statement has all conditions, and
/// nearly every token meets them. Not where the answer may be to keep it, not where a session's
/// uses are counted, for the count comes first, and not where the owner's address must be allowed.
fn is_exchanged_unseen(app: &App) -> bool {
    app.config.sessions.rotation == Rotation::Always
        && app.config.limits.of(Limit::RefreshSession).is_none()
        && !app.config.accounts.allowlist
}

/// `None` if the token cannot be exchanged, or another caller was faster. The caller looks (again).
async fn exchange(
    app: &App,
    by: &By,
    token: &Secret,
    hash: &TokenHash,
    audience: Audience,
) -> Result<Option<SignedIn>> {
    let successor = token::successor(&app.refresh_key, token, 1);
    let next = tokens::hash_of(&successor)?;
    let exchange = tokens::exchange_of(app, [hash, &next], audience, &by.client, by.now);
    let Some(standing) = app.store.rotate(&exchange).await? else {
        return Ok(None);
    };
    tokens::issue(app, standing, audience, successor, by.now).map(Some)
}

/// Gives a token again whose answer was lost; `None` if it was exchanged meanwhile. The caller looks
/// again.
async fn give_again(app: &App, by: &By, token: Secret, audience: Audience) -> Result<Option<SignedIn>> {
    let count = |outcome| app.metrics.refreshes.one(outcome);
    let Some(found) = look_up(app, &tokens::hash_of(&token)?).await? else {
        // Another one was given instead, which cannot be derived (`tokens::renew`).
        count("unknown");
        return Err(Refusal::TokenReplaced.into());
    };
    // It may have ended since the older token was looked up.
    admit(&found, audience, by.now)?;
    if found.token.consumed.is_some() {
        return Ok(None);
    }
    if by.now >= found.token.expires_at {
        count("expired");
        return Err(Refusal::SessionEnded.into());
    }
    note_use(app, by, &found).await?;
    count("successor_again");
    tokens::issue(app, found.standing, audience, token, by.now).map(Some)
}

/// The token is handed out once more: its idle time begins anew.
async fn note_use(app: &App, by: &By, found: &Found) -> Result<()> {
    let (client, now) = (&by.client, by.now);
    let session = &found.standing.session;
    if !session.notes_use(client, now) {
        return Ok(());
    }
    let (token, until) = (&found.token.hash, tokens::end_of_token(app, session, now));
    app.store
        .write(async |tx| -> Result<_> { Ok(tx.sessions().touch(session.id, token, until, client, now).await?) })
        .await
}

/// Ends the session of a person whose address is not allowed any more.
async fn keep_out(app: &App, by: &By, found: &Found) -> Result<()> {
    let session = &found.standing.session;
    app.store
        .write(async |tx| -> Result<()> {
            let which = Which::One(session.id);
            if ending::end(tx, by, session.user, which, Action::SessionRevoked).await? > 0 {
                let deed = Deed::new(by, Action::SignIn)
                    .refused()
                    .detail("the address is not on the allowlist");
                deed.to(session.user).in_session(session.id).note(tx).await?;
            }
            Ok(())
        })
        .await
}

/// Ends the session in a transaction of its own, so that refusing the request cannot undo it.
async fn end_stolen(app: &App, by: &By, found: &Found) -> Result<()> {
    let session = &found.standing.session;
    app.store
        .write(async |tx| -> Result<()> {
            let which = Which::One(session.id);
            if ending::end(tx, by, session.user, which, Action::RefreshTokenReused).await? > 0 {
                let owner = &found.standing.user;
                letters::notify(app, tx, by, Kind::SessionStolen, owner, Values::new()).await?;
            }
            Ok(())
        })
        .await?;
    tracing::warn!(session.id = %session.id, user.id = %session.user, "a used refresh token was shown again; its session was ended");
    Ok(())
}
