//! The keys that sign and verify access tokens.

use crate::crypto::derive::Key;
use crate::domain::signing_key::SigningKey;
use crate::domain::{Secret, Timestamp};

/// How access tokens are signed (`AUTHARA_JWT_ALGORITHM`). The token's header never chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// A shared secret, for the older Go SDK.
    Hs256,
}

/// A set of keys, one of which signs. Cheap to clone behind an `Arc`; replaced as a whole.
pub struct KeySet {}

/// Why a set cannot be built. Names key ids, never key material.
#[derive(Debug, thiserror::Error)]
pub enum BadKeys {
    /// The root secret is not the one under which the key was sealed.
    #[error("signing key {0} cannot be opened with this AUTHARA_SECRET_KEY")]
    Sealed(String),
    /// No key is allowed to sign now.
    #[error("no signing key is active")]
    NoneActive,
    /// A key from the settings has the wrong length.
    #[error("key {id} has {found} bytes, {wanted}")]
    Length {
        /// The key's id.
        id: String,
        /// What it has.
        found: usize,
        /// What it must have, in words.
        wanted: &'static str,
    },
}

impl KeySet {
    /// From the database's keys: the newest whose `active_from` has come signs, all that
    /// [`SigningKey::verifies_at`] `now` verify, all not retired are published.
    pub fn from_database(_keys: &[SigningKey], _seal: &Key, _now: Timestamp) -> Result<Self, BadKeys> {
        todo!()
    }

    /// From `AUTHARA_JWT_KEYS`: 32-byte seeds for Ed25519, at least 32 bytes for HS256.
    pub fn from_settings(_algorithm: Algorithm, _keys: &[(String, Vec<u8>)], _active: &str) -> Result<Self, BadKeys> {
        todo!()
    }

    /// The id of the key that signs.
    pub fn active_id(&self) -> &str {
        todo!()
    }

    /// The JSON Web Key Set (RFC 7517, RFC 8037); empty with HS256.
    pub fn jwks(&self) -> &str {
        todo!()
    }
}

/// Makes a fresh Ed25519 key, sealed for the database; its id is the RFC 7638 thumbprint's start.
pub fn generate(_seal: &Key, _now: Timestamp, _active_from: Timestamp) -> SigningKey {
    todo!()
}

/// 32 fresh random bytes as base64: a root secret or a seed for `AUTHARA_JWT_KEYS`.
pub fn generate_seed() -> Secret {
    todo!()
}
