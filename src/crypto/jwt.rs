//! Access tokens: strict JWTs (RFC 7519, 8725), made and checked by hand over one key set.

use crate::crypto::keys::KeySet;
use crate::domain::{Audience, Claims, Secret, Timestamp};

/// Signs claims with the active key: header `alg`, `kid`, `typ: "JWT"`.
pub fn sign(_keys: &KeySet, _issuer: &str, _claims: &Claims) -> Secret {
    todo!()
}

/// The token is not one of ours, or not any more. Deliberately without a reason: nobody outside may learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rejected;

/// Checks signature, issuer, audience, time (30 s leeway on `exp` and `iat`) and every claim's presence and type.
///
/// Refused: another algorithm than the set's, an unknown `kid`, `crit`, `b64`, duplicate members,
/// non-canonical base64, anything longer than 8 KiB.
pub fn verify(
    _keys: &KeySet,
    _issuer: &str,
    _audience: Audience,
    _token: &str,
    _now: Timestamp,
) -> Result<Claims, Rejected> {
    todo!()
}
