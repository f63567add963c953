//! Signing out.

use crate::app::App;
use crate::domain::{Client, Secret};
use crate::flows::Result;

/// Ends the session that either token belongs to. Succeeds also when neither belongs to a live
/// one; fails when the database cannot say so, so that nobody is told he is signed out while he is not.
pub async fn end(_app: &App, _client: &Client, _access: Option<&str>, _refresh: Option<&Secret>) -> Result<()> {
    todo!()
}
