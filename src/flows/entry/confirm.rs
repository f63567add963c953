//! "Confirm it is you": what decides over an account needs a recent proof that its owner is there.

use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::crypto::random;
use crate::domain::{By, Caller, ConfirmationId, Entry, Evidence, Purpose, Refusal, Secret, Timestamp};
use crate::flows::attempts::Try;
use crate::flows::entry::{self, password};
use crate::flows::tokens::{self, Renewed};
use crate::flows::{Error, Result};
use crate::storage::Tx;
use crate::storage::sessions::Standing;

/// How long a program has to answer a request for a confirmation (contract v0.22, section 2.0).
const ASKED_FOR: Duration = Duration::from_mins(5);

/// Proof that the caller showed who they are a short while ago (`AUTHARA_STEP_UP_MAX_AGE`). It is
/// made in this file alone, so a flow that asks for it cannot be reached without.
#[derive(Debug, Clone)]
pub struct Recent {
    caller: Caller,
}

impl Recent {
    /// Who it is.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// Proves it by the sign-in or the last confirmation that the caller's token knows of. Refused with
/// `ReauthenticationRequired` if that is too long ago.
pub fn recent(app: &App, caller: &Caller) -> std::result::Result<Recent, Refusal> {
    let age = caller.now.since(caller.authenticated_at);
    if caller.authenticated_at.is_ahead_of(caller.now) || age > app.config.step_up_max_age {
        return Err(Refusal::ReauthenticationRequired);
    }
    Ok(Recent { caller: caller.clone() })
}

/// The same as the database has it now: also by a confirmation that was given by a program with the very token that it shows,
/// for it got no fresh one ([`confirm_asked`]), and not by a proof that is older than the password.
pub async fn earned(app: &App, caller: &Caller) -> Result<Recent> {
    let mut conn = app.store.read().await?;
    let proved = match caller.token {
        Some(token) => conn.confirmations().proved_with(caller.session, token).await?,
        None => None,
    };
    let caller = Caller {
        authenticated_at: proved.unwrap_or(caller.authenticated_at),
        ..caller.clone()
    };
    let password = conn.users().password(caller.user.id).await?;
    if tokens::is_outdated(&caller, password.as_ref()) {
        return Err(Refusal::ReauthenticationRequired.into());
    }
    Ok(recent(app, &caller)?)
}

/// A request to confirm, for a program to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Names it.
    pub id: ConfirmationId,
    /// When it is over.
    pub ends_at: Timestamp,
}

/// Asks the caller to confirm. A request of the session that is open is given again. Refused with `SignInRequired` if the
/// session has ended.
pub async fn ask(app: &App, caller: &Caller) -> Result<Asked> {
    let (session, now) = (caller.session, caller.now);
    let open = app.store.read().await?.confirmations().open(session, now).await?;
    if let Some((id, ends_at)) = open {
        return Ok(Asked { id, ends_at });
    }
    app.store
        .write(async |tx| -> Result<_> {
            let standing = tokens::standing(tx, caller).await?;
            if let Some((id, ends_at)) = tx.confirmations().open(session, now).await? {
                return Ok(Asked { id, ends_at });
            }
            let asked = Asked {
                id: ConfirmationId::new(Uuid::from_bytes(random::bytes())),
                ends_at: standing.session.expires_at.min(now + ASKED_FOR),
            };
            tx.confirmations().add(asked.id, session, asked.ends_at).await?;
            Ok(asked)
        })
        .await
}

/// Answers a request to confirm with the password. The session counts as just signed in, for tokens that are issued from
/// now on and for the one that the caller shows.
///
/// Refused with `ConfirmationOver` unless the request is open and of the caller's session, with `CurrentPasswordWrong`, with
/// `TooMany` after too many wrong ones, and with `SignInRequired` if the session ended meanwhile.
pub async fn confirm_asked(app: &App, caller: &Caller, id: ConfirmationId, password: &Secret) -> Result<()> {
    let (session, now) = (caller.session, caller.now);
    if !app
        .store
        .read()
        .await?
        .confirmations()
        .is_open(id, session, now)
        .await?
    {
        return Err(Refusal::ConfirmationOver.into());
    }
    let by = caller.by();
    let (attempt, evidence) = password::prove(app, &by, caller, password).await?;
    let confirmed = app
        .store
        .write(async |tx| -> Result<()> {
            proved(app, tx, &by, caller, &evidence, &attempt).await?;
            if tx.confirmations().redeem(id, session, caller.token, now).await? {
                Ok(())
            } else {
                Err(Refusal::ConfirmationOver.into())
            }
        })
        .await;
    attempt.settle(confirmed).await
}

/// Lets the caller confirm with their password that it is they. From then on their session counts
/// as just signed in, and goes on with fresh tokens. A request to confirm that led here is answered with it.
///
/// Refused with `CurrentPasswordWrong`, with `TooMany` after too many wrong ones, and with
/// `SignInRequired` if the session ended meanwhile.
pub async fn confirm(
    app: &App,
    caller: &Caller,
    password: &Secret,
    refresh: Option<&Secret>,
    asked: Option<ConfirmationId>,
) -> Result<Renewed> {
    let by = caller.by();
    let (attempt, evidence) = password::prove(app, &by, caller, password).await?;
    let renewed = app
        .store
        .write(async |tx| -> Result<_> {
            let standing = proved(app, tx, &by, caller, &evidence, &attempt).await?;
            if let Some(id) = asked {
                // One that is over is worth no more and no less: the person was asked anew.
                tx.confirmations().redeem(id, caller.session, None, caller.now).await?;
            }
            tokens::renew(app, tx, caller, standing, refresh).await
        })
        .await;
    attempt.settle(renewed).await
}

/// The session counts as just signed in. Returns how it stands now.
async fn proved(
    app: &App,
    tx: &mut Tx,
    by: &By,
    caller: &Caller,
    evidence: &Evidence,
    attempt: &Try<'_>,
) -> Result<Standing> {
    let outcome = entry::advance(app, tx, by, confirming(caller), evidence).await;
    let standing = outcome.map_err(stale)?.confirmed()?;
    attempt.give_back(tx).await?;
    Ok(standing)
}

/// The attempt to confirm the caller's own session.
pub(in crate::flows) fn confirming(caller: &Caller) -> Entry {
    Entry {
        purpose: Purpose::Confirm(caller.session),
        wanted: caller.audience,
        is_known: true,
    }
}

/// The password was changed since it was compared: a moment later it would have been wrong.
pub(in crate::flows) fn stale(error: Error) -> Error {
    match error {
        Error::Refused(Refusal::CredentialsWrong) => Refusal::CurrentPasswordWrong.into(),
        other => other,
    }
}
