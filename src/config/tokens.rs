//! Access tokens: how they are signed, by which keys, and for how long.

use std::time::Duration;

use crate::config::reader::Reader;
use crate::config::server::{Environment, PublicUrl};
use crate::domain::{Algorithm, Secret, key_text};

/// Access tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// `AUTHARA_JWT_ALGORITHM`.
    pub algorithm: Algorithm,
    /// `AUTHARA_JWT_ISSUER`.
    pub issuer: String,
    /// `AUTHARA_JWT_KEYS`, if set: id and key bytes in base64.
    pub keys: Vec<(String, Secret)>,
    /// `AUTHARA_JWT_ACTIVE_KEY_ID`; one of the keys', or empty without keys.
    pub active_key_id: String,
    /// `AUTHARA_ACCESS_TOKEN_TTL_MINUTES`.
    pub ttl: Duration,
}

const KEYS: &str = "AUTHARA_JWT_KEYS";
const ALGORITHM: &str = "AUTHARA_JWT_ALGORITHM";
const ACTIVE: &str = "AUTHARA_JWT_ACTIVE_KEY_ID";

impl Tokens {
    pub(super) fn read(
        reader: &mut Reader<'_>,
        environment: Option<Environment>,
        public_url: Option<&PublicUrl>,
    ) -> Option<Self> {
        let named = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256].map(|one| (one.name(), one));
        let algorithm = reader.one_of(ALGORITHM, &named);
        let issuer = issuer(reader, public_url);
        let ttl = reader
            .number("AUTHARA_ACCESS_TOKEN_TTL_MINUTES")
            .map(Duration::from_mins);
        let keys = keys(reader, algorithm.unwrap_or(Algorithm::EdDsa), environment);
        let active_key_id = keys.as_deref().and_then(|keys| active(reader, keys));
        Some(Self {
            algorithm: algorithm?,
            issuer: issuer?,
            keys: keys?,
            active_key_id: active_key_id?,
            ttl: ttl?,
        })
    }
}

fn issuer(reader: &mut Reader<'_>, public_url: Option<&PublicUrl>) -> Option<String> {
    if !reader.is_set("AUTHARA_JWT_ISSUER") {
        return public_url.map(PublicUrl::issuer);
    }
    reader.parse("AUTHARA_JWT_ISSUER", |text| {
        if text.len() <= 255 && !text.chars().any(char::is_control) {
            Ok(text.to_owned())
        } else {
            Err("must be at most 255 letters without control characters".to_owned())
        }
    })
}

fn keys(
    reader: &mut Reader<'_>,
    algorithm: Algorithm,
    environment: Option<Environment>,
) -> Option<Vec<(String, Secret)>> {
    let Some(text) = reader.text(KEYS) else {
        if algorithm == Algorithm::Hs256 && !reader.is_set(KEYS) {
            reader.problem(
                KEYS,
                "is not set, but AUTHARA_JWT_ALGORITHM=HS256 needs it: id:base64 of at least 32 bytes",
            );
            return None;
        }
        return Some(Vec::new());
    };
    if !reader.is_set(ALGORITHM) {
        reader.problem(
            ALGORITHM,
            "is not set, but AUTHARA_JWT_KEYS is: write HS256 for keys of the older server, EdDSA or ES256 for keys of this one",
        );
        return None;
    }
    let mut keys: Vec<(String, Secret)> = Vec::new();
    let mut problems = Vec::new();
    let mut examples = Vec::new();
    for (number, part) in (1..).zip(text.split(',').map(str::trim)) {
        let Some((id, key)) = part.split_once(':') else {
            problems.push(format!("key {number} has no id; write id:base64, separated by commas"));
            continue;
        };
        if !is_id(id) {
            problems.push(format!(
                "key {number} needs an id of at most 64 letters, digits, - _ and ."
            ));
            continue;
        }
        let key = Secret::new(key);
        match key_text::decode(&key) {
            None => problems.push(format!("key {number} is not base64")),
            Some(bytes) if !fits(algorithm, &bytes) => {
                problems.push(format!(
                    "key {number} has {} bytes; {}",
                    bytes.len(),
                    algorithm.wanted_key()
                ));
            }
            Some(bytes) if key_text::is_example(&bytes) => examples.push(number),
            Some(_) => {}
        }
        if keys.iter().any(|(known, _)| known == id) {
            problems.push(format!("key {number} has the id of an earlier one"));
        }
        keys.push((id.to_owned(), key));
    }
    for number in examples {
        let make = match algorithm {
            Algorithm::Es256 => "authara key generate --es256",
            Algorithm::EdDsa | Algorithm::Hs256 => "authara key generate",
        };
        let text = format!("key {number} is an example value; make your own with: {make}");
        if environment == Some(Environment::Dev) {
            reader.warn(KEYS, text);
        } else {
            problems.push(text);
        }
    }
    let is_right = problems.is_empty();
    for problem in problems {
        reader.problem(KEYS, problem);
    }
    is_right.then_some(keys)
}

/// Whether these bytes may be a key of the algorithm. What is inside of PKCS #8, `crypto` knows.
fn fits(algorithm: Algorithm, bytes: &[u8]) -> bool {
    match algorithm {
        Algorithm::EdDsa => bytes.len() == 32,
        Algorithm::Es256 => key_text::is_p256_pkcs8(bytes),
        Algorithm::Hs256 => bytes.len() >= 32,
    }
}

fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn active(reader: &mut Reader<'_>, keys: &[(String, Secret)]) -> Option<String> {
    let Some(active) = reader.text(ACTIVE) else {
        return match keys {
            [] => Some(String::new()),
            [(only, _)] => Some(only.clone()),
            _ => {
                reader.problem(
                    ACTIVE,
                    "is not set, but AUTHARA_JWT_KEYS has several keys; name the one that signs",
                );
                None
            }
        };
    };
    if keys.is_empty() {
        reader.problem(ACTIVE, "is set, but AUTHARA_JWT_KEYS is not; set both or none");
        return None;
    }
    if keys.iter().any(|(id, _)| id == active) {
        return Some(active.to_owned());
    }
    reader.problem(ACTIVE, "must be the id of one of AUTHARA_JWT_KEYS");
    None
}
