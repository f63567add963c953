//! Deletes what nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;
use crate::domain::Timestamp;
use crate::storage;

const EVERY: Duration = Duration::from_hours(1);
/// Ended sessions are kept this long, so that people and operators can see what happened.
const ENDED_SESSIONS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Sessions deleted in one transaction: few enough that no sign-in waits long for the writer.
const BATCH: u32 = 500;

pub(super) async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    while super::next_round(&mut stop, EVERY).await {
        match delete_ended_sessions(&app, app.now() - ENDED_SESSIONS_KEPT).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "ended sessions deleted"),
            Err(error) => tracing::warn!(%error, "ended sessions could not be deleted"),
        }
    }
}

async fn delete_ended_sessions(app: &App, before: Timestamp) -> storage::Result<u64> {
    let mut total = 0;
    loop {
        let batch =
            async |tx: &mut storage::Tx| -> storage::Result<_> { tx.sessions().delete_ended(before, BATCH).await };
        let deleted = app.store.write(batch).await?;
        total += deleted;
        if deleted < u64::from(BATCH) {
            return Ok(total);
        }
    }
}
