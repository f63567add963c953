//! Form bodies: `application/x-www-form-urlencoded`, every field once.

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;

use crate::domain::{Refusal, Secret};

/// Fields of one form; no form of ours comes near it.
const MOST_FIELDS: usize = 64;

/// A form as it was sent.
#[derive(Debug, Default)]
pub struct Form {
    fields: Vec<(String, Secret)>,
}

impl Form {
    /// Reads a form body. No body at all is an empty form.
    pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Refusal> {
        if body.is_empty() {
            return Ok(Self::default());
        }
        if !is_type(headers, "application/x-www-form-urlencoded") {
            return Err(Refusal::BadRequest("the body must be a form"));
        }
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            if form.fields.len() == MOST_FIELDS {
                return Err(Refusal::BadRequest("the form has too many fields"));
            }
            if form.fields.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::BadRequest("a form field came twice"));
            }
            // Bytes that are not UTF-8 would all become this one character: two passwords in one.
            if value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(Refusal::BadRequest("a form field is not UTF-8"));
            }
            form.fields.push((name.into_owned(), Secret::new(value)));
        }
        Ok(form)
    }

    /// A field as typed; empty if it was not sent.
    pub fn get(&self, name: &str) -> &str {
        self.fields
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value.expose())
    }

    /// A field that must not be shown.
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.get(name))
    }
}

/// Whether the one `Content-Type` of a request is `wanted`, parameters aside.
pub fn is_type(headers: &HeaderMap, wanted: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let essence = only.to_str().unwrap_or("").split(';').next().unwrap_or("");
    essence.trim().eq_ignore_ascii_case(wanted)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn form(body: &[u8]) -> Result<Form, Refusal> {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"),
        );
        Form::parse(&headers, body)
    }

    #[test]
    fn fields_are_decoded_and_never_trimmed() {
        let form = form(b"email=a%40b.c&password=+p%20ss+&empty=").expect("a form");

        assert_eq!(form.get("email"), "a@b.c");
        assert_eq!(form.get("password"), " p ss ");
        assert_eq!(form.get("empty"), "");
        assert_eq!(form.get("missing"), "");
    }

    #[test]
    fn a_field_that_comes_twice_is_refused() {
        assert!(form(b"a=1&a=1").is_err());
        assert!(form(b"a=1&%61=2").is_err());
    }

    #[test]
    fn bytes_that_are_not_text_are_refused() {
        assert!(form(b"password=%ff%fe").is_err());
    }

    #[test]
    fn a_flood_of_fields_is_refused() {
        let fields = |count: usize| (0..count).map(|n| format!("f{n}=")).collect::<Vec<_>>().join("&");

        assert!(form(fields(64).as_bytes()).is_ok());
        assert!(form(fields(65).as_bytes()).is_err());
    }

    #[test]
    fn another_type_is_refused_unless_there_is_no_body() {
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("multipart/form-data; boundary=x"),
        );

        assert!(Form::parse(&headers, b"a=1").is_err());
        assert!(Form::parse(&HeaderMap::new(), b"a=1").is_err());
        assert!(Form::parse(&HeaderMap::new(), b"").is_ok());
    }
}
