//! The keys that sign and verify access tokens.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypto::derive::Key;
use crate::crypto::{random, seal};
use crate::domain::signing_key::{SigningKey, signing};
use crate::domain::{Secret, Timestamp};

/// How access tokens are signed (`AUTHARA_JWT_ALGORITHM`). The token's header never chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037).
    EdDsa,
    /// A shared secret, for the older Go SDK.
    Hs256,
}

impl Algorithm {
    /// The name in a token's header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

/// A set of keys, one of which signs. Cheap to clone behind an `Arc`; replaced as a whole.
pub struct KeySet {
    algorithm: Algorithm,
    active_id: String,
    signer: Signer,
    verifiers: Vec<(String, Verifier)>,
    jwks: String,
}

enum Signer {
    EdDsa(Box<ed25519_dalek::SigningKey>),
    Hs256(Zeroizing<Vec<u8>>),
}

enum Verifier {
    EdDsa(Box<VerifyingKey>),
    Hs256(Zeroizing<Vec<u8>>),
}

/// Why a set cannot be built. Names key ids, never key material.
#[derive(Debug, thiserror::Error)]
pub enum BadKeys {
    /// The root secret is not the one under which the key was sealed, or its two halves do not belong together.
    #[error(
        "signing key {0} cannot be opened with this AUTHARA_SECRET_KEY; use the one that this database was made with"
    )]
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
    /// From the database's keys: the one that [`signing`] names signs, all that
    /// [`SigningKey::verifies_at`] `now` verify, all not retired are published.
    ///
    /// Every one of them must open: who can only write to the database cannot slip in a public key.
    pub fn from_database(keys: &[SigningKey], seal: &Key, now: Timestamp) -> Result<Self, BadKeys> {
        let mut live: Vec<&SigningKey> = keys.iter().filter(|key| key.verifies_at(now)).collect();
        live.sort_by_key(|key| (key.active_from, key.created_at));
        let active = signing(keys, now).and_then(|key| live.iter().position(|one| one.id == key.id));

        let opened = live
            .iter()
            .map(|key| Ok((key.id.clone(), open(key, seal)?)))
            .collect::<Result<Vec<_>, BadKeys>>()?;
        Self::eddsa(opened, active)
    }

    /// From `AUTHARA_JWT_KEYS`: 32-byte seeds for Ed25519, at least 32 bytes for HS256.
    pub fn from_settings(algorithm: Algorithm, keys: &[(String, Vec<u8>)], active: &str) -> Result<Self, BadKeys> {
        let active = keys.iter().position(|(id, _)| id == active);
        let wrong = |(id, bytes): &(String, Vec<u8>), wanted| BadKeys::Length {
            id: id.clone(),
            found: bytes.len(),
            wanted,
        };
        match algorithm {
            Algorithm::EdDsa => {
                let read = |key: &(String, Vec<u8>)| {
                    let seed = key.1.as_slice().try_into();
                    let seed = seed.map_err(|_| wrong(key, "EdDSA needs exactly 32"))?;
                    Ok((key.0.clone(), ed25519_dalek::SigningKey::from_bytes(seed)))
                };
                Self::eddsa(keys.iter().map(read).collect::<Result<_, BadKeys>>()?, active)
            }
            Algorithm::Hs256 => {
                if let Some(key) = keys.iter().find(|(_, bytes)| bytes.len() < 32) {
                    return Err(wrong(key, "HS256 needs at least 32"));
                }
                let (active_id, secret) = &keys[active.ok_or(BadKeys::NoneActive)?];
                let own = |bytes: &Vec<u8>| Zeroizing::new(bytes.clone());
                Ok(Self {
                    algorithm,
                    active_id: active_id.clone(),
                    signer: Signer::Hs256(own(secret)),
                    verifiers: keys
                        .iter()
                        .map(|(id, bytes)| (id.clone(), Verifier::Hs256(own(bytes))))
                        .collect(),
                    jwks: jwks(&[]),
                })
            }
        }
    }

    fn eddsa(mut keys: Vec<(String, ed25519_dalek::SigningKey)>, active: Option<usize>) -> Result<Self, BadKeys> {
        let active = active.ok_or(BadKeys::NoneActive)?;
        let public: Vec<_> = keys.iter().map(|(id, key)| (id.clone(), key.verifying_key())).collect();
        let (active_id, private) = keys.swap_remove(active);
        Ok(Self {
            algorithm: Algorithm::EdDsa,
            active_id,
            signer: Signer::EdDsa(Box::new(private)),
            jwks: jwks(&public),
            verifiers: public
                .into_iter()
                .map(|(id, key)| (id, Verifier::EdDsa(Box::new(key))))
                .collect(),
        })
    }

    /// The id of the key that signs.
    pub fn active_id(&self) -> &str {
        &self.active_id
    }

    /// The one algorithm of every key in the set.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the key of exactly that id verifies tokens.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.verifiers.iter().any(|(known, _)| known == id)
    }

    /// The JSON Web Key Set (RFC 7517, RFC 8037); empty with HS256.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Signs with the active key.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.signer {
            Signer::EdDsa(key) => key.sign(message).to_vec(),
            Signer::Hs256(secret) => hmac(secret).chain_update(message).finalize().into_bytes().to_vec(),
        }
    }

    /// Whether the key of exactly that id signed the message.
    pub(super) fn accepts(&self, id: &str, message: &[u8], signature: &[u8]) -> bool {
        let Some((_, verifier)) = self.verifiers.iter().find(|(known, _)| known == id) else {
            return false;
        };
        match verifier {
            Verifier::EdDsa(key) => accepts(key, message, signature),
            // Compares in constant time.
            Verifier::Hs256(secret) => hmac(secret).chain_update(message).verify_slice(signature).is_ok(),
        }
    }
}

