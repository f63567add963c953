//! Signing in.

use crate::app::App;
use crate::domain::{Audience, Client, Secret};
use crate::flows::{Result, gate::SignedIn};

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
/// Refused with `CredentialsWrong` for every cause that concerns the pair itself, after the same
/// work; with `AccountDisabled` or `AudienceRefused` only once the password was right.
pub async fn with_password(_app: &App, _client: &Client, _input: Credentials, _audience: Audience) -> Result<SignedIn> {
    todo!()
}
