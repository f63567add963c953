//! Checks an access token the way any application can: with public keys, and asking nobody.
//!
//! This is the whole job of an application that stands beside Authara. Libraries for JSON Web
//! Tokens do the same in a line or two; here it is spelled out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::crypto::keys::Public;

/// What an application knows about the tokens it takes.
pub(super) struct Expected<'a> {
    /// The JSON Web Key Set of `/auth/.well-known/jwks.json`.
    pub(super) jwks: &'a str,
    /// Who must have made the token.
    pub(super) issuer: &'a str,
    /// Whom it must be for.
    pub(super) audience: &'a str,
    /// Seconds since 1970.
    pub(super) now: i64,
}

/// The claims of a token that is valid now; `None` for every other, whatever is wrong with it.
pub(super) fn claims(token: &str, expected: &Expected<'_>) -> Option<Map<String, Value>> {
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    let header = object(header)?;

    let key = public_key(expected.jwks, header.get("kid")?.as_str()?)?;
    // The key says which algorithm is right. Who lets the token say so takes `none` too.
    if header.get("alg")?.as_str()? != key.algorithm().name() {
        return None;
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !key.accepts(signed.as_bytes(), &signature) {
        return None;
    }

    let claims = object(payload)?;
    let is_ours = claims.get("iss")?.as_str()? == expected.issuer;
    let is_for_us = claims
        .get("aud")?
        .as_array()?
        .iter()
        .any(|audience| audience == expected.audience);
    let is_live = claims.get("exp")?.as_i64()? > expected.now;
    (is_ours && is_for_us && is_live).then_some(claims)
}

/// The key of that id in the set: Ed25519, or P-256 as a point (RFC 8037 2, RFC 7518 6.2.1).
fn public_key(jwks: &str, id: &str) -> Option<Public> {
    let set: Value = serde_json::from_str(jwks).ok()?;
    let key = set.get("keys")?.as_array()?.iter().find(|key| key["kid"] == id)?;
    let part = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
    let bytes = match (key["kty"].as_str()?, key["crv"].as_str()?) {
        ("OKP", "Ed25519") => part("x")?,
        ("EC", "P-256") => [vec![4], part("x")?, part("y")?].concat(),
        _ => return None,
    };
    Public::read(&bytes)
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[7; 32])
    }

    fn jwks() -> String {
        let x = URL_SAFE_NO_PAD.encode(key().verifying_key().as_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x }] }).to_string()
    }

    fn header() -> Value {
        json!({ "alg": "EdDSA", "kid": "one", "typ": "JWT" })
    }

    fn payload() -> Value {
        json!({ "iss": "http://localhost/auth", "aud": ["admin", "app"], "exp": NOW + 1, "sub": "ada" })
    }

    fn token(header: &Value, payload: &Value) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(header), encode(payload));
        let signature = key().sign(signed.as_bytes()).to_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn check(token: &str) -> Option<Map<String, Value>> {
        let expected = Expected {
            jwks: &jwks(),
            issuer: "http://localhost/auth",
            audience: "app",
            now: NOW,
        };
        claims(token, &expected)
    }

    #[test]
    fn a_token_that_is_right_says_who_is_calling() {
        let claims = check(&token(&header(), &payload())).expect("accepted");

        assert_eq!(claims["sub"], "ada");
    }

    #[test]
    fn the_signature_covers_header_and_payload() {
        let genuine = token(&header(), &payload());
        let parts: Vec<_> = genuine.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(json!({ "sub": "eve" }).to_string());

        for forged in [
            format!("{}.{other}.{}", parts[0], parts[2]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{}.{}", parts[0], parts[1], "A".repeat(86)),
            format!("{}.{}", parts[0], parts[1]),
            String::new(),
        ] {
            assert_eq!(check(&forged), None, "{forged}");
        }
    }

    #[test]
    fn a_signed_token_is_refused_if_anything_it_says_is_not_expected() {
        let with = |mut value: Value, name: &str, to: Value| {
            value[name] = to;
            value
        };
        for (header, payload) in [
            (with(header(), "alg", json!("none")), payload()),
            (with(header(), "alg", json!("HS256")), payload()),
            (with(header(), "kid", json!("two")), payload()),
            (header(), with(payload(), "iss", json!("http://elsewhere/auth"))),
            (header(), with(payload(), "aud", json!(["admin"]))),
            (header(), with(payload(), "aud", json!("app"))),
            (header(), with(payload(), "exp", json!(NOW))),
            (header(), with(payload(), "exp", Value::Null)),
        ] {
            assert_eq!(check(&token(&header, &payload)), None, "{header} {payload}");
        }
    }
}
