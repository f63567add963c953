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
        let url = reader.parse(URL, url);
        let key = reader.text(KEY).map(Secret::new);
        let preset = match (preset, template) {
            (Some(preset), None) => preset,
            (None, Some(template)) => Preset::Own(template),
            (Some(_), Some(_)) => {
                reader.problem(TEMPLATE, "is set, and so is AUTHARA_MAIL_PRESET; keep one of the two");
                return None;
            }
            (None, None) => {
                of_no_use(reader, [(URL, url.is_some()), (KEY, key.is_some())]);
                return None;
            }
        };
        let url = match url {
            Some(url) => url,
            None if reader.is_set(URL) => return None,
            None => preset.usual_url(reader)?,
        };
        let preset = match preset {
            Preset::Ses(_) => {
                let region = url.split('.').nth(1).filter(|_| url.contains(".amazonaws.com"));
                Preset::Ses(region.unwrap_or("us-east-1").to_owned())
            }
            other => other,
        };
        if let Some(problem) = preset.problem_with(key.as_ref()) {
            reader.problem(KEY, problem);
            return None;
        }
        Some(Self { url, key, preset })
    }
}

impl Preset {
    /// Where the service takes letters; a problem where that depends on the account.
    fn usual_url(&self, reader: &mut Reader<'_>) -> Option<String> {
        let form = match self {
            Self::Resend => return Some("https://api.resend.com/emails".to_owned()),
            Self::Postmark => return Some("https://api.postmarkapp.com/email".to_owned()),
            Self::Brevo => return Some("https://api.brevo.com/v3/smtp/email".to_owned()),
            Self::Mailgun => "https://api.mailgun.net/v3/DOMAIN/messages",
            Self::Ses(_) => "https://email.REGION.amazonaws.com/v2/email/outbound-emails",
            Self::Own(_) => "https://mail.example.com/send",
        };
        reader.problem(URL, format!("is not set: where letters go, as in {form}"));
        None
    }

    /// What keeps the service from taking that key.
    fn problem_with(&self, key: Option<&Secret>) -> Option<&'static str> {
        let is_plain = |key: &Secret| {
            !key.expose()
                .contains(|letter: char| letter.is_control() || letter == ' ')
        };
        match (self, key) {
            (Self::Own(_), _) => None,
            (_, None) => Some("is not set, but the mail service wants one"),
            (Self::Ses(_), Some(key)) if !key.expose().contains(':') => {
                Some("must be the id of the key and its secret, with a colon between")
            }
            (_, Some(key)) if !is_plain(key) => Some("has a space or a line break in it"),
            _ => None,
        }
    }
}

/// The key must not travel in clear text, nor the password that a URL may hold stand in a log.
fn url(text: &str) -> Result<String, String> {
    let is_here = ["http://127.0.0.1", "http://[::1]", "http://localhost"]
        .iter()
        .any(|start| {
            text.strip_prefix(start)
                .is_some_and(|rest| rest.starts_with([':', '/']) || rest.is_empty())
        });
    let is_plain = !text.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '@');
    if is_plain && (is_here || text.len() > "https://".len() && text.starts_with("https://")) {
        Ok(text.to_owned())
    } else {
        Err("must begin with https:// (or http:// on this machine)".to_owned())
    }
}

/// Settings of a service that nobody has named.
fn of_no_use(reader: &mut Reader<'_>, given: [(&'static str, bool); 2]) {
    for (name, is_given) in given {
        if is_given && !reader.is_set(PRESET) && !reader.is_set(TEMPLATE) {
            reader.problem(
                name,
                "is set, but neither AUTHARA_MAIL_PRESET nor AUTHARA_MAIL_TEMPLATE_FILE is",
            );
        }
    }
}
