//! What a change leaves behind besides itself, written in the transaction of the change.

use crate::crypto::random;
use crate::domain::audit::{Action, Actor, AuditLine};
use crate::domain::{AuditId, Client, SessionId, Timestamp, UserId};
use crate::storage::{self, Tx};

/// An audit line in the making: who did what from where. Subject, session and detail are added where there are any.
pub(super) struct Deed<'a> {
    client: &'a Client,
    actor: Actor,
    action: Action,
    subject: Option<UserId>,
    session: Option<SessionId>,
    detail: String,
}

impl<'a> Deed<'a> {
    /// Somebody did something.
    pub(super) fn new(client: &'a Client, actor: Actor, action: Action) -> Self {
        Self {
            client,
            actor,
            action,
            subject: None,
            session: None,
            detail: String::new(),
        }
    }

    /// To whom.
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

    /// Writes the line.
    pub(super) async fn note(self, tx: &mut Tx, now: Timestamp) -> storage::Result<()> {
        let line = AuditLine {
            id: AuditId::new(random::id(now)),
            at: now,
            action: self.action,
            actor: self.actor,
            subject: self.subject,
            session: self.session,
            client: self.client.clone(),
            detail: self.detail,
        };
        tx.audit().add(&line).await
    }
}
