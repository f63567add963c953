//! Mail services that take letters over HTTP.

use crate::config::file;
use crate::config::reader::Reader;
use crate::domain::Secret;

/// A service, and what is needed to speak to it.
#[derive(Debug, Clone)]
pub struct Api {
    /// Where letters go.
    pub url: String,
    /// `AUTHARA_MAIL_KEY`.
    pub key: Option<Secret>,
    /// Which service it is.
    pub preset: Preset,
}

/// `AUTHARA_MAIL_PRESET`, or a template of one's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Preset {
    /// resend.com
    Resend,
    /// postmarkapp.com
    Postmark,
    /// Amazon SES, version 2, in this region.
    Ses(String),
    /// mailgun.com
    Mailgun,
    /// brevo.com
    Brevo,
    /// `AUTHARA_MAIL_TEMPLATE_FILE`: the text of the file, which is JSON.
    Own(String),
}

const PRESET: &str = "AUTHARA_MAIL_PRESET";
const URL: &str = "AUTHARA_MAIL_URL";
const KEY: &str = "AUTHARA_MAIL_KEY";
const TEMPLATE: &str = "AUTHARA_MAIL_TEMPLATE_FILE";
/// KiB of a template.
const LARGEST_TEMPLATE: u64 = 64;

impl Api {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let preset = reader.parse(PRESET, |text| match text.to_ascii_lowercase().as_str() {
            "resend" => Ok(Preset::Resend),
            "postmark" => Ok(Preset::Postmark),
            "ses" => Ok(Preset::Ses(String::new())),
            "mailgun" => Ok(Preset::Mailgun),
            "brevo" => Ok(Preset::Brevo),
            _ => Err("must be resend, postmark, ses, mailgun or brevo".to_owned()),
        });
        let template = reader.parse(TEMPLATE, |path| {
            let content = file::read(path, LARGEST_TEMPLATE)?;
            String::from_utf8(content).map_err(|_| format!("names {path}, which is not UTF-8"))
        });
        let url = reader.parse(URL, |text| {
            let is_here = ["http://127.0.0.1", "http://[::1]", "http://localhost"]
                .iter()
                .any(|start| {
                    text.strip_prefix(start)
                        .is_some_and(|rest| rest.starts_with([':', '/']) || rest.is_empty())
                });
            let is_plain =
                !text.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '@');
            if is_plain && (is_here || text.len() > "https://".len() && text.starts_with("https://")) {
                Ok(text.to_owned())
            } else {
                Err("must begin with https:// (or http:// on this machine)".to_owned())
            }
        });
        let key = reader.text(KEY).map(Secret::new);
        let preset = match (preset, template) {
            (Some(preset), None) => preset,
            (None, Some(template)) => Preset::Own(template),
            (Some(_), Some(_)) => {
                reader.problem(TEMPLATE, "is set, and so is AUTHARA_MAIL_PRESET; keep one of the two");
                return None;
            }
            (None, None) => {
                for (name, is_given) in [(URL, url.is_some()), (KEY, key.is_some())] {
                    if is_given && !reader.is_set(PRESET) && !reader.is_set(TEMPLATE) {
                        reader.problem(
                            name,
                            "is set, but neither AUTHARA_MAIL_PRESET nor AUTHARA_MAIL_TEMPLATE_FILE is",
                        );
                    }
                }
                return None;
            }
        };
        let url = match (url, &preset) {
            (Some(url), _) => url,
            (None, _) if reader.is_set(URL) => return None,
            (None, Preset::Resend) => "https://api.resend.com/emails".to_owned(),
            (None, Preset::Postmark) => "https://api.postmarkapp.com/email".to_owned(),
            (None, Preset::Brevo) => "https://api.brevo.com/v3/smtp/email".to_owned(),
            (None, Preset::Mailgun) => return missing(reader, "https://api.mailgun.net/v3/DOMAIN/messages"),
            (None, Preset::Ses(_)) => {
                return missing(reader, "https://email.REGION.amazonaws.com/v2/email/outbound-emails");
            }
            (None, Preset::Own(_)) => return missing(reader, "https://mail.example.com/send"),
        };
        let preset = match preset {
            Preset::Ses(_) => {
                let region = url.split('.').nth(1).filter(|_| url.contains(".amazonaws.com"));
                Preset::Ses(region.unwrap_or("us-east-1").to_owned())
            }
            other => other,
        };
        match (&preset, &key) {
            (Preset::Own(_), _) => {}
            (_, None) => {
                reader.problem(KEY, "is not set, but the mail service wants one");
                return None;
            }
            (Preset::Ses(_), Some(key)) if !key.expose().contains(':') => {
                reader.problem(KEY, "must be the id of the key and its secret, with a colon between");
                return None;
            }
            (_, Some(key))
                if key
                    .expose()
                    .contains(|letter: char| letter.is_control() || letter == ' ') =>
            {
                reader.problem(KEY, "has a space or a line break in it");
                return None;
            }
            _ => {}
        }
        Some(Self { url, key, preset })
    }
}

fn missing(reader: &mut Reader<'_>, form: &str) -> Option<Api> {
    reader.problem(URL, format!("is not set: where letters go, as in {form}"));
    None
}
