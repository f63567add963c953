//! Reading what was noted, and what is noted where no flow acts.

use crate::app::App;
use crate::domain::By;
use crate::domain::audit::{Action, AuditLine, Filter};
use crate::flows::Result;
use crate::flows::announce::Deed;

/// The newest lines first that fit, at most `limit`.
pub async fn list(app: &App, filter: &Filter, limit: u32) -> Result<Vec<AuditLine>> {
    Ok(app.store.read().await?.audit().newest(filter, limit).await?)
}

/// The line in a database that a copy was put in its place.
pub fn of_restore(by: &By) -> AuditLine {
    Deed::new(by, Action::DatabaseRestored).line()
}
