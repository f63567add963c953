//! JSON: closed bodies, and objects in which no member comes twice at any depth.

#![no_main]

use std::collections::BTreeSet;
use std::fmt;

use authara::http::json;
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    email: String,
    password: String,
    #[serde(default, deserialize_with = "json::present")]
    code: Option<String>,
}

fuzz_target!(|text: &[u8]| {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let plain = serde_json::from_slice::<Value>(text).ok();
    let is_unique = serde_json::from_slice::<Unique>(text).is_ok_and(|unique| unique.0);

    if let Ok(body) = json::parse::<Body>(&headers, text) {
        let mut told = serde_json::json!({ "email": body.email, "password": body.password });
        if let Some(code) = body.code {
            told["code"] = code.into();
        }
        assert!(is_unique);
        assert_eq!(plain.as_ref(), Some(&told));
    }

    match authara::crypto::fuzzing::object(text) {
        Some(object) => {
            assert!(is_unique);
            let object = Value::Object(object);
            assert_eq!(plain.as_ref(), Some(&object));
            let again = authara::crypto::fuzzing::object(object.to_string().as_bytes());
            assert_eq!(again.map(Value::Object), Some(object));
        }
        None => assert!(!is_unique || !matches!(plain, Some(Value::Object(_)))),
    }
});

/// Whether no object in a text has two members of one name.
struct Unique(bool);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Names).map(Self)
    }
}

struct Names;

macro_rules! scalars {
    ($($name:ident: $type:ty),*) => { $(fn $name<E>(self, _: $type) -> Result<bool, E> { Ok(true) })* };
}

impl<'de> Visitor<'de> for Names {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut all = true;
        while let Some(Unique(one)) = items.next_element()? {
            all &= one;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut all = true;
        let mut names = BTreeSet::new();
        while let Some((name, Unique(one))) = members.next_entry::<String, Unique>()? {
            all &= one & names.insert(name);
        }
        Ok(all)
    }
}
