//! Letters: sent by every way there is, to servers that behave and to servers that do not.

mod codes;
mod command;
mod http;
mod looks;
mod outages;
pub(crate) mod outbox;
mod smtp;

use authara::domain::{Email, Timestamp};
use authara::outside::mail::{Message, Sender};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn message(to: &str) -> Message {
    Message {
        id: "0190b5a0-0000-7000-8000-000000000001".to_owned(),
        date: NOW,
        from: Sender {
            name: "Räder & Co.".to_owned(),
            address: Email::parse("login@example.com").unwrap(),
        },
        reply_to: None,
        to: Email::parse(to).unwrap(),
        subject: "Your password was changed".to_owned(),
        text: "Hello.\n.\n..\nBye.\n".to_owned(),
        html: "<p>Hello.</p>\n".to_owned(),
        language: "en".to_owned(),
    }
}
