//! "Confirm it is you": what decides over an account needs a recent proof that its owner is there.

use crate::app::App;
use crate::domain::{Caller, Entry, Purpose, Refusal, Secret};
use crate::flows::entry::{self, password};
use crate::flows::tokens::{self, Renewed};
use crate::flows::{Error, Result};

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

/// Lets the caller confirm with their password that it is they. From then on their session counts
/// as just signed in, and goes on with fresh tokens.
///
/// Refused with `CurrentPasswordWrong`, with `TooMany` after too many wrong ones, and with
/// `SignInRequired` if the session ended meanwhile.
pub async fn confirm(app: &App, caller: &Caller, password: &Secret, refresh: Option<&Secret>) -> Result<Renewed> {
    let by = caller.by();
    let (attempt, evidence) = password::prove(app, &by, caller, password).await?;
    let renewed = app
        .store
        .write(async |tx| -> Result<_> {
            let outcome = entry::advance(app, tx, &by, confirming(caller), &evidence).await;
            let standing = outcome.map_err(stale)?.confirmed()?;
            attempt.give_back(tx).await?;
            tokens::renew(app, tx, caller, standing, refresh).await
        })
        .await;
    attempt.settle(renewed).await
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
