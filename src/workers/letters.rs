//! Sends the letters that are due.

use std::sync::Arc;
use std::time::Duration;

use sailfish::RenderError;
use tokio::task::JoinSet;

use crate::app::App;
use crate::domain::letter::Letter;
use crate::flows::letters::{self, Claimed, Values};
use crate::letters::write;
use crate::outside::mail::{Mailer, Message, NotSent, Outcome, Sender};
use crate::workers::Failed;

/// Between two looks for letters that nobody has woken this worker for: of other instances and of commands, and those that
/// are due again.
pub(super) const EVERY: Duration = Duration::from_secs(2);

/// Sends until no letter is due. What becomes of one letter keeps no other.
pub async fn round(app: Arc<App>) -> Result<(), Failed> {
    if app.mailer.is_none() {
        return Ok(());
    }
    let mut senders = JoinSet::new();
    for _ in 0..app.config.mail.at_once {
        senders.spawn(send_all(app.clone()));
    }
    let mut outcome = Ok(());
    while let Some(ended) = senders.join_next().await {
        let ended = ended.unwrap_or_else(|error| Err(Failed::new("a letter could not be sent", error)));
        outcome = outcome.and(ended);
    }
    let (waiting, _) = letters::waiting(&app).await.map_err(unread)?;
    app.metrics.letters_waiting.set(waiting);
    outcome
}

fn unread(error: impl std::error::Error + Send + Sync + 'static) -> Failed {
    Failed::new("the outbox could not be read", error)
}

async fn send_all(app: Arc<App>) -> Result<(), Failed> {
    let Some(mailer) = &app.mailer else {
        return Ok(());
    };
    while let Some(claimed) = letters::claim(&app).await.map_err(unread)? {
        let outcome = send(&app, mailer, &claimed).await;
        letters::settle(&app, &claimed, &outcome).await.map_err(unread)?;
    }
    Ok(())
}

async fn send(app: &App, mailer: &Mailer, claimed: &Claimed) -> Outcome {
    let (letter, kind) = (claimed.letter.id, claimed.letter.kind.name());
    let outcome = match message(app, &claimed.letter, &claimed.values) {
        Ok(message) => mailer.send(&message, app.now()).await,
        Err(error) => Err(NotSent::LetterRefused(format!("the letter cannot be written: {error}"))),
    };
    let tries = claimed.tries;
    let counted = match &outcome {
        Ok(said) => {
            tracing::info!(%letter, kind, tries, said, "a letter was sent");
            "sent"
        }
        Err(NotSent::AddressRefused(why)) => {
            tracing::warn!(%letter, kind, tries, "a letter was refused, and so are others to this address: {why}");
            "address_refused"
        }
        Err(NotSent::LetterRefused(why)) => {
            tracing::warn!(%letter, kind, tries, "a letter was refused: {why}");
            "letter_refused"
        }
        Err(NotSent::Setup(why)) => {
            tracing::error!(%letter, kind, tries, "a letter waits until an operator has seen to this: {why}");
            "setup"
        }
        Err(NotSent::Later(why, _)) => {
            tracing::warn!(%letter, kind, tries, "a letter is tried again later: {why}");
            "later"
        }
    };
    app.metrics.letters.one(counted);
    outcome
}

/// A letter as it is sent.
pub fn message(app: &App, letter: &Letter, values: &Values) -> Result<Message, RenderError> {
    let mail = &app.config.mail;
    let written = write(&app.config, letter, values)?;
    let (name, address) = mail.from.clone();
    Ok(Message {
        id: letter.id.to_string(),
        date: letter.created_at,
        from: Sender { name, address },
        reply_to: mail.reply_to.clone(),
        to: letter.to.clone(),
        subject: written.subject,
        text: written.text,
        html: written.html,
        language: written.language,
    })
}
