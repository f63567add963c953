//! Whether the server can do its work.

use crate::app::App;
use crate::flows::{Error, Result};
use crate::storage::{self, migrate};

/// Succeeds when the database answers and its schema fits; `Unavailable` otherwise.
pub async fn ready(app: &App) -> Result<()> {
    let answers = async || -> storage::Result<()> {
        app.store.read().await?.health().ping().await?;
        migrate::check(&app.store).await
    };
    answers().await.map_err(|error| Error::Unavailable(error.to_string()))
}
