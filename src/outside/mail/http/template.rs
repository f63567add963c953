//! JSON documents with placeholders. They are replaced inside of texts that are parsed already, so that nothing in a letter
//! can change the form of the document.

use serde_json::Value;

use crate::outside::mail::{Message, Sender};

/// A template that cannot be used, in words that go on after the name of the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadTemplate(String);

/// What may stand in braces.
const NAMES: [&str; 10] = [
    "from",
    "from_name",
    "from_address",
    "reply_to",
    "to",
    "subject",
    "text",
    "html",
    "id",
    "message_id",
];
/// Without these it would be no letter.
const NEEDED: [&str; 2] = ["{to}", "{subject}"];

pub(super) fn read(text: &str) -> Result<Value, BadTemplate> {
    let template: Value = serde_json::from_str(text).map_err(|error| BadTemplate(format!("is no JSON: {error}")))?;
    let written = template.to_string();
    for needed in NEEDED {
        if !written.contains(needed) {
            return Err(BadTemplate(format!("says {needed} nowhere")));
        }
    }
    if !written.contains("{text}") && !written.contains("{html}") {
        return Err(BadTemplate("says neither {text} nor {html}".to_owned()));
    }
    Ok(template)
}

/// The document for one letter.
pub(super) fn filled(template: &Value, message: &Message) -> Value {
    match template {
        Value::String(text) => Value::String(fill(text, message)),
        Value::Array(values) => values.iter().map(|value| filled(value, message)).collect(),
        Value::Object(members) => {
            // A letter without an address for answers says nothing about one.
            let is_left_out = |value: &Value| value.as_str() == Some("{reply_to}") && message.reply_to.is_none();
            let members = members.iter().filter(|(_, value)| !is_left_out(value));
            Value::Object(
                members
                    .map(|(name, value)| (name.clone(), filled(value, message)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// One text with what the letter has in place of the names in braces. Other braces stay.
pub(super) fn fill(text: &str, message: &Message) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let name = NAMES.iter().find(|name| after.starts_with(&format!("{name}}}")));
        if let Some(name) = name {
            filled.push_str(&value(name, message));
            rest = &after[name.len() + 1..];
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

fn value(name: &str, message: &Message) -> String {
    match name {
        "from" => mailbox(&message.from),
        "from_name" => message.from.name.clone(),
        "from_address" => message.from.address.as_str().to_owned(),
        "reply_to" => message
            .reply_to
            .as_ref()
            .map_or(String::new(), |address| address.as_str().to_owned()),
        "to" => message.to.as_str().to_owned(),
        "subject" => message.subject.clone(),
        "text" => message.text.clone(),
        "html" => message.html.clone(),
        "id" => message.id.clone(),
        _ => message.message_id(),
    }
}

/// `Name <address>`, with quotes where the name needs them (RFC 5322, section 3.4).
pub(super) fn mailbox(sender: &Sender) -> String {
    let name: String = sender.name.chars().filter(|letter| !letter.is_control()).collect();
    let address = sender.address.as_str();
    if name.is_empty() {
        return address.to_owned();
    }
    let is_plain = name.chars().all(|letter| letter.is_alphanumeric() || letter == ' ');
    if is_plain {
        return format!("{name} <{address}>");
    }
    let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{quoted}\" <{address}>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, Timestamp};

    fn message() -> Message {
        Message {
            id: "7".to_owned(),
            date: Timestamp::from_seconds(0),
            from: Sender {
                name: "Räder & Co.".to_owned(),
                address: Email::parse("login@example.com").expect("an address"),
            },
            reply_to: None,
            to: Email::parse("ada@example.net").expect("an address"),
            subject: "He said \"{to}\", {subject}".to_owned(),
            text: "a\nb".to_owned(),
            html: "<p>".to_owned(),
            language: "en".to_owned(),
        }
    }

    #[test]
    fn placeholders_are_filled_once_and_quotes_break_nothing() {
        let template = read(r#"{"To":["{to}"],"S":"{subject}","T":"{text}","R":"{reply_to}","n":{"x":"{no} {id}"}}"#);
        let document = filled(&template.expect("a template"), &message());

        assert_eq!(
            document,
            serde_json::json!({
                "To": ["ada@example.net"],
                "S": "He said \"{to}\", {subject}",
                "T": "a\nb",
                "n": {"x": "{no} 7"},
            })
        );
    }

    #[test]
    fn a_template_that_is_no_letter_is_refused() {
        for (text, why) in [
            ("{", "is no JSON"),
            (r#"{"subject":"{subject}","text":"{text}"}"#, "says {to} nowhere"),
            (r#"{"to":"{to}","text":"{text}"}"#, "says {subject} nowhere"),
            (r#"{"to":"{to}","subject":"{subject}"}"#, "neither {text} nor {html}"),
        ] {
            let error = read(text).expect_err(text).to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_name_with_signs_is_quoted() {
        let named = |name: &str| {
            mailbox(&Sender {
                name: name.to_owned(),
                address: Email::parse("a@b.example").expect("an address"),
            })
        };

        assert_eq!(named(""), "a@b.example");
        assert_eq!(named("Ada Lovelace"), "Ada Lovelace <a@b.example>");
        assert_eq!(named("Ada, \"Countess\"\r\n"), r#""Ada, \"Countess\"" <a@b.example>"#);
    }
}
