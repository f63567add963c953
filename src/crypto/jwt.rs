//! Access tokens: strict JWTs (RFC 7519, 8725), made and checked by hand over one key set.
//!
//! A token is only ever read by the server that made it, so the header must be exactly the one
//! that [`sign`] writes: three members, nothing beside them. That refuses `crit`, `b64`, `jku`, `jwk`,
//! `x5u`, `x5c` and whatever comes after them without a list. Unknown *claims* are passed over,
//! so that a newer instance may add one while an older one still runs beside it; claims that a
//! request can do without may be absent, and roles, audiences and methods that are not known are
//! passed over, so that the older one accepts what the newer one signed.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::crypto::keys::KeySet;
use crate::crypto::strict_json;
use crate::domain::organization::OrganizationRole;
use crate::domain::time::LEEWAY;
use crate::domain::{
    Audience, Claims, Email, Methods, OrganizationId, PlatformRole, Secret, SessionId, Timestamp, TokenId, UserId,
};

/// Bytes of the longest token that is looked at.
const LONGEST: usize = 8 * 1024;
/// Bytes that a token of ours usually takes.
const USUAL: usize = 1024;

/// The first part of a token.
#[derive(Serialize)]
struct Header<'a> {
    alg: &'static str,
    kid: &'a str,
    typ: &'static str,
}

/// The second part, as it is written.
#[derive(Serialize)]
struct Payload<'a> {
    iss: &'a str,
    sub: Shown<UserId>,
    aud: &'static [&'static str],
    iat: i64,
    exp: i64,
    jti: Option<Shown<TokenId>>,
    sid: Shown<SessionId>,
    org_id: Shown<OrganizationId>,
    org_role: &'static str,
    roles: Vec<&'static str>,
    email: Option<&'a str>,
    email_verified: bool,
    auth_time: i64,
    amr: Vec<&'a str>,
}

/// What is written as it is shown.
struct Shown<T>(T);

impl<T: Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Signs claims with the active key: header `alg`, `kid`, `typ: "JWT"`.
pub fn sign(keys: &KeySet, issuer: &str, claims: &Claims) -> Secret {
    let header = Header {
        alg: keys.algorithm().name(),
        kid: keys.active_id(),
        typ: "JWT",
    };
    let payload = Payload {
        iss: issuer,
        sub: Shown(claims.user),
        aud: claims.audience.claim(),
        iat: claims.issued_at.seconds(),
        exp: claims.expires_at.seconds(),
        jti: claims.token.map(Shown),
        sid: Shown(claims.session),
        org_id: Shown(claims.organization),
        org_role: claims.organization_role.name(),
        roles: claims.roles.iter().map(|role| role.claim()).collect(),
        email: claims.email.as_ref().map(Email::as_str),
        email_verified: claims.email_verified,
        auth_time: claims.authenticated_at.seconds(),
        amr: claims.methods.names().collect(),
    };
    let mut token = String::with_capacity(USUAL);
    write_part(&header, &mut token);
    token.push('.');
    write_part(&payload, &mut token);
    let signature = keys.sign(token.as_bytes());
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);

    Secret::new(token)
}

fn write_part(part: &impl Serialize, token: &mut String) {
    let json = serde_json::to_vec(part).expect("texts, numbers and lists of them can always be written");
    URL_SAFE_NO_PAD.encode_string(json, token);
}

/// The token is not one of ours, or not any more. Deliberately without a reason: nobody outside may learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;

/// Checks signature, issuer, audience, time (30 s leeway on `exp` and `iat`) and every claim's type. `auth_time`
/// may lie ahead: a session that began before the clock was set back goes on.
///
/// Refused: another algorithm than the key's, an unknown `kid`, `crit`, `b64` and every other
/// header member beyond our three, duplicate members, non-canonical base64, anything longer than 8 KiB.
pub fn verify(
    keys: &KeySet,
    issuer: &str,
    audience: Audience,
    token: &str,
    now: Timestamp,
) -> Result<Claims, Rejected> {
    let signed = read(keys, issuer, token).ok_or(Rejected)?;
    if signed.opens(audience, now) {
        Ok(signed.claims)
    } else {
        Err(Rejected)
    }
}

