//! Signatures of requests to Amazon ("Signature Version 4").

use ring::digest;
use ring::hmac;
use time::macros::format_description;
use ureq::http::request::Builder;

use crate::domain::{Secret, Timestamp};

/// A key of an Amazon account.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Its id.
    pub id: String,
    /// The secret half.
    pub secret: Secret,
}

const SERVICE: &str = "ses";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const CONTENT_TYPE: &str = "application/json";

/// The request with its signature, which is good for a quarter of an hour.
pub(super) fn sign(
    builder: Builder,
    url: &str,
    body: &[u8],
    (credentials, region): (&Credentials, &str),
    at: Timestamp,
) -> Builder {
    let (host, path) = parts(url);
    let signed = [
        ("content-type", CONTENT_TYPE),
        ("host", host),
        ("x-amz-date", &stamp(at)),
    ];
    let value = authorization(("POST", path), &signed, body, (credentials, region, SERVICE), at);
    builder
        .header("content-type", CONTENT_TYPE)
        .header("x-amz-date", stamp(at))
        .header("authorization", value)
}

/// Host and path of an address without a query.
fn parts(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    }
}

fn stamp(at: Timestamp) -> String {
    at.written(format_description!("[year][month][day]T[hour][minute][second]Z"))
}

/// The header. The names of `signed` are in lower case and in their order.
fn authorization(
    (method, path): (&str, &str),
    signed: &[(&str, &str)],
    body: &[u8],
    (credentials, region, service): (&Credentials, &str, &str),
    at: Timestamp,
) -> String {
    let headers = signed.iter().map(|(name, value)| format!("{name}:{value}\n"));
    let headers = headers.collect::<Vec<_>>().concat();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let request = format!(
        "{method}\n{path}\n\n{headers}\n{names}\n{}",
        hex(digest::digest(&digest::SHA256, body).as_ref())
    );
    let day = at.written(format_description!("[year][month][day]"));
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let hash = hex(digest::digest(&digest::SHA256, request.as_bytes()).as_ref());
    let text = format!("{ALGORITHM}\n{}\n{scope}\n{hash}", stamp(at));

    let first = format!("AWS4{}", credentials.secret.expose());
    let key = [day.as_str(), region, service, "aws4_request"]
        .iter()
        .fold(first.into_bytes(), |key, part| mac(&key, part.as_bytes()));
    let signature = hex(&mac(&key, text.as_bytes()));
    format!(
        "{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        credentials.id
    )
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text)
        .as_ref()
        .to_vec()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_signature_of_the_published_example() {
        // `get-vanilla` of Amazon's test suite.
        let credentials = Credentials {
            id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        };
        let at = Timestamp::from_seconds(1_440_938_160);
        let signed = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];

        let header = authorization(("GET", "/"), &signed, b"", (&credentials, "us-east-1", "service"), at);

        assert_eq!(
            header,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }

    #[test]
    fn an_address_has_host_and_path() {
        assert_eq!(
            parts("https://email.eu.amazonaws.com/v2/email"),
            ("email.eu.amazonaws.com", "/v2/email")
        );
        assert_eq!(parts("https://localhost:9"), ("localhost:9", "/"));
    }
}
