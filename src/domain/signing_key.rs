//! A signing key as the database keeps it: public half open, private half sealed.

use crate::domain::Timestamp;

/// How access tokens are signed (`AUTHARA_JWT_ALGORITHM`). The token's header never chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// ECDSA with P-256 and SHA-256 (RFC 7518 3.4), for libraries that do not know Ed25519.
    Es256,
    /// A shared secret, for the older Go SDK.
    Hs256,
}

impl Algorithm {
    /// The name in a token's header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Es256 => "ES256",
            Self::Hs256 => "HS256",
        }
    }

    /// What a key of it must be in `AUTHARA_JWT_KEYS`.
    pub const fn wanted_key(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA needs exactly 32 bytes",
            Self::Es256 => {
                "ES256 needs a P-256 key in PKCS #8 form, with its public half; make one with: authara key generate --es256"
            }
            Self::Hs256 => "HS256 needs at least 32 bytes",
        }
    }
}

/// One key pair for access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid`.
    pub id: String,
    /// The public key: 32 bytes for Ed25519, an uncompressed point of 65 bytes for P-256.
    pub public: Vec<u8>,
    /// The private key, sealed under a key derived from the root secret.
    pub sealed: Vec<u8>,
    /// When it was made; it is in the JWKS from then on.
    pub created_at: Timestamp,
    /// From when on it signs, if it is the newest such key.
    pub active_from: Timestamp,
    /// Until when it verifies; `None` until a successor has been made.
    pub retired_at: Option<Timestamp>,
}

/// Which of the keys signs now: the newest whose time to sign has come and that is not about to end, of `algorithm`
/// if there is one. While its successor may not sign yet, one that is about to end goes on. If no key's time has
/// come, because the clock was set back since, it is the one that ends or begins first. `None` if no key verifies any
/// more.
pub fn signing(keys: &[SigningKey], algorithm: Algorithm, now: Timestamp) -> Option<&SigningKey> {
    let live = || keys.iter().filter(|key| key.verifies_at(now));
    let due = live().filter(|key| key.active_from <= now).max_by_key(|key| {
        let (is_lasting, is_wanted) = (key.retired_at.is_none(), key.algorithm() == algorithm);
        (is_lasting, is_wanted, key.active_from, key.created_at)
    });
    due.or_else(|| live().min_by_key(|key| (key.retired_at.is_none(), key.active_from, key.created_at)))
}

impl SigningKey {
    /// What it signs with, which the length of its public half tells.
    pub fn algorithm(&self) -> Algorithm {
        match self.public.len() {
            32 => Algorithm::EdDsa,
            _ => Algorithm::Es256,
        }
    }

    /// Whether tokens signed with it are still accepted.
    pub fn verifies_at(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|end| now < end)
    }
}
