//! JSON bodies: closed objects, every member once, no `null`, no other shape for a value.
//!
//! The strictness sits in the types: every body derives `Deserialize` with `deny_unknown_fields`,
//! which also refuses a member that comes twice, and has only scalar members, so nothing nests.

use hyper::HeaderMap;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};

use crate::domain::Refusal;
use crate::http::form::is_type;

/// Reads a body of the closed type `B`.
pub fn parse<B: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<B, Refusal> {
    if !is_type(headers, "application/json") {
        return Err(Refusal::BadRequest("the body must be application/json"));
    }
    // serde would also take `["a","b"]` for an object with two members.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Refusal::BadRequest("the body must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| refusal(&error.to_string()))
}

/// What is wrong, as far as it can be told without a value: those may be secret. Names are told.
fn refusal(error: &str) -> Refusal {
    /// Characters of a name that are told.
    const LONGEST: usize = 40;

    let problems = [
        ("unknown field `", "is not known here"),
        ("missing field `", "is missing"),
        ("duplicate field `", "came twice"),
    ];
    let told = problems.iter().find_map(|(beginning, problem)| {
        let (name, _) = error.strip_prefix(beginning)?.split_once('`')?;
        Some((name, *problem))
    });
    let Some((name, problem)) = told else {
        return Refusal::BadRequest("the body is not what this route takes");
    };
    let is_plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    let name = name.chars().map(|letter| if is_plain(&letter) { letter } else { '?' });
    Refusal::Member {
        name: name.take(LONGEST).collect(),
        problem,
    }
}

/// For an optional member: absent is `None`, `null` is refused.
/// Goes with `#[serde(default, deserialize_with = "json::present")]`.
pub fn present<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    use hyper::header::{CONTENT_TYPE, HeaderValue};

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        name: String,
        #[serde(default, deserialize_with = "present")]
        note: Option<String>,
    }

    fn read(body: &str) -> Option<Sample> {
        read_as("application/json", body)
    }

    fn read_as(kind: &'static str, body: &str) -> Option<Sample> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        parse(&headers, body.as_bytes()).ok()
    }

    #[test]
    fn a_closed_object_is_read() {
        let sample = read(r#" {"name":"a","note":"b"} "#).expect("an object");

        assert_eq!((sample.name.as_str(), sample.note.as_deref()), ("a", Some("b")));
        assert_eq!(read(r#"{"name":"a\u0000"}"#).expect("an object").name, "a\0");
        assert!(read_as("Application/JSON; charset=utf-8", r#"{"name":"a"}"#).is_some());
    }

    #[test]
    fn everything_but_the_one_shape_is_refused() {
        let deep = format!(r#"{{"name":{}}}"#, "[".repeat(100_000));
        for body in [
            "",
            "null",
            "\"a\"",
            r#"["a","b"]"#,
            "{",
            "{}",
            r#"{"name":"a"}x"#,
            r#"{"name":"a","name":"a"}"#,
            r#"{"name":"a","n\u0061me":"a"}"#,
            r#"{"name":"a","other":1}"#,
            r#"{"name":null}"#,
            r#"{"name":"a","note":null}"#,
            r#"{"name":["a"]}"#,
            r#"{"name":{"name":"a"}}"#,
            r#"{"name":1}"#,
            r#"{"name":"\ud800"}"#,
            &deep,
        ] {
            assert_eq!(read(body), None, "{}", body.get(..40).unwrap_or(body));
        }
    }

    #[test]
    fn another_content_type_is_refused() {
        for kind in [
            "text/plain",
            "application/json-patch+json",
            "application/x-www-form-urlencoded",
            "",
        ] {
            assert_eq!(read_as(kind, r#"{"name":"a"}"#), None, "{kind}");
        }
    }

    fn told(body: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let refused: Result<Sample, Refusal> = parse(&headers, body.as_bytes());
        refused.expect_err("it is refused").to_string()
    }

    #[test]
    fn the_member_that_is_wrong_is_named_and_no_value_is() {
        assert_eq!(told(r#"{"name":"a","other":1}"#), "the member other is not known here");
        assert_eq!(told("{}"), "the member name is missing");
        assert_eq!(told(r#"{"name":"a","name":"b"}"#), "the member name came twice");
        let odd = r#"{"<b>\u202e`x":1}"#;
        assert_eq!(told(odd), "the member ?b?? is not known here");
        let long = format!(r#"{{"{}":1}}"#, "x".repeat(1000));
        assert_eq!(told(&long).len(), "the member  is not known here".len() + 40);
        for secret in [
            r#"{"name":123456789}"#,
            r#"{"name":"123456789"x"#,
            r#"{"name":["123456789"]}"#,
        ] {
            assert!(!told(secret).contains("123456789"), "{secret}");
        }
    }
}
