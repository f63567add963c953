//! The way letters are sent, from the settings.

use std::sync::Arc;

use crate::config::mail::{Api, Preset, Security, Smtp, Transport};
use crate::config::{Config, Mail};
use crate::domain::Secret;
use crate::outside::mail::{self, Command, Credentials, Folder, Http, Inbox, Login, Mailer};

/// Settings of mail that cannot be used; the text begins with the name of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadMail(String);

/// `None` where no letters are sent.
pub fn mailer(config: &Config) -> Result<Option<Mailer>, BadMail> {
    let mail = &config.mail;
    let Some(transport) = &mail.transport else {
        return Ok(None);
    };
    Ok(Some(match transport {
        Transport::Smtp(server) => Mailer::Smtp(smtp(server, mail)?),
        Transport::Http(api) => Mailer::Http(Http::new(api.url.clone(), self::api(api)?, mail.timeout)),
        Transport::Command(words) => Mailer::Command(Command::new(words.clone(), mail.timeout)),
        Transport::Folder(path) => Mailer::Folder(Folder::new(path.clone())),
        Transport::Inbox => Mailer::Inbox(Arc::new(Inbox::default())),
    }))
}

fn smtp(server: &Smtp, mail: &Mail) -> Result<mail::Smtp, BadMail> {
    let security = match server.security {
        Security::Implicit => mail::Security::Implicit,
        Security::StartTls => mail::Security::StartTls,
        Security::None => mail::Security::None,
    };
    let login = server.login.as_ref().map(|(username, password)| Login {
        username: username.clone(),
        password: password.clone(),
    });
    mail::Smtp::new(
        (server.host.clone(), server.port),
        (security, server.root_certificates.as_deref()),
        login,
        mail.from.1.domain().to_owned(),
        mail.timeout,
    )
    .map_err(|error| BadMail(format!("AUTHARA_EMAIL_SMTP_CA_FILE {error}")))
}

fn api(api: &Api) -> Result<mail::Api, BadMail> {
    let key = api.key.clone().unwrap_or_else(|| Secret::new(""));
    let bearer = || {
        (
            "authorization".to_owned(),
            Secret::new(format!("Bearer {}", key.expose())),
        )
    };
    let json = |headers: Vec<(String, Secret)>, template: &str, id: &str| {
        let template =
            mail::Api::template(template).map_err(|error| BadMail(format!("AUTHARA_MAIL_TEMPLATE_FILE {error}")))?;
        Ok(mail::Api::Json {
            headers,
            template,
            id: id.to_owned(),
        })
    };
    match &api.preset {
        Preset::Resend => {
            // A letter that is tried twice within a day is sent once.
            let once = ("idempotency-key".to_owned(), Secret::new("{id}"));
            json(vec![bearer(), once], RESEND, "/id")
        }
        Preset::Postmark => json(
            vec![("x-postmark-server-token".to_owned(), key)],
            POSTMARK,
            "/MessageID",
        ),
        Preset::Brevo => json(vec![("api-key".to_owned(), key)], BREVO, "/messageId"),
        Preset::Own(template) => {
            let headers = if key.is_empty() { Vec::new() } else { vec![bearer()] };
            json(headers, template, "")
        }
        Preset::Mailgun => Ok(mail::Api::Mailgun { key }),
        Preset::Ses(region) => {
            let (id, secret) = key.expose().split_once(':').unwrap_or_default();
            let credentials = Credentials {
                id: id.to_owned(),
                secret: Secret::new(secret),
            };
            Ok(mail::Api::Ses {
                credentials,
                region: region.clone(),
            })
        }
    }
}

const RESEND: &str = r#"{
  "from": "{from}", "to": ["{to}"], "reply_to": "{reply_to}",
  "subject": "{subject}", "text": "{text}", "html": "{html}",
  "headers": { "Auto-Submitted": "auto-generated" }
}"#;

// Clicks are not counted: it would send every link past a third party.
const POSTMARK: &str = r#"{
  "From": "{from}", "To": "{to}", "ReplyTo": "{reply_to}",
  "Subject": "{subject}", "TextBody": "{text}", "HtmlBody": "{html}",
  "MessageStream": "outbound", "TrackOpens": false, "TrackLinks": "None",
  "Headers": [{ "Name": "Auto-Submitted", "Value": "auto-generated" }]
}"#;

const BREVO: &str = r#"{
  "sender": { "name": "{from_name}", "email": "{from_address}" }, "to": [{ "email": "{to}" }],
  "subject": "{subject}", "textContent": "{text}", "htmlContent": "{html}",
  "headers": { "Auto-Submitted": "auto-generated", "idempotencyKey": "{id}" }
}"#;
