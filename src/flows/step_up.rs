//! "Confirm it is you": what decides over an account needs a recent proof that its owner is there.

use crate::app::App;
use crate::crypto::password::Verified;
use crate::domain::audit::{Action, Actor};
use crate::domain::limit::Limit;
use crate::domain::password::Password;
use crate::domain::{Caller, Refusal, Secret};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
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

/// Proves it by the current password; every such proof passes here. Refused with
/// `CurrentPasswordWrong`, and with `TooMany` after too many wrong ones: whoever has taken a
/// session over shall not find the password out with it.
pub(super) async fn by_password(app: &App, caller: &Caller, password: &Secret) -> Result<Recent> {
    let user = caller.user.id;
    let limits = &app.config.limits;
    let attempt = Try::new(app, &caller.client)
        .in_network(Limit::LoginAddress, limits.login_address)
        .await?
        .of_account(
            Limit::PasswordAccount,
            attempts::of_user(app, user),
            limits.password_account,
            Some(user),
        )
        .await?;
    let (attempt, verified) = attempt.or_undo(verify(app, caller, password).await).await?;
    let deed = Deed::new(&caller.client, Actor::User(user), Action::Reauthentication)
        .to(user)
        .in_session(caller.session);
    if verified == Verified::Wrong {
        deed.refused().detail("wrong password").note_alone(app).await?;
        return Err(Refusal::CurrentPasswordWrong.into());
    }
    let noted = app
        .store
        .write(async |tx| -> Result<()> {
            attempt.give_back(tx).await?;
            Ok(deed.detail("password").note(tx, app.now()).await?)
        })
        .await;
    let (attempt, ()) = attempt.or_undo(noted).await?;
    attempt.spare();
    Ok(Recent { caller: caller.clone() })
}

async fn verify(app: &App, caller: &Caller, password: &Secret) -> Result<Verified> {
    let stored = app.store.read().await?.users().password_hash(caller.user.id).await?;
    Ok(app.hasher.verify(Password::typed(password), stored).await?)
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
