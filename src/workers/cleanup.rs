//! Deletes what nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::app::App;
use crate::domain::Timestamp;
use crate::storage::{Result, Tx};

pub(super) const NAME: &str = "cleanup";
const EVERY: Duration = Duration::from_hours(1);
/// Before the first round, and after one that failed.
const SOON: Duration = Duration::from_mins(1);
/// Ended sessions are kept this long, so that people and operators can see what happened.
const ENDED_SESSIONS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Windows of limits are kept this long, for the next one depends on whether the last was used up.
const BUDGETS_KEPT: Duration = Duration::from_hours(48);
/// Rows deleted in one transaction: few enough that nobody waits long for the writer, although a
/// session takes its tokens with it and each of them lies somewhere else in the file.
pub const BATCH: u32 = 50;

/// What is deleted when its time is over.
#[derive(Clone, Copy)]
enum Waste {
    Sessions,
    AuditLines,
    Budgets,
}

impl Waste {
    const ALL: [Self; 3] = [Self::Sessions, Self::AuditLines, Self::Budgets];

    const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "ended sessions",
            Self::AuditLines => "old audit lines",
            Self::Budgets => "windows of limits",
        }
    }

    fn kept(self, app: &App) -> Duration {
        match self {
            Self::Sessions => ENDED_SESSIONS_KEPT,
            Self::AuditLines => app.config.audit_retention,
            Self::Budgets => BUDGETS_KEPT,
        }
    }

    async fn delete(self, tx: &mut Tx, before: Timestamp) -> Result<u64> {
        match self {
            Self::Sessions => tx.sessions().delete_ended(before, BATCH).await,
            Self::AuditLines => tx.audit().delete_old(before, BATCH).await,
            Self::Budgets => tx.budgets().delete_over(before, BATCH).await,
        }
    }
}

pub(super) async fn run(app: Arc<App>, mut stop: watch::Receiver<bool>) {
    let mut pause = SOON;
    while super::next_round(&mut stop, pause).await {
        pause = EVERY;
        for waste in Waste::ALL {
            match delete_all(&app, waste).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(deleted, "{} deleted", waste.name()),
                Err(error) => {
                    tracing::warn!(%error, "{} could not be deleted", waste.name());
                    pause = SOON;
                }
            }
        }
        if pause == EVERY {
            app.pulse.beat(NAME);
        } else {
            app.pulse.miss(NAME);
        }
    }
}

async fn delete_all(app: &App, waste: Waste) -> Result<u64> {
    let before = app.now() - waste.kept(app);
    let mut total = 0;
    loop {
        let batch = async |tx: &mut Tx| waste.delete(tx, before).await;
        let deleted = app.store.write(batch).await?;
        total += deleted;
        if deleted < u64::from(BATCH) {
            return Ok(total);
        }
    }
}
