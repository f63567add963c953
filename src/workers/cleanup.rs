//! Deletes what has no use any more.

use std::sync::Arc;
use std::time::Duration;

use crate::app::App;
use crate::domain::Timestamp;
use crate::flows;
use crate::storage::{self, Tx};
use crate::workers::Failed;

pub(super) const EVERY: Duration = Duration::from_hours(1);
/// Before the first round, and after one that failed.
pub(super) const SOON: Duration = Duration::from_mins(1);
/// Ended sessions are kept this long, so that people and operators can see what happened.
const ENDED_SESSIONS_KEPT: Duration = Duration::from_hours(30 * 24);
/// Windows of limits are kept this long, for the next one depends on what was taken before. Waiting
/// for them to be forgotten must not gain more guesses than a day's window has.
const BUDGETS_KEPT: Duration = Duration::from_hours(7 * 24);
/// Challenges and the like are kept this long after their end, for a clock that was set back.
const CHALLENGES_KEPT: Duration = Duration::from_hours(24);
/// Rows deleted in one transaction: few enough that nobody waits long for the writer, although a
/// session takes its tokens with it and each of them lies somewhere else in the file.
pub const BATCH: u32 = 50;

/// What is deleted when its time is over.
#[derive(Clone, Copy)]
enum Waste {
    Sessions,
    AuditLines,
    Budgets,
    Letters,
    Challenges,
    Confirmations,
    Appeals,
}

impl Waste {
    const ALL: [Self; 7] = [
        Self::Sessions,
        Self::AuditLines,
        Self::Budgets,
        Self::Letters,
        Self::Challenges,
        Self::Confirmations,
        Self::Appeals,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Sessions => "ended sessions",
            Self::AuditLines => "old audit lines",
            Self::Budgets => "windows of limits",
            Self::Letters => "letters",
            Self::Challenges => "challenges",
            Self::Confirmations => "requests for a confirmation",
            Self::Appeals => "links that take accounts back",
        }
    }

    fn kept(self, app: &App) -> Duration {
        match self {
            Self::Sessions => ENDED_SESSIONS_KEPT,
            Self::AuditLines => app.config.audit_retention,
            Self::Budgets => BUDGETS_KEPT,
            Self::Letters => app.config.mail.kept,
            Self::Challenges | Self::Confirmations | Self::Appeals => CHALLENGES_KEPT,
        }
    }

    async fn delete(self, tx: &mut Tx, before: Timestamp) -> storage::Result<u64> {
        match self {
            Self::Sessions => tx.sessions().delete_ended(before, BATCH).await,
            Self::AuditLines => tx.audit().delete_old(before, BATCH).await,
            Self::Budgets => tx.budgets().delete_over(before, BATCH).await,
            Self::Letters => tx.letters().delete_settled(before, BATCH).await,
            Self::Challenges => tx.challenges().delete_over(before, BATCH).await,
            Self::Confirmations => tx.confirmations().delete_over(before, BATCH).await,
            Self::Appeals => tx.appeals().delete_over(before, BATCH).await,
        }
    }
}

/// One kind that cannot be deleted does not keep the others.
pub(super) async fn round(app: Arc<App>) -> Result<(), Failed> {
    let now = app.now();
    let mut outcome = Ok(());
    for waste in Waste::ALL {
        match delete_all(&app, waste, now - waste.kept(&app)).await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "{} deleted", waste.name()),
            Err(error) => {
                let what = format!("{} could not be deleted", waste.name());
                outcome = outcome.and(Err(Failed::new(what, error)));
            }
        }
    }
    if let Err(error) = expire(&app, now).await {
        outcome = outcome.and(Err(Failed::new(
            "accounts that were never proved could not be deleted",
            error,
        )));
    }
    outcome
}

/// Accounts whose owner had to prove the address and has not.
async fn expire(app: &App, now: Timestamp) -> flows::Result<()> {
    if !app.config.challenges.is_proof_required {
        flows::accounts::expect_no_proof(app).await?;
        return Ok(());
    }
    let mut total = 0;
    loop {
        let seen = flows::accounts::expire(app, now, BATCH).await?;
        total += seen;
        if seen < u64::from(BATCH) {
            break;
        }
    }
    if total > 0 {
        tracing::info!(deleted = total, "accounts deleted that were never proved");
    }
    Ok(())
}

async fn delete_all(app: &App, waste: Waste, before: Timestamp) -> storage::Result<u64> {
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
