//! Says so when the machine's clock was set: what then looks odd in the log has its cause there.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::workers::Failed;

pub(super) const EVERY: Duration = Duration::from_secs(10);

#[expect(clippy::unused_async, reason = "rounds are futures")]
pub(super) async fn round(app: Arc<App>) -> Result<(), Failed> {
    if let Some(seconds) = app.jumps.look(Instant::now(), app.now()) {
        tracing::warn!(seconds, "the clock of this machine was set");
    }
    Ok(())
}