/// What a token says whose form, signature and issuer are right. Whether its time has come, and
/// what it opens, is another question, for the answer changes.
#[derive(Debug)]
pub(super) struct Signed {
    /// The key that signed it.
    pub(super) kid: String,
    pub(super) claims: Claims,
    /// `nbf`: ours never have it, but it is honoured.
    not_before: Option<i64>,
}

impl Signed {
    /// Whether it opens `audience` now.
    pub(super) fn opens(&self, audience: Audience, now: Timestamp) -> bool {
        let (latest, earliest) = ((now + LEEWAY).seconds(), (now - LEEWAY).seconds());
        let has_come = |at: i64| at <= latest;
        let claims = &self.claims;

        earliest < claims.expires_at.seconds()
            && has_come(claims.issued_at.seconds())
            && self.not_before.is_none_or(has_come)
            && claims.audience.opens(audience)
    }
}

/// Reads a token; `None` if it is not one of ours.
pub(super) fn read(keys: &KeySet, issuer: &str, token: &str) -> Option<Signed> {
    let (kid, payload) = signed_payload(keys, token)?;
    let claims = Members(strict_json::object(&payload)?);
    let not_before = match claims.0.get("nbf") {
        Some(value) => Some(value.as_i64()?),
        None => None,
    };
    let claims = (claims.text("iss") == Some(issuer)).then(|| claims.read())??;
    Some(Signed {
        kid,
        claims,
        not_before,
    })
}

/// Key id and second part of a token whose header is ours and whose signature is right.
fn signed_payload(keys: &KeySet, token: &str) -> Option<(String, Vec<u8>)> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, payload) = signed.split_once('.')?;
    // The engine wants no padding and no stray bits, and knows no dot: three parts, one spelling.
    let header = strict_json::object(&URL_SAFE_NO_PAD.decode(header).ok()?)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;

    let header = Members(header);
    let is_our_form = header.0.len() == 3 && header.text("typ") == Some("JWT");
    let (kid, alg) = (header.text("kid")?, header.text("alg")?);

    (is_our_form && keys.accepts(kid, alg, signed.as_bytes(), &signature)).then(|| (kid.to_owned(), payload))
}

/// Members of a JSON object. A member of another type than asked for counts as a refusal, not as absent.
struct Members(Map<String, Value>);

impl Members {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// Whole seconds; `1.0` and `1e3` are no integers.
    fn seconds(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    fn texts(&self, name: &str) -> Option<Vec<&str>> {
        self.0.get(name)?.as_array()?.iter().map(Value::as_str).collect()
    }

    /// A claim that a token of another version may lack. `Err` if it is there and cannot be read.
    fn optional<T>(&self, name: &str, read: impl FnOnce(&Value) -> Option<T>) -> Result<Option<T>, Rejected> {
        let value = self.0.get(name);
        value.map(|value| read(value).ok_or(Rejected)).transpose()
    }

    fn read(&self) -> Option<Claims> {
        let mut listed = self.texts("aud")?;
        listed.retain(|name| Audience::parse(name).is_some());
        let audience = Audience::ALL.into_iter().find(|audience| audience.claim() == listed)?;
        let email = |value: &Value| {
            let text = value.as_str()?;
            Email::parse(text).filter(|parsed| parsed.as_str() == text)
        };
        let roles = self.texts("roles")?;
        let auth_time = self.optional("auth_time", Value::as_i64).ok()?;
        let methods = self.optional("amr", |_| Methods::read(self.texts("amr")?)).ok()?;
        Some(Claims {
            token: self.optional("jti", |value| value.as_str()?.parse().ok()).ok()?,
            user: self.text("sub")?.parse().ok()?,
            session: self.text("sid")?.parse().ok()?,
            audience,
            organization: self.text("org_id")?.parse().ok()?,
            organization_role: OrganizationRole::parse(self.text("org_role")?)?,
            roles: roles.into_iter().filter_map(PlatformRole::from_claim).collect(),
            email: self.optional("email", email).ok()?,
            email_verified: self.optional("email_verified", Value::as_bool).ok()?.unwrap_or(false),
            // Without it the proof is of no known time: no request that asks for a recent one passes.
            authenticated_at: Timestamp::from_seconds(auth_time.unwrap_or(0)),
            methods: methods.unwrap_or_default(),
            issued_at: Timestamp::from_seconds(self.seconds("iat")?),
            expires_at: Timestamp::from_seconds(self.seconds("exp")?),
        })
    }
}
