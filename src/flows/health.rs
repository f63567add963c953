//! Whether the server can do its work.

use crate::app::App;
use crate::domain::Timestamp;
use crate::flows::{Error, Result};
use crate::storage::{self, migrate};

/// How well a server that can work does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Everything is done.
    Good,
    /// Requests are served, but a worker is down or has failed for long.
    Degraded,
}

/// Succeeds when the database answers, can be written and has a schema that fits; `Unavailable` otherwise.
pub async fn ready(app: &App, now: Timestamp) -> Result<Condition> {
    let answers = async || -> storage::Result<()> {
        app.store.read().await?.health().ping().await?;
        migrate::check(&app.store).await?;
        app.store.takes_writes(now).await
    };
    answers().await.map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(if app.pulse.is_degraded() {
        Condition::Degraded
    } else {
        Condition::Good
    })
}
