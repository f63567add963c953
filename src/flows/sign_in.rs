//! Signing in.

use crate::app::App;
use crate::crypto::password::Verified;
use crate::domain::audit::{Action, Actor};
use crate::domain::device::Device;
use crate::domain::limit::Limit;
use crate::domain::password::Password;
use crate::domain::{Audience, Client, Email, Method, Refusal, Secret, UserId};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::{Error, Result, gate, gate::SignedIn};

/// Why somebody is refused whose account was switched off, for the audit alone.
const OFF: &str = "the account is switched off";

/// What somebody typed to sign in, and in which browser.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The address as typed.
    pub email: String,
    /// The password as typed.
    pub password: Secret,
    /// The browser, if it says that somebody has signed in with it before.
    pub device: Option<Device>,
}

/// Signs a person in with address and password.
///
/// Refused with `CredentialsWrong` after the same work whether the address is unknown, the
/// password wrong or missing, or the account off; with `AudienceRefused` only once the password
/// was right; with `TooMany` after too many refusals.
pub async fn with_password(app: &App, client: &Client, input: Credentials, audience: Audience) -> Result<SignedIn> {
    // Counting attempts writes, and whoever is turned away here must not keep the others waiting.
    app.hasher.check_room()?;
    let limits = &app.config.limits;
    let email = Email::parse(&input.email);
    let found = match &email {
        Some(email) => app.store.read().await?.users().credentials(email).await?,
        None => None,
    };
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), hash));
    // An account that is off has no password: the right one takes no longer than any other.
    let stored = stored.filter(|_| user.as_ref().is_some_and(|user| !user.is_disabled()));
    let mut attempt = Try::new(app, client);
    if !attempts::is_known(user.as_ref(), input.device.as_ref()) {
        // A browser that has signed in before has its own budget: nobody in its network, and
        // nobody who shares an address with it, can keep its owner out.
        attempt = attempt.in_network(Limit::LoginAddress, limits.login_address).await?;
    }
    if let Some(email) = &email {
        let (limit, key) = attempts::of_sign_in(app, email, user.as_ref(), input.device.as_ref());
        attempt = attempt.of_account(limit, key, limits.login_account, None).await?;
    }

    let password = Password::typed(&input.password);
    let verified = app.hasher.verify(password.clone(), stored.clone()).await;
    let (mut attempt, verified) = attempt.or_undo(verified).await?;
    let user = match (user, verified) {
        (Some(user), Verified::Right | Verified::RightButWeak) => user,
        (Some(user), Verified::Wrong) => {
            let why = if user.is_disabled() { OFF } else { "wrong password" };
            return refuse(app, client, Some(user.id), why).await;
        }
        (None, _) => return refuse(app, client, None, "no such account").await,
    };
    let stronger = match (verified, password, stored) {
        (Verified::RightButWeak, Some(password), Some(old)) => {
            let new;
            (attempt, new) = attempt.or_undo(app.hasher.hash(password).await).await?;
            Some((old, new))
        }
        _ => None,
    };

    let opened = app
        .store
        .write(async |tx| -> Result<_> {
            if let Some((old, new)) = &stronger {
                tx.users().upgrade_password_hash(user.id, old, new).await?;
            }
            attempt.give_back(tx).await?;
            gate::open(app, tx, client, user.id, Method::Password, audience).await
        })
        .await;
    match opened {
        Err(Error::Refused(Refusal::AccountDisabled)) => refuse(app, client, Some(user.id), OFF).await,
        Err(Error::Refused(Refusal::AudienceRefused)) => {
            // The password was right: this is no guess.
            attempt.undo().await;
            note_refusal(app, client, Some(user.id), "no role that opens the admin area").await?;
            Err(Refusal::AudienceRefused.into())
        }
        Err(other) => {
            attempt.undo().await;
            Err(other)
        }
        Ok(signed_in) => {
            attempt.spare();
            Ok(signed_in)
        }
    }
}

/// The one answer to whoever does not get in. What the operator may know stands in the audit.
async fn refuse<T>(app: &App, client: &Client, user: Option<UserId>, why: &'static str) -> Result<T> {
    note_refusal(app, client, user, why).await?;
    Err(Refusal::CredentialsWrong.into())
}

async fn note_refusal(app: &App, client: &Client, user: Option<UserId>, why: &'static str) -> Result<()> {
    let mut deed = Deed::new(client, Actor::System, Action::SignIn).refused().detail(why);
    if let Some(user) = user {
        deed = deed.to(user);
    }
    Ok(deed.note_alone(app).await?)
}
