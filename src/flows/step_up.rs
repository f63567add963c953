//! "Confirm it is you": what decides over an account needs a recent proof that its owner is there.

use crate::app::App;
use crate::crypto::password::Verified;
use crate::domain::password::Password;
use crate::domain::{Caller, Refusal, Secret};
use crate::flows::{Result, gate, gate::Tokens};

/// Proof that the caller showed who he is a short while ago (`AUTHARA_STEP_UP_MAX_AGE`). It is made
/// in this file alone, so a flow that asks for it cannot be reached without.
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

/// Proves it by the sign-in or the last confirmation. Refused with `ReauthenticationRequired` if
/// that is too long ago.
pub fn recent(app: &App, caller: &Caller) -> std::result::Result<Recent, Refusal> {
    let age = app.now().since(caller.authenticated_at);
    if age > app.config.step_up_max_age {
        return Err(Refusal::ReauthenticationRequired);
    }
    Ok(Recent { caller: caller.clone() })
}

/// Proves it by the current password, which every such proof passes here. Refused with
/// `CurrentPasswordWrong`.
pub(super) async fn by_password(app: &App, caller: &Caller, password: &Secret) -> Result<Recent> {
    let stored = app.store.read().await?.users().password_hash(caller.user.id).await?;
    match app.hasher.verify(Password::typed(password), stored).await? {
        Verified::Wrong => Err(Refusal::CurrentPasswordWrong.into()),
        Verified::Right | Verified::RightButWeak => Ok(Recent { caller: caller.clone() }),
    }
}

/// Lets the caller confirm with his password that it is he. From then on his session counts as
/// just signed in; it goes on with fresh tokens if its refresh token was given.
///
/// Refused with `CurrentPasswordWrong`, and with `SignInRequired` if the session ended meanwhile.
pub async fn confirm(
    app: &App,
    caller: &Caller,
    password: &Secret,
    refresh: Option<&Secret>,
) -> Result<Option<Tokens>> {
    by_password(app, caller, password).await?;

    let now = app.now();
    app.store
        .write(async |tx| -> Result<_> {
            gate::still_open(tx, caller, now).await?;
            tx.sessions().reauthenticated(caller.session, now).await?;
            gate::renew(app, tx, caller, refresh, now).await
        })
        .await
}
