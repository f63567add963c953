//! Sending letters: one [`Mailer`] for each way that the settings can name.

mod command;
mod folder;
mod http;
mod inbox;
mod mime;
mod smtp;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use crate::domain::{Email, Timestamp};

pub use command::Command;
pub use folder::Folder;
pub use http::{Api, BadTemplate, Credentials, Http};
pub use inbox::{Entry, Inbox};
pub use smtp::{Login, Security, Smtp};
pub use tls::BadRoots;

/// A letter that can be sent.
#[derive(Debug, Clone)]
pub struct Message {
    /// Stays the same at every try: what a server has taken twice can be recognised.
    pub id: String,
    /// The date that it bears.
    pub date: Timestamp,
    /// Who sends it.
    pub from: Sender,
    /// Where answers go, if not to the sender.
    pub reply_to: Option<Email>,
    /// The only recipient.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// The letter as text, its lines ended by `\n`.
    pub text: String,
    /// The same as a page.
    pub html: String,
    /// The tag of its language.
    pub language: String,
}

impl Message {
    /// Its `Message-ID` without the angle brackets.
    fn message_id(&self) -> String {
        format!("{}@{}", self.id, self.from.address.domain())
    }
}

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// What the recipient reads; may be empty.
    pub name: String,
    /// The address.
    pub address: Email,
}

/// Why a letter was not sent. The words are for operators and name no recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// The recipient's address takes no letters, for good.
    AddressRefused(String),
    /// This letter is refused for good; the address may be a good one.
    LetterRefused(String),
    /// Something is wrong with the settings or with the account at the mail server. Another try may succeed once an
    /// operator has seen to it.
    Setup(String),
    /// Another try may succeed, not before so long if the server has said so.
    Later(String, Option<Duration>),
}

impl NotSent {
    /// The words alone.
    pub fn words(&self) -> &str {
        match self {
            Self::AddressRefused(words) | Self::LetterRefused(words) | Self::Setup(words) | Self::Later(words, _) => {
                words
            }
        }
    }

    fn later(words: impl Into<String>) -> Self {
        Self::Later(words.into(), None)
    }
}

/// What the mail server said when it took a letter, or why it did not.
pub type Outcome = std::result::Result<String, NotSent>;

/// A way to send letters.
pub enum Mailer {
    /// A mail server.
    Smtp(Smtp),
    /// The HTTP interface of a mail service.
    Http(Http),
    /// A program that reads the letter from its standard input.
    Command(Command),
    /// A folder of files.
    Folder(Folder),
    /// The inbox of `authara dev`.
    Inbox(Arc<Inbox>),
}

impl Mailer {
    /// Sends one letter to its one recipient, now. Ends after the timeout of the settings at the latest.
    pub async fn send(&self, message: &Message, now: Timestamp) -> Outcome {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await,
            Self::Http(http) => http.send(message, now).await,
            Self::Command(command) => command.send(message).await,
            Self::Folder(folder) => folder.send(message).await,
            Self::Inbox(inbox) => {
                inbox.put(message);
                Ok("in the inbox".to_owned())
            }
        }
    }

    /// In a few words where letters go, for the log and for commands.
    pub fn describe(&self) -> String {
        match self {
            Self::Smtp(smtp) => smtp.describe(),
            Self::Http(http) => http.describe(),
            Self::Command(command) => command.describe(),
            Self::Folder(folder) => folder.describe(),
            Self::Inbox(_) => "the inbox at /auth/dev/mail".to_owned(),
        }
    }
}

/// What a server said, fit for a log: one line, not too long, and without anybody's address.
fn said(text: &str) -> String {
    const LONGEST: usize = 200;

    let words = text.split_whitespace().map(|word| {
        // A service may repeat the letter, with a code in it.
        let is_code = word
            .split(|letter: char| !letter.is_alphanumeric())
            .any(|part| part.len() == 6 && part.bytes().all(|byte| byte.is_ascii_digit()));
        let is_plain = !word.contains('@') && !word.contains("%40") && !word.contains(char::is_control) && !is_code;
        if is_plain { word } else { "…" }
    });
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_said_is_one_line_without_addresses() {
        assert_eq!(
            said("<bob@example.com>: unknown\r\n\tuser  bob%40example.com \u{1b}[2J! code:123456,"),
            "… unknown user … … …"
        );
        assert_eq!(said(&"x".repeat(500)).chars().count(), 201);
    }
}
