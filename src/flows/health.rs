//! Whether the server can do its work.

use crate::app::App;
use crate::flows::Result;

/// Succeeds when the database answers and its schema fits.
pub async fn ready(_app: &App) -> Result<()> {
    todo!()
}