/// Whether an Ed25519 signature is right, by the strict rules: canonical encodings, no points of
/// small order. The one check behind every token that is not HS256.
pub fn ed25519_accepts(public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    VerifyingKey::from_bytes(public).is_ok_and(|key| accepts(&key, message, signature))
}

fn accepts(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
}

fn hmac(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of every length")
}

fn open(key: &SigningKey, seal: &Key) -> Result<ed25519_dalek::SigningKey, BadKeys> {
    let seed = seal::open(seal, &context(&key.id), &key.sealed);
    let private = seed
        .and_then(|seed| {
            seed.as_slice()
                .try_into()
                .ok()
                .map(ed25519_dalek::SigningKey::from_bytes)
        })
        .filter(|private| private.verifying_key().as_bytes().as_slice() == key.public);
    private.ok_or_else(|| BadKeys::Sealed(key.id.clone()))
}

/// Binds a sealed key to its id.
fn context(id: &str) -> String {
    format!("signing key {id}")
}

fn jwks(keys: &[(String, VerifyingKey)]) -> String {
    let key = |(id, key): &(String, VerifyingKey)| {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "use": "sig",
            "alg": Algorithm::EdDsa.name(),
            "kid": id,
            "x": URL_SAFE_NO_PAD.encode(key.as_bytes()),
        })
    };
    json!({ "keys": keys.iter().map(key).collect::<Vec<_>>() }).to_string()
}

/// The thumbprint of an Ed25519 public key (RFC 7638, RFC 8037 A.3).
pub fn thumbprint(public: &[u8; 32]) -> String {
    let x = URL_SAFE_NO_PAD.encode(public);
    // The members and their order are fixed by the RFC.
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
}

/// Characters of a thumbprint that name a key: 96 bits, more than enough to tell a few apart.
const ID_LENGTH: usize = 16;

/// Makes a fresh Ed25519 key, sealed for the database; its id is the RFC 7638 thumbprint's start.
pub fn generate(seal: &Key, now: Timestamp, active_from: Timestamp) -> SigningKey {
    let seed = Zeroizing::new(random::bytes::<32>());
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    let id: String = thumbprint(&public).chars().take(ID_LENGTH).collect();
    SigningKey {
        sealed: seal::seal(seal, &context(&id), &*seed),
        public: public.to_vec(),
        created_at: now,
        active_from,
        retired_at: None,
        id,
    }
}

/// 32 fresh random bytes as base64: a root secret or a seed for `AUTHARA_JWT_KEYS`.
pub fn generate_seed() -> Secret {
    let seed = Zeroizing::new(random::bytes::<32>());
    Secret::new(STANDARD.encode(*seed))
}

#[cfg(test)]
mod tests;
