//! Reading what was noted.

use crate::app::App;
use crate::domain::audit::{AuditLine, Filter};
use crate::flows::Result;

/// The newest lines first that fit, at most `limit`.
pub async fn list(app: &App, filter: &Filter, limit: u32) -> Result<Vec<AuditLine>> {
    Ok(app.store.read().await?.audit().newest(filter, limit).await?)
}
