//! Opaque tokens: 32 random bytes as 43 characters of base64url, stored as SHA-256.

use crate::crypto::derive::Key;
use crate::domain::{Secret, TokenHash};

/// A new token.
pub fn new() -> Secret {
    todo!()
}

/// The hash under which a token is stored. `None` if the text is not of a token's form.
pub fn hash(_token: &Secret) -> Option<TokenHash> {
    todo!()
}

/// The token that follows `token` in its chain after `steps` exchanges:
/// HMAC-SHA256 with `key` (purpose `RefreshSuccessor`) over the token's text, `steps` times over.
pub fn successor(_key: &Key, _token: &Secret, _steps: u32) -> Secret {
    todo!()
}
