//! Setting and changing one's password.

use crate::app::App;
use crate::crypto::password::Verified;
use crate::crypto::token;
use crate::domain::audit::{Action, Actor};
use crate::domain::password::{Context, Password};
use crate::domain::{Caller, Email, Refusal, Secret, Timestamp, Username};
use crate::flows::announce::Deed;
use crate::flows::{Result, gate, gate::Tokens};
use crate::storage::Tx;

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
/// given, with `CurrentPasswordWrong` if that one is not right.
pub async fn change(app: &App, caller: &Caller, input: Change) -> Result<Option<Tokens>> {
    let password = choose(app, &input.new, &caller.user.email, Some(&caller.user.username))?;
    let has_proved_it_again = prove_it_again(app, caller, input.current.as_ref()).await?;
    let hash = app.hasher.hash(password).await?;

    let now = app.now();
    app.store
        .write(async |tx| -> Result<_> {
            tx.users().set_password(caller.user.id, &hash, now).await?;
            tx.sessions()
                .revoke_of_user(caller.user.id, Some(caller.session), now)
                .await?;
            if has_proved_it_again {
                tx.sessions().reauthenticated(caller.session, now).await?;
            }
            let deed = Deed::new(&caller.client, Actor::User(caller.user.id), Action::PasswordChanged);
            deed.to(caller.user.id).in_session(caller.session).note(tx, now).await?;
            fresh_tokens(app, tx, caller, input.refresh.as_ref(), now).await
        })
        .await
}

/// `true` if the current password was given and is right, `false` if the sign-in is recent enough without.
async fn prove_it_again(app: &App, caller: &Caller, current: Option<&Secret>) -> Result<bool> {
    let Some(current) = current else {
        let is_recent = app.now().since(caller.authenticated_at) <= app.config.step_up_max_age;
        return if is_recent {
            Ok(false)
        } else {
            Err(Refusal::ReauthenticationRequired.into())
        };
    };
    let stored = app.store.read().await?.users().password_hash(caller.user.id).await?;
    match app.hasher.verify(Password::typed(current), stored).await? {
        Verified::Wrong => Err(Refusal::CurrentPasswordWrong.into()),
        Verified::Right | Verified::RightButWeak => Ok(true),
    }
}

/// Exchanges the caller's refresh token if it is his session's current one. A client that loses
/// the answer is given the same successor again when it refreshes with the old one.
async fn fresh_tokens(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    refresh: Option<&Secret>,
    now: Timestamp,
) -> Result<Option<Tokens>> {
    let Some((refresh, hash)) = refresh.and_then(|refresh| Some((refresh, token::hash(refresh)?))) else {
        return Ok(None);
    };
    let Some(found) = tx.sessions().by_token(&hash).await? else {
        return Ok(None);
    };
    if found.token.session != caller.session || found.token.consumed.is_some() {
        return Ok(None);
    }
    let successor = token::successor(&app.refresh_key, refresh, 1);
    let session = &found.standing.session;
    let next = gate::link(
        app,
        session,
        gate::hash_of(&successor)?,
        found.token.generation + 1,
        now,
    );
    if !tx.sessions().rotate(&hash, &next, &caller.client, now).await? {
        return Ok(None);
    }
    gate::issue(app, found.standing, caller.audience, successor, now).map(|signed_in| Some(signed_in.tokens))
}
