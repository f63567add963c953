//! Floor 2: pure functions on bytes, and the one pool that hashes passwords.
//!
//! | what | primitive | why |
//! |---|---|---|
//! | passwords | scrypt, N=2^15 r=8 p=3 | memory-hard, parameters in the hash |
//! | access tokens | Ed25519 (RFC 8037), or P-256 | those who verify cannot mint |
//! | opaque tokens | 256 random bits, stored as SHA-256 | nothing to steal in the database |
//! | refresh successors | HMAC-SHA256 of the token shown | can be given again without being kept |
//! | one key per purpose | HKDF-SHA256 from the root secret | one secret to keep |
//! | signing keys at rest | ChaCha20-Poly1305 | a copied database signs nothing |

pub mod code;
pub mod derive;
mod fair;
pub mod jwt;
pub mod keys;
pub mod password;
pub mod phc;
pub mod random;
pub mod recall;
pub mod seal;
pub mod stamp;
mod strict_json;
pub mod token;

/// Doors for `tests/fuzz`; no other build has them.
#[cfg(fuzzing)]
pub mod fuzzing {
    /// What comparing with a stored hash would cost, as log N, r and p; `None` for one that is never compared.
    pub fn cost_of(text: &str) -> Option<(u8, u32, u32)> {
        super::phc::cost_of(text).map(|cost| (cost.log_n, cost.r, cost.p))
    }

    /// Reads one JSON object in which no member comes twice.
    pub fn object(text: &[u8]) -> Option<serde_json::Map<String, serde_json::Value>> {
        super::strict_json::object(text)
    }

    /// Signs a text as [`super::jwt::sign`] signs header and payload.
    pub fn signature(keys: &super::keys::KeySet, text: &[u8]) -> Vec<u8> {
        keys.sign(text)
    }
}
