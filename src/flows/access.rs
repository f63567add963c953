//! From a token to the proof that somebody is calling.

use crate::app::App;
use crate::domain::{Audience, Caller, Client};
use crate::flows::Result;

/// Proves who calls: the access token must verify for `audience`, and the database must say, now,
/// that its session is live and its owner's account is on. Refused with `SignInRequired`.
pub async fn caller(_app: &App, _client: &Client, _audience: Audience, _access_token: &str) -> Result<Caller> {
    todo!()
}
