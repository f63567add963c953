//! Signing up.

use crate::app::App;
use crate::domain::{Client, Secret};
use crate::flows::{Result, gate::SignedIn};

/// What somebody typed to sign up.
#[derive(Debug, Clone)]
pub struct Application {
    /// The address as typed.
    pub email: String,
    /// The password as typed.
    pub password: Secret,
    /// An invitation's token, if one was followed.
    pub invitation_code: Option<Secret>,
}

/// Opens an account with its initial organization and signs the person in, in one transaction.
pub async fn direct(_app: &App, _client: &Client, _input: Application) -> Result<SignedIn> {
    todo!()
}
