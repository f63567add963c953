//! Forms: every field once and as it was sent, or nothing at all.

#![no_main]

use std::collections::BTreeMap;

use authara::http::form::Form;
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    headers.insert(CONTENT_TYPE, kind);

    let fields: Vec<_> = form_urlencoded::parse(body).collect();
    let by_name: BTreeMap<&str, &str> = fields.iter().map(|(name, value)| (&**name, &**value)).collect();
    let is_sound = fields.len() <= 64
        && by_name.len() == fields.len()
        && !by_name
            .values()
            .any(|value| value.contains(char::REPLACEMENT_CHARACTER));

    match Form::parse(&headers, body) {
        Ok(form) => {
            assert!(is_sound);
            for (name, value) in by_name {
                assert_eq!(form.get(name), value);
                assert_eq!(form.secret(name).expose(), value);
            }
        }
        Err(_) => assert!(!is_sound),
    }
    assert!(body.is_empty() || Form::parse(&HeaderMap::new(), body).is_err());
});
