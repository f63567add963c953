//! Setting and changing one's password.

use crate::app::App;
use crate::domain::audit::{Action, Actor};
use crate::domain::password::{Context, Password};
use crate::domain::{Caller, Email, Refusal, Secret, Username};
use crate::flows::announce::Deed;
use crate::flows::step_up::{self, Recent};
use crate::flows::{Result, gate, gate::Tokens};

/// Checks a password that somebody chose for an account, wherever he did. `username` is `None`
/// while the account has none.
pub(super) fn choose(
    app: &App,
    text: &Secret,
    email: &Email,
    username: Option<&Username>,
) -> std::result::Result<Password, Refusal> {
    let context = Context {
        host: &app.config.public_url.host,
        site: &app.config.brand.product_name,
        email,
        username,
    };
    Password::chosen(text, &context)
}

/// What is needed to change a password.
#[derive(Debug, Clone)]
pub struct Change {
    /// The new password as typed.
    pub new: Secret,
    /// The current one, unless the sign-in is recent.
    pub current: Option<Secret>,
    /// The caller's refresh token, to be exchanged along with it.
    pub refresh: Option<Secret>,
}

/// Sets the caller's password and ends all his other sessions, in one transaction. His own goes
/// on, with fresh tokens if its refresh token was given.
///
/// Refused with `ReauthenticationRequired` unless the sign-in is recent or the current password is
/// given, with `CurrentPasswordWrong` if that one is not right, and with `SignInRequired` if the
/// session ended meanwhile.
pub async fn change(app: &App, caller: &Caller, input: Change) -> Result<Option<Tokens>> {
    let password = choose(app, &input.new, &caller.user.email, Some(&caller.user.username))?;
    let proof = match &input.current {
        Some(current) => step_up::by_password(app, caller, current).await?,
        None => step_up::recent(app, caller)?,
    };
    let hash = app.hasher.hash(password).await?;
    set(app, &proof, &hash, &input).await
}

async fn set(app: &App, proof: &Recent, hash: &str, input: &Change) -> Result<Option<Tokens>> {
    let caller = proof.caller();
    let (user, session) = (caller.user.id, caller.session);
    let now = app.now();
    app.store
        .write(async |tx| -> Result<_> {
            tx.users().held(user).await?.ok_or(Refusal::SignInRequired)?;
            // First, so that of two changes at once the second sees what the first has ended.
            tx.users().set_password(user, hash, now).await?;
            gate::still_open(tx, caller, now).await?;
            tx.sessions().revoke_of_user(user, Some(session), now).await?;
            if input.current.is_some() {
                tx.sessions().reauthenticated(session, now).await?;
            }
            let deed = Deed::new(&caller.client, Actor::User(user), Action::PasswordChanged);
            deed.to(user).in_session(session).note(tx, now).await?;
            gate::renew(app, tx, caller, input.refresh.as_ref(), now).await
        })
        .await
}
