//! Over HTTP, to a stand-in that answers as each mail service documents it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use authara::app::mail;
use authara::config::{Config, Given};
use authara::outside::mail::{Mailer, NotSent, Outcome};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::{NOW, message};

#[derive(Debug, Clone, Default)]
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

/// Answers every request in the same way, and keeps them.
struct Service {
    url: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Service {
    async fn answering(answer: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (noted, answer) = (requests.clone(), answer.to_owned());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut bytes = Vec::new();
                let request = loop {
                    let mut piece = [0; 8192];
                    let length = stream.read(&mut piece).await.unwrap();
                    bytes.extend(&piece[..length]);
                    if let Some(request) = whole(&bytes) {
                        break request;
                    }
                    assert_ne!(length, 0, "{}", String::from_utf8_lossy(&bytes));
                };
                noted.lock().unwrap().push(request);
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        Self { url, requests }
    }

    async fn send(&self, settings: &[(&str, &str)], path: &str) -> (Outcome, Request) {
        let outcome = send(settings, &format!("{}{path}", self.url)).await;
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let [request] = requests.as_slice() else {
            panic!("{requests:?}");
        };
        (outcome, request.clone())
    }
}

fn whole(bytes: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let line = lines.next()?.to_owned();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    (body.len() == length).then(|| Request {
        line,
        headers,
        body: body.to_owned(),
    })
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

async fn send(settings: &[(&str, &str)], url: &str) -> Outcome {
    mailer(settings, url).send(&message("ada@example.net"), NOW).await
}

/// Through the settings, as an operator would.
fn mailer(settings: &[(&str, &str)], url: &str) -> Mailer {
    let usual = [
        ("PUBLIC_URL", "https://example.com"),
        ("DATABASE_URL", "sqlite://authara.db"),
        ("AUTHARA_SECRET_KEY", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        ("AUTHARA_EMAIL_FROM", "Räder & Co. <login@example.com>"),
        ("AUTHARA_MAIL_KEY", "k3y"),
        ("AUTHARA_MAIL_URL", url),
    ];
    let pairs = usual
        .iter()
        .chain(settings)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let config = Config::read(&Given::from_pairs(pairs)).unwrap().value;
    mail::mailer(&config).unwrap().unwrap()
}

fn json(request: &Request) -> Value {
    assert_eq!(request.headers["content-type"], "application/json");
    serde_json::from_str(&request.body).unwrap()
}

#[tokio::test]
async fn resend_takes_a_letter_once_however_often_it_is_sent() {
    let service = Service::answering(&answer("200 OK", "", r#"{"id":"49a3999c"}"#)).await;

    let (outcome, request) = service.send(&[("AUTHARA_MAIL_PRESET", "resend")], "/emails").await;

    assert_eq!(outcome, Ok("200 OK 49a3999c".to_owned()));
    assert_eq!(request.line, "POST /emails HTTP/1.1");
    assert_eq!(request.headers["authorization"], "Bearer k3y");
    assert_eq!(
        request.headers["idempotency-key"],
        "0190b5a0-0000-7000-8000-000000000001"
    );
    let body = json(&request);
    assert_eq!(body["from"], "\"Räder & Co.\" <login@example.com>");
    assert_eq!(body["to"], serde_json::json!(["ada@example.net"]));
    assert_eq!(body["subject"], "Your password was changed");
    assert_eq!(body["html"], "<p>Hello.</p>\n");
    assert!(body.get("reply_to").is_none());
}

#[tokio::test]
async fn postmark_and_brevo_get_what_they_want() {
    let taken = r#"{"ErrorCode":0,"Message":"OK","MessageID":"b7bc2f4a","messageId":"<202611@smtp>"}"#;
    let service = Service::answering(&answer("200 OK", "", taken)).await;

    let (outcome, request) = service.send(&[("AUTHARA_MAIL_PRESET", "postmark")], "/email").await;
    assert_eq!(outcome, Ok("200 OK b7bc2f4a".to_owned()));
    assert_eq!(request.headers["x-postmark-server-token"], "k3y");
    let body = json(&request);
    assert_eq!(
        (&body["To"], &body["TrackLinks"]),
        (&"ada@example.net".into(), &"None".into())
    );
    assert_eq!(body["TrackOpens"], false);

    let (outcome, request) = service
        .send(&[("AUTHARA_MAIL_PRESET", "brevo")], "/v3/smtp/email")
        .await;
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(request.headers["api-key"], "k3y");
    let body = json(&request);
    assert_eq!(body["sender"]["name"], "Räder & Co.");
    assert_eq!(body["to"][0]["email"], "ada@example.net");
}

#[tokio::test]
async fn mailgun_gets_a_form_and_counts_no_clicks() {
    let service = Service::answering(&answer("200 OK", "", r#"{"id":"<20261@mg>","message":"Queued."}"#)).await;

    let settings = [("AUTHARA_MAIL_PRESET", "mailgun")];
    let (outcome, request) = service.send(&settings, "/v3/mg.example.com/messages").await;

    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(request.headers["authorization"], "Basic YXBpOmszeQ==");
    let form: BTreeMap<_, _> = form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    assert_eq!(form["to"], "ada@example.net");
    assert_eq!(form["text"], "Hello.\n.\n..\nBye.\n");
    assert_eq!(form["o:tracking"], "no");
}

#[tokio::test]
async fn ses_gets_the_letter_itself_in_a_signed_request() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    let service = Service::answering(&answer("200 OK", "", r#"{"MessageId":"0107018"}"#)).await;

    let settings = [("AUTHARA_MAIL_PRESET", "ses"), ("AUTHARA_MAIL_KEY", "AKID:s3cret")];
    let (outcome, request) = service.send(&settings, "/v2/email/outbound-emails").await;

    assert!(outcome.is_ok(), "{outcome:?}");
    let signature = &request.headers["authorization"];
    assert!(
        signature.starts_with("AWS4-HMAC-SHA256 Credential=AKID/20270115/us-east-1/ses/aws4_request, SignedHeaders="),
        "{signature}"
    );
    assert!(!signature.contains("s3cret"));
    let body = json(&request);
    assert_eq!(body["Destination"]["ToAddresses"][0], "ada@example.net");
    let letter = BASE64_STANDARD
        .decode(body["Content"]["Raw"]["Data"].as_str().unwrap())
        .unwrap();
    assert!(
        String::from_utf8(letter)
            .unwrap()
            .contains("Auto-Submitted: auto-generated\r\n")
    );
}

#[tokio::test]
async fn a_template_of_ones_own_is_filled() {
    let folder = crate::kit::database::Folder::new();
    let file = folder.0.join("mail.json");
    std::fs::write(
        &file,
        r#"{"personalizations":[{"to":[{"email":"{to}"}]}],"s":"{subject}","c":"{text}"}"#,
    )
    .unwrap();
    let service = Service::answering(&answer("202 Accepted", "", "")).await;

    let settings = [("AUTHARA_MAIL_TEMPLATE_FILE", file.to_str().unwrap())];
    let (outcome, request) = service.send(&settings, "/send").await;

    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(request.headers["authorization"], "Bearer k3y");
    assert_eq!(
        json(&request)["personalizations"][0]["to"][0]["email"],
        "ada@example.net"
    );
}

#[tokio::test]
async fn each_error_has_its_meaning() {
    type Meaning = fn(&NotSent) -> bool;
    let setup: Meaning = |not_sent| matches!(not_sent, NotSent::Setup(_));
    let later: Meaning = |not_sent| matches!(not_sent, NotSent::Later(_, None));
    let wait: Meaning =
        |not_sent| matches!(not_sent, NotSent::Later(_, Some(after)) if *after == Duration::from_secs(7));
    let letter: Meaning = |not_sent| matches!(not_sent, NotSent::LetterRefused(_));

    for (status, headers, body, meaning) in [
        ("401 Unauthorized", "", r#"{"name":"missing_api_key"}"#, setup),
        ("403 Forbidden", "", "Forbidden", setup),
        ("402 Payment Required", "", "", setup),
        (
            "422 Unprocessable",
            "",
            r#"{"message":"domain is not verified"}"#,
            setup,
        ),
        ("429 Too Many Requests", "retry-after: 7\r\n", "", wait),
        ("413 Too Large", "", "", letter),
        ("500 Oops", "", "<html>", later),
        ("503 Busy", "", "", later),
        // A redirect would take the key elsewhere.
        ("302 Found", "location: http://127.0.0.1:1/\r\n", "", setup),
        // Something in between answered.
        ("200 OK", "", "<html>welcome</html>", later),
    ] {
        let service = Service::answering(&answer(status, headers, body)).await;
        let (outcome, _) = service.send(&[("AUTHARA_MAIL_PRESET", "resend")], "/emails").await;
        let not_sent = outcome.unwrap_err();
        assert!(meaning(&not_sent), "{status}: {not_sent:?}");
        assert!(!not_sent.words().contains("k3y"), "{not_sent:?}");
    }
}

#[tokio::test]
async fn an_address_that_postmark_knows_as_dead_is_refused() {
    for (code, is_refused) in [("406", true), ("300", true), ("400", false), ("412", false)] {
        let body = format!(r#"{{"ErrorCode":{code},"Message":"You tried to send to ada@example.net"}}"#);
        let service = Service::answering(&answer("422 Unprocessable", "", &body)).await;
        let (outcome, _) = service.send(&[("AUTHARA_MAIL_PRESET", "postmark")], "/email").await;
        let not_sent = outcome.unwrap_err();
        assert_eq!(
            matches!(not_sent, NotSent::AddressRefused(_)),
            is_refused,
            "{code}: {not_sent:?}"
        );
        assert!(!not_sent.words().contains("ada@"), "{not_sent:?}");
    }
}

#[tokio::test]
async fn a_service_that_does_not_answer_is_given_up() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());

    let outcome = send(
        &[("AUTHARA_MAIL_PRESET", "resend"), ("AUTHARA_EMAIL_TIMEOUT", "1s")],
        &url,
    )
    .await;

    assert!(matches!(outcome, Err(NotSent::Later(_, None))), "{outcome:?}");
}
