//! How letters are sent, if at all.

mod http;

use std::path::PathBuf;
use std::time::Duration;

use crate::config::reader::Reader;
use crate::config::server::PublicUrl;
use crate::domain::client::is_for_programs;
use crate::domain::{Email, Secret};

pub use http::{Api, Preset};

/// Letters.
#[derive(Debug, Clone)]
pub struct Mail {
    /// How they are sent; `None` for not at all.
    pub transport: Option<Transport>,
    /// `AUTHARA_EMAIL_FROM`: the name that people read, and the address.
    pub from: (String, Email),
    /// `AUTHARA_EMAIL_REPLY_TO`.
    pub reply_to: Option<Email>,
    /// `AUTHARA_EMAIL_TIMEOUT`: how long sending one may take.
    pub timeout: Duration,
    /// `AUTHARA_EMAIL_WORKER_COUNT`: how many are sent at once.
    pub at_once: usize,
    /// `AUTHARA_EMAIL_CLEANUP_SENT_AFTER`.
    pub kept: Duration,
}

/// A way to send letters.
#[derive(Debug, Clone)]
pub enum Transport {
    /// `AUTHARA_EMAIL_SMTP_HOST` and what belongs to it.
    Smtp(Smtp),
    /// `AUTHARA_MAIL_PRESET`, or `AUTHARA_MAIL_URL` with a template.
    Http(Api),
    /// `AUTHARA_MAIL_COMMAND`: the program and its arguments.
    Command(Vec<String>),
    /// `AUTHARA_MAIL_DIR`.
    Folder(PathBuf),
    /// The inbox of `authara dev`.
    Inbox,
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// `AUTHARA_EMAIL_SMTP_HOST`.
    pub host: String,
    /// `AUTHARA_EMAIL_SMTP_PORT`.
    pub port: u16,
    /// `AUTHARA_EMAIL_SMTP_TLS`.
    pub security: Security,
    /// `AUTHARA_EMAIL_SMTP_USERNAME` and `AUTHARA_EMAIL_SMTP_PASSWORD`.
    pub login: Option<(String, Secret)>,
    /// `AUTHARA_EMAIL_SMTP_CA_FILE`.
    pub root_certificates: Option<PathBuf>,
}

/// `AUTHARA_EMAIL_SMTP_TLS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS, or nothing.
    StartTls,
    /// None.
    None,
}

/// The port for letters that begins with TLS (RFC 8314, section 7.3).
const IMPLICIT_PORT: u16 = 465;

impl Mail {
    /// `otherwise` is how letters are sent if no setting says.
    pub(super) fn read(
        reader: &mut Reader<'_>,
        public_url: Option<&PublicUrl>,
        name: Option<&str>,
        otherwise: Option<Transport>,
    ) -> Option<Self> {
        let transport = Transport::read(reader).or(otherwise);
        let from = sender(reader, transport.as_ref(), public_url, name);
        let reply_to = reader.parse("AUTHARA_EMAIL_REPLY_TO", |text| {
            Email::parse(text).ok_or_else(|| "must be an e-mail address".to_owned())
        });
        let timeout = reader.duration("AUTHARA_EMAIL_TIMEOUT");
        let at_once = reader.count("AUTHARA_EMAIL_WORKER_COUNT");
        let kept = reader.duration("AUTHARA_EMAIL_CLEANUP_SENT_AFTER");
        Some(Self {
            transport,
            from: from?,
            reply_to,
            timeout: timeout?,
            at_once: at_once?,
            kept: kept?,
        })
    }
}

impl Transport {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        const NAMES: [&str; 5] = [
            "AUTHARA_EMAIL_SMTP_HOST",
            "AUTHARA_MAIL_PRESET",
            "AUTHARA_MAIL_TEMPLATE_FILE",
            "AUTHARA_MAIL_COMMAND",
            "AUTHARA_MAIL_DIR",
        ];
        let provider = reader.one_of("AUTHARA_EMAIL_PROVIDER", &[("smtp", true), ("noop", false)]);
        // Problems of all are told, whichever counts.
        let smtp = Smtp::read(reader);
        let http = Api::read(reader);
        let command = reader.parse("AUTHARA_MAIL_COMMAND", |text| {
            let words = words(text);
            // Anybody chooses their address: inside of another word it could mean anything.
            if words.iter().any(|word| word.contains("{to}") && word != "{to}") {
                return Err("may have {to} only as an argument of its own, never inside of another".to_owned());
            }
            Ok(words)
        });
        let folder = reader.parse("AUTHARA_MAIL_DIR", |text| {
            let folder = PathBuf::from(text);
            let right = || "must be an absolute path, as in /var/spool/authara".to_owned();
            folder.is_absolute().then_some(folder).ok_or_else(right)
        });
        let given: Vec<&str> = NAMES.into_iter().filter(|name| reader.is_set(name)).collect();
        match given.as_slice() {
            [] if provider == Some(true) => {
                reader.problem(
                    "AUTHARA_EMAIL_PROVIDER",
                    "is smtp, but AUTHARA_EMAIL_SMTP_HOST is not set",
                );
                return None;
            }
            [first, other, ..] => {
                reader.problem(first, format!("is set, and so is {other}; letters go one way only"));
                return None;
            }
            [] | [_] => {}
        }
        if provider == Some(false) {
            if let [name] = given.as_slice() {
                reader.warn(
                    name,
                    "has no effect with AUTHARA_EMAIL_PROVIDER=noop: no letters are sent",
                );
            }
            return None;
        }
        let smtp = smtp.map(Self::Smtp);
        smtp.or(http.map(Self::Http))
            .or(command.map(Self::Command))
            .or(folder.map(Self::Folder))
    }
}

