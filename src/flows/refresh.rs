//! Refreshing: rotation, parallel use, lost answers and theft (product, section 5).

use crate::app::App;
use crate::domain::{Audience, Client, Secret};
use crate::flows::{Result, gate::SignedIn};

/// Gives a new access token, and the refresh token to keep from now on.
///
/// Refused with `SessionEnded` when the token is unknown, expired, stolen, or its session or
/// account is over; `AudienceRefused` when only the audience is.
pub async fn with_token(_app: &App, _client: &Client, _token: &Secret, _audience: Audience) -> Result<SignedIn> {
    todo!()
}
