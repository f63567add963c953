//! A letter as the bytes that mail servers pass on (RFC 5322, RFC 2045).

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message as Built};

use crate::outside::mail::{Message, NotSent, Sender};

/// The letter in full, its lines ended by CRLF. A recipient's address stands in `To` alone.
pub(super) fn bytes(message: &Message) -> Result<Vec<u8>, NotSent> {
    build(message).map_err(|error| NotSent::LetterRefused(format!("the letter cannot be written: {error}")))
}

fn build(message: &Message) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let seconds = u64::try_from(message.date.seconds()).unwrap_or(0);
    let mut builder = Built::builder()
        .message_id(Some(format!("<{}>", message.message_id())))
        .date(UNIX_EPOCH + Duration::from_secs(seconds))
        .from(mailbox(&message.from)?)
        .to(Mailbox::new(None, message.to.as_str().parse::<Address>()?))
        .subject(one_line(&message.subject));
    if let Some(address) = &message.reply_to {
        builder = builder.reply_to(Mailbox::new(None, address.as_str().parse()?));
    }
    // Nobody's out-of-office note answers it (RFC 3834, section 2; the second is Exchange's).
    builder = with(builder, "Auto-Submitted", "auto-generated")?;
    builder = with(builder, "X-Auto-Response-Suppress", "All")?;
    builder = with(builder, "Content-Language", &message.language)?;
    let part = |content_type, body: &str| {
        let body = body.replace("\r\n", "\n").replace('\n', "\r\n");
        SinglePart::builder().header(content_type).body(body)
    };
    let both = MultiPart::alternative()
        .singlepart(part(ContentType::TEXT_PLAIN, &message.text))
        .singlepart(part(ContentType::TEXT_HTML, &message.html));
    Ok(builder.multipart(both)?.formatted())
}

fn mailbox(sender: &Sender) -> Result<Mailbox, Box<dyn std::error::Error>> {
    let name = one_line(&sender.name);
    let name = (!name.is_empty()).then_some(name);
    Ok(Mailbox::new(name, sender.address.as_str().parse()?))
}

fn with(
    builder: MessageBuilder,
    name: &'static str,
    value: &str,
) -> Result<MessageBuilder, Box<dyn std::error::Error>> {
    let name = HeaderName::new_from_ascii(name.to_owned())?;
    Ok(builder.raw_header(HeaderValue::new(name, one_line(value))))
}

/// Without what would break a header, or turn the direction in which it is read.
fn one_line(text: &str) -> String {
    let turns = |letter| matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let kept = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    let kept: String = kept.filter(|letter| !turns(*letter)).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, Timestamp};

    fn message() -> Message {
        Message {
            id: "0190b5a0-0000-7000-8000-000000000001".to_owned(),
            date: Timestamp::from_seconds(1_800_000_000),
            from: Sender {
                name: "Räder & Co.".to_owned(),
                address: Email::parse("login@example.com").expect("an address"),
            },
            reply_to: None,
            to: Email::parse("ada@example.net").expect("an address"),
            subject: "Your password was changed".to_owned(),
            text: "Hello.\n.\nBye.\n".to_owned(),
            html: "<p>Hello.</p>\n".to_owned(),
            language: "en".to_owned(),
        }
    }

    fn written(message: &Message) -> String {
        String::from_utf8(bytes(message).expect("a letter")).expect("ASCII")
    }

    #[test]
    fn it_bears_what_receivers_ask_for_and_is_the_same_at_every_try() {
        let letter = written(&message());

        for line in [
            "Message-ID: <0190b5a0-0000-7000-8000-000000000001@example.com>",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000",
            "To: ada@example.net",
            "Subject: Your password was changed",
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "Content-Language: en",
            "MIME-Version: 1.0",
        ] {
            assert_eq!(
                letter.lines().filter(|found| *found == line).count(),
                1,
                "{line}\n{letter}"
            );
        }
        assert!(letter.contains("multipart/alternative"));
        assert!(letter.find("text/plain") < letter.find("text/html"), "text comes first");
        assert!(
            !letter.replace("\r\n", "").contains(['\r', '\n']),
            "only whole line ends"
        );
        assert!(letter.lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn names_and_subjects_stay_on_their_line() {
        let mut hostile = message();
        hostile.from.name = "Ada\r\nBcc: eve@example.org\u{202e}".to_owned();
        hostile.subject = "Hello\r\nBcc: eve@example.org\r\n\r\nBody".to_owned();
        hostile.language = "en\r\nBcc: eve@example.org".to_owned();

        let letter = written(&hostile);

        assert!(
            !letter.lines().any(|line| line.to_lowercase().starts_with("bcc")),
            "{letter}"
        );
        assert!(!letter.contains('\u{202e}'));
    }

    #[test]
    fn other_letters_than_ascii_are_encoded() {
        let mut foreign = message();
        foreign.subject = "Ihr Passwort wurde geändert 🔑".to_owned();
        foreign.text = "Grüße ".repeat(300);

        let letter = written(&foreign);

        assert!(letter.is_ascii());
        assert!(letter.contains("=?utf-8?b?"), "{letter}");
        assert!(
            letter
                .lines()
                .all(|line| line.len() <= 78 || line.contains("boundary=")),
            "{letter}"
        );
    }
}
