//! Letters through the HTTP interface of a mail service, for machines whose ports for mail are closed.

mod ses;
mod template;

use std::sync::Arc;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::Value;
use ureq::Agent;
use ureq::http::{HeaderMap, Request, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};

use crate::domain::{Secret, Timestamp};
use crate::outside::mail::{Message, NotSent, Outcome, mime, said};

pub use ses::Credentials;
pub use template::BadTemplate;

/// What a service wants to be told, and how.
#[derive(Debug, Clone)]
pub enum Api {
    /// One JSON document.
    Json {
        /// Headers of every request.
        headers: Vec<(String, Secret)>,
        /// The document, with placeholders in its texts (`{from}`, `{to}`, `{subject}`, `{text}`, `{html}`, `{id}`, …).
        template: Value,
        /// Where the answer has the id of a letter that was taken, as a JSON pointer (RFC 6901); empty for nowhere.
        id: String,
    },
    /// Mailgun: a form.
    Mailgun {
        /// The key of the domain.
        key: Secret,
    },
    /// Amazon SES, version 2: the letter itself, in a signed request.
    Ses {
        /// The key.
        credentials: Credentials,
        /// As in `eu-central-1`.
        region: String,
    },
}

/// A mail service.
pub struct Http {
    shared: Arc<Shared>,
}

struct Shared {
    agent: Agent,
    url: String,
    api: Api,
}

/// Bytes of an answer that are read.
const LONGEST_ANSWER: u64 = 64 * 1024;

impl Api {
    /// Reads a template, which is JSON.
    pub fn template(text: &str) -> Result<Value, BadTemplate> {
        template::read(text)
    }
}

impl Http {
    /// The service at `url`. A letter is given up after `timeout`.
    pub fn new(url: String, api: Api, timeout: Duration) -> Self {
        // They are built in: an empty container has none.
        let tls = TlsConfig::builder().root_certs(RootCerts::WebPki).build();
        let agent = Agent::config_builder()
            // A redirect would take the key elsewhere, and so would a proxy that the environment names.
            .max_redirects(0)
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            .tls_config(tls)
            .build()
            .new_agent();
        Self {
            shared: Arc::new(Shared { agent, url, api }),
        }
    }

    pub(super) fn describe(&self) -> String {
        format!("{} over HTTP", self.shared.host())
    }

    pub(super) async fn send(&self, message: &Message, now: Timestamp) -> Outcome {
        let (shared, message) = (self.shared.clone(), message.clone());
        let sent = tokio::task::spawn_blocking(move || shared.send(&message, now)).await;
        sent.unwrap_or_else(|_| Err(NotSent::later("the call was broken off")))
    }
}

impl Shared {
    /// The host alone: what stands behind it may be a secret.
    fn host(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split(['/', '?', '#']).next().unwrap_or_default()
    }

    fn send(&self, message: &Message, now: Timestamp) -> Outcome {
        let (request, id) = self.request(message, now)?;
        let answered = self.agent.run(request);
        let mut response =
            answered.map_err(|error| NotSent::later(format!("{}: {}", self.host(), said(&error.to_string()))))?;
        let status = response.status();
        let after = retry_after(response.headers());
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_string();
        let body = body.unwrap_or_default();
        if !status.is_success() {
            return Err(self.refused(status, &body, after));
        }
        let answer: Value = serde_json::from_str(&body).unwrap_or_default();
        match answer.pointer(&id) {
            Some(Value::String(id)) => Ok(format!("{status} {}", said(id))),
            _ if id.is_empty() => Ok(status.to_string()),
            // A page of some gateway in between.
            _ => Err(NotSent::later(format!(
                "{} answered {status} without the id of the letter",
                self.host()
            ))),
        }
    }

    /// The request, and where the answer has the id.
    fn request(&self, message: &Message, now: Timestamp) -> Result<(Request<Vec<u8>>, String), NotSent> {
        let builder = Request::post(&self.url);
        let (builder, body, id) = match &self.api {
            Api::Json { headers, template, id } => {
                let document = template::filled(template, message);
                let mut builder = builder
                    .header("content-type", "application/json")
                    .header("accept", "application/json");
                for (name, value) in headers {
                    builder = builder.header(name, template::fill(value.expose(), message));
                }
                (builder, document.to_string().into_bytes(), id.as_str())
            }
            Api::Mailgun { key } => {
                let user = BASE64_STANDARD.encode(format!("api:{}", key.expose()));
                let builder = builder
                    .header("authorization", format!("Basic {user}"))
                    .header("content-type", "application/x-www-form-urlencoded");
                (builder, form(message).into_bytes(), "/id")
            }
            Api::Ses { credentials, region } => {
                let raw = BASE64_STANDARD.encode(mime::bytes(message)?);
                let document = serde_json::json!({
                    "FromEmailAddress": template::mailbox(&message.from),
                    "Destination": { "ToAddresses": [message.to.as_str()] },
                    "Content": { "Raw": { "Data": raw } },
                });
                let body = document.to_string().into_bytes();
                let signed = ses::sign(builder, &self.url, &body, (credentials, region), now);
                (signed, body, "/MessageId")
            }
        };
        let request = builder.body(body);
        let request = request.map_err(|error| NotSent::Setup(format!("{}: {error}", self.host())))?;
        Ok((request, id.to_owned()))
    }

    fn refused(&self, status: StatusCode, body: &str, after: Option<Duration>) -> NotSent {
        let words = format!("{} answered {status}: {}", self.host(), said(body));
        match status.as_u16() {
            // 408 and 425 ask for another try as well.
            408 | 425 | 429 | 500..=599 => NotSent::Later(words, after),
            // Postmark: a hard bounce or a complaint before, or an address that makes no sense.
            422 if matches!(error_code(body), Some(300 | 406)) => NotSent::AddressRefused(words),
            413 => NotSent::LetterRefused(words),
            _ => NotSent::Setup(words),
        }
    }
}

fn error_code(body: &str) -> Option<i64> {
    let answer: Value = serde_json::from_str(body).ok()?;
    answer.get("ErrorCode")?.as_i64()
}

/// Seconds, as the services that are known here write it; at most an hour.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(3600)))
}

/// Mailgun's form. Clicks are not counted: it would send every link past a third party.
fn form(message: &Message) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("from", &template::mailbox(&message.from))
        .append_pair("to", message.to.as_str())
        .append_pair("subject", &message.subject)
        .append_pair("text", &message.text)
        .append_pair("html", &message.html)
        .append_pair("h:Message-Id", &format!("<{}>", message.message_id()))
        .append_pair("h:Auto-Submitted", "auto-generated")
        .append_pair("o:tracking", "no");
    if let Some(address) = &message.reply_to {
        form.append_pair("h:Reply-To", address.as_str());
    }
    form.finish()
}
