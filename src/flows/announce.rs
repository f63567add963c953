//! What a change leaves behind besides itself, written in the transaction of the change; what a
//! refusal leaves behind, written on its own.

use crate::app::App;
use crate::crypto::random;
use crate::domain::audit::{Action, AuditLine, Outcome};
use crate::domain::{AuditId, By, SessionId, UserId};
use crate::storage::{self, Tx};

/// An audit line in the making: who did what from where and when. Subject, session and detail are added where there are any.
pub(super) struct Deed<'a> {
    by: &'a By,
    action: Action,
    outcome: Outcome,
    subject: Option<UserId>,
    session: Option<SessionId>,
    detail: String,
}

impl<'a> Deed<'a> {
    /// Something was done.
    pub(super) fn new(by: &'a By, action: Action) -> Self {
        Self {
            by,
            action,
            outcome: Outcome::Done,
            subject: None,
            session: None,
            detail: String::new(),
        }
    }

    /// It was tried and refused.
    pub(super) fn refused(self) -> Self {
        Self {
            outcome: Outcome::Refused,
            ..self
        }
    }

    /// Whose account.
    pub(super) fn to(self, subject: UserId) -> Self {
        Self {
            subject: Some(subject),
            ..self
        }
    }

    /// In or to which session.
    pub(super) fn in_session(self, session: SessionId) -> Self {
        Self {
            session: Some(session),
            ..self
        }
    }

    /// A word more.
    pub(super) fn detail(self, detail: impl Into<String>) -> Self {
        Self {
            detail: detail.into(),
            ..self
        }
    }

    /// Writes the line in a transaction of its own, which no refusal can undo.
    pub(super) async fn note_alone(self, app: &App) -> storage::Result<()> {
        app.store
            .write(async |tx| -> storage::Result<()> { self.note(tx).await })
            .await
    }

    /// Writes the line.
    pub(super) async fn note(self, tx: &mut Tx) -> storage::Result<()> {
        tx.audit().add(&self.line()).await
    }

    /// The line itself.
    pub(super) fn line(self) -> AuditLine {
        let By { actor, client, now, .. } = self.by;
        AuditLine {
            id: AuditId::new(random::id(*now)),
            at: *now,
            action: self.action,
            outcome: self.outcome,
            actor: *actor,
            subject: self.subject,
            session: self.session,
            client: client.clone(),
            detail: self.detail,
        }
    }
}
