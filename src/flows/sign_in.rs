//! Signing in.

use crate::app::App;
use crate::crypto::password::Verified;
use crate::domain::password::Password;
use crate::domain::{Audience, Client, Email, Method, Refusal, Secret};
use crate::flows::{Error, Result, gate, gate::SignedIn};

/// What somebody typed to sign in.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The address as typed.
    pub email: String,
    /// The password as typed.
    pub password: Secret,
}

/// Signs a person in with address and password.
///
/// Refused with `CredentialsWrong` after the same work whether the address is unknown, the
/// password wrong or missing, or the account off; with `AudienceRefused` only once the password
/// was right.
pub async fn with_password(app: &App, client: &Client, input: Credentials, audience: Audience) -> Result<SignedIn> {
    let found = match Email::parse(&input.email) {
        Some(email) => app.store.read().await?.users().credentials(&email).await?,
        None => None,
    };
    let (user, stored) = found.map_or((None, None), |(user, hash)| (Some(user), hash));

    let password = Password::typed(&input.password);
    let verified = app.hasher.verify(password.clone(), stored.clone()).await?;
    let user = user
        .filter(|_| verified != Verified::Wrong)
        .ok_or(Refusal::CredentialsWrong)?;

    let stronger = match (verified, password, stored) {
        (Verified::RightButWeak, Some(password), Some(old)) => Some((old, app.hasher.hash(password).await?)),
        _ => None,
    };
    let opened = app
        .store
        .write(async |tx| -> Result<_> {
            if let Some((old, new)) = &stronger {
                tx.users().upgrade_password_hash(user.id, old, new).await?;
            }
            gate::open(app, tx, client, user.id, Method::Password, audience).await
        })
        .await;
    match opened {
        Err(Error::Refused(Refusal::AccountDisabled)) => Err(Refusal::CredentialsWrong.into()),
        other => other,
    }
}