impl Smtp {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        const PORT: &str = "AUTHARA_EMAIL_SMTP_PORT";
        const TLS: &str = "AUTHARA_EMAIL_SMTP_TLS";

        let host = reader.parse("AUTHARA_EMAIL_SMTP_HOST", |text| {
            let is_host = |text: &str| {
                text.bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte))
            };
            let right = "must be a host name or address without a port; international names in their xn-- form";
            let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            let is_address = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
            match bare.or(Some(text)).filter(|text| is_address(text) || is_host(text)) {
                Some(host) => Ok(host.to_owned()),
                None => Err(right.to_owned()),
            }
        });
        let port = reader.number(PORT).and_then(|port| u16::try_from(port).ok());
        let is_implicit_port = port == Some(IMPLICIT_PORT);
        let security = reader.parse(TLS, |text| match text.to_ascii_lowercase().as_str() {
            "implicit" => Ok(Security::Implicit),
            // As the older server has it, where it means: with TLS.
            "true" | "t" | "1" if is_implicit_port => Ok(Security::Implicit),
            "starttls" | "true" | "t" | "1" => Ok(Security::StartTls),
            "none" | "false" | "f" | "0" => Ok(Security::None),
            _ => Err("must be starttls, implicit or none".to_owned()),
        });
        let (username, password) = (
            reader.text("AUTHARA_EMAIL_SMTP_USERNAME").map(str::to_owned),
            reader.text("AUTHARA_EMAIL_SMTP_PASSWORD").map(Secret::new),
        );
        let login = match (username, password) {
            (Some(username), Some(password)) => Some((username, password)),
            (None, None) => None,
            (Some(_), None) => {
                reader.problem(
                    "AUTHARA_EMAIL_SMTP_USERNAME",
                    "is set, but AUTHARA_EMAIL_SMTP_PASSWORD is not",
                );
                None
            }
            (None, Some(_)) => {
                reader.problem(
                    "AUTHARA_EMAIL_SMTP_PASSWORD",
                    "is set, but AUTHARA_EMAIL_SMTP_USERNAME is not",
                );
                None
            }
        };
        let root_certificates = reader.text("AUTHARA_EMAIL_SMTP_CA_FILE").map(PathBuf::from);
        let (host, security) = (host?, security?);
        if security == Security::None && !is_here(&host) {
            reader.problem(TLS, "is none, which is only for a mail server on this machine");
            return None;
        }
        Some(Self {
            host,
            port: port?,
            security,
            login,
            root_certificates,
        })
    }
}

/// Whether letters to that host do not leave this machine.
fn is_here(host: &str) -> bool {
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// The sender. It must be named where letters leave this machine.
fn sender(
    reader: &mut Reader<'_>,
    transport: Option<&Transport>,
    public_url: Option<&PublicUrl>,
    name: Option<&str>,
) -> Option<(String, Email)> {
    const FROM: &str = "AUTHARA_EMAIL_FROM";

    let site = name.unwrap_or_default().to_owned();
    if reader.is_set(FROM) {
        return reader.parse(FROM, |text| {
            let right = || "must be an address, or a name and an address: Example <login@example.com>".to_owned();
            read_sender(text, site).ok_or_else(right)
        });
    }
    if !matches!(transport, None | Some(Transport::Inbox)) {
        reader.problem(
            FROM,
            "is not set: the address that letters come from, as in login@example.com",
        );
        return None;
    }
    // Nothing is sent from it.
    let host = public_url.map_or("localhost", |url| url.host.trim_matches(['[', ']']));
    let address = Email::parse(&format!("no-reply@{host}")).or_else(|| Email::parse("no-reply@localhost"));
    Some((site, address?))
}

/// A bare address takes the name of the site.
fn read_sender(text: &str, site: String) -> Option<(String, Email)> {
    let text = text.trim();
    let Some((name, address)) = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')) else {
        return Email::parse(text).map(|address| (site, address));
    };
    let name = name.trim().trim_matches('"').trim();
    let is_fit =
        name.chars().count() <= 60 && !name.contains(|letter: char| letter.is_control() || is_for_programs(letter));
    let address = Email::parse(address)?;
    is_fit.then(|| (name.to_owned(), address))
}

/// The words of a command line; a part in quotes is one word.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut is_word) = (String::new(), None, false);
    for letter in text.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => (quote, is_word) = (Some(letter), true),
            (letter, Some(open)) if letter == open => quote = None,
            (letter, None) if letter.is_whitespace() => {
                if std::mem::take(&mut is_word) {
                    words.push(std::mem::take(&mut word));
                }
            }
            (letter, _) => {
                word.push(letter);
                is_word = true;
            }
        }
    }
    if is_word {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_has_a_name_of_its_own_or_that_of_the_site() {
        let read = |text: &str| {
            read_sender(text, "Site".to_owned()).map(|(name, address)| (name, address.as_str().to_owned()))
        };
        let pair = |name: &str, address: &str| Some((name.to_owned(), address.to_owned()));

        assert_eq!(read("Login@Example.com"), pair("Site", "login@example.com"));
        assert_eq!(read("Räder & Co. <a@b.example>"), pair("Räder & Co.", "a@b.example"));
        assert_eq!(
            read("\"Ada, Countess\" <a@b.example>"),
            pair("Ada, Countess", "a@b.example")
        );
        for text in ["", "nobody", "Ada <nobody>", "Ada\r\nBcc: x <a@b.example>", "<>"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_command_line_is_words_and_quoted_parts() {
        assert_eq!(words("/usr/sbin/sendmail -t  -i"), ["/usr/sbin/sendmail", "-t", "-i"]);
        assert_eq!(
            words("'/opt/my mail/send' \"\" a'b c'd"),
            ["/opt/my mail/send", "", "ab cd"]
        );
    }
}
