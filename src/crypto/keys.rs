//! The keys that sign and verify access tokens.

mod pair;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;
use zeroize::Zeroizing;

use self::pair::Pair;
pub use self::pair::Public;
use crate::crypto::derive::Key;
use crate::crypto::{random, seal};
use crate::domain::signing_key::{SigningKey, signing};
use crate::domain::{Algorithm, Secret, Timestamp};

/// A set of keys, one of which signs. Cheap to clone behind an `Arc`; replaced as a whole.
pub struct KeySet {
    active_id: String,
    signer: Signer,
    verifiers: Vec<(String, Verifier)>,
    jwks: String,
}

enum Signer {
    Pair(Pair),
    Shared(Zeroizing<Vec<u8>>),
}

enum Verifier {
    Public(Public),
    Shared(Zeroizing<Vec<u8>>),
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
    /// A key from the settings does not have the form that its algorithm needs.
    #[error("AUTHARA_JWT_KEYS: key {0} cannot be used; {needs}", needs = .1.wanted_key())]
    Form(String, Algorithm),
}

impl KeySet {
    /// From the database's keys: the one that [`signing`] names signs, all that
    /// [`SigningKey::verifies_at`] `now` verify, all not retired are published.
    ///
    /// Every one of them must open: who can only write to the database cannot slip in a public key.
    pub fn from_database(
        keys: &[SigningKey],
        algorithm: Algorithm,
        seal: &Key,
        now: Timestamp,
    ) -> Result<Self, BadKeys> {
        let mut live: Vec<&SigningKey> = keys.iter().filter(|key| key.verifies_at(now)).collect();
        live.sort_by_key(|key| (key.active_from, key.created_at));
        let active = signing(keys, algorithm, now).and_then(|key| live.iter().position(|one| one.id == key.id));

        let opened = live
            .iter()
            .map(|key| Ok((key.id.clone(), open(key, seal)?)))
            .collect::<Result<Vec<_>, BadKeys>>()?;
        Self::of_pairs(opened, active)
    }

    /// From `AUTHARA_JWT_KEYS`: seeds of 32 bytes for Ed25519, PKCS #8 for ES256, at least 32 bytes for HS256.
    pub fn from_settings(algorithm: Algorithm, keys: &[(String, Vec<u8>)], active: &str) -> Result<Self, BadKeys> {
        let active = keys.iter().position(|(id, _)| id == active);
        let wrong = |id: &String| BadKeys::Form(id.clone(), algorithm);
        if algorithm != Algorithm::Hs256 {
            let read = |(id, private): &(String, Vec<u8>)| {
                let pair = Pair::read(algorithm, private).ok_or_else(|| wrong(id))?;
                Ok((id.clone(), pair))
            };
            return Self::of_pairs(keys.iter().map(read).collect::<Result<_, BadKeys>>()?, active);
        }

        if let Some((id, _)) = keys.iter().find(|(_, bytes)| bytes.len() < 32) {
            return Err(wrong(id));
        }
        let (active_id, secret) = &keys[active.ok_or(BadKeys::NoneActive)?];
        let own = |bytes: &Vec<u8>| Zeroizing::new(bytes.clone());
        let verifiers = keys
            .iter()
            .map(|(id, bytes)| (id.clone(), Verifier::Shared(own(bytes))));
        Ok(Self {
            active_id: active_id.clone(),
            signer: Signer::Shared(own(secret)),
            verifiers: verifiers.collect(),
            jwks: jwks(&[]),
        })
    }

    fn of_pairs(mut pairs: Vec<(String, Pair)>, active: Option<usize>) -> Result<Self, BadKeys> {
        let active = active.ok_or(BadKeys::NoneActive)?;
        let public: Vec<_> = pairs.iter().map(|(id, pair)| (id.clone(), pair.public())).collect();
        let (active_id, pair) = pairs.swap_remove(active);
        let jwks = jwks(&public);
        let verifiers = public.into_iter().map(|(id, key)| (id, Verifier::Public(key)));
        Ok(Self {
            active_id,
            signer: Signer::Pair(pair),
            verifiers: verifiers.collect(),
            jwks,
        })
    }

    /// The id of the key that signs.
    pub fn active_id(&self) -> &str {
        &self.active_id
    }

    /// What the key that signs signs with.
    pub fn algorithm(&self) -> Algorithm {
        match &self.signer {
            Signer::Pair(pair) => pair.algorithm(),
            Signer::Shared(_) => Algorithm::Hs256,
        }
    }

    /// Whether the key of exactly that id verifies tokens.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.verifier(id).is_some()
    }

    /// The JSON Web Key Set (RFC 7517); empty with HS256.
    pub fn jwks(&self) -> &str {
        &self.jwks
    }

    /// Signs with the active key.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.signer {
            Signer::Pair(pair) => pair.sign(message),
            Signer::Shared(secret) => hmac(secret).chain_update(message).finalize().into_bytes().to_vec(),
        }
    }

    /// Whether the key of exactly that id is of that algorithm and signed the message.
    pub(super) fn accepts(&self, id: &str, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match self.verifier(id) {
            Some(Verifier::Public(key)) => key.algorithm().name() == algorithm && key.accepts(message, signature),
            // Compares in constant time.
            Some(Verifier::Shared(secret)) => {
                Algorithm::Hs256.name() == algorithm
                    && hmac(secret).chain_update(message).verify_slice(signature).is_ok()
            }
            None => false,
        }
    }

    fn verifier(&self, id: &str) -> Option<&Verifier> {
        self.verifiers.iter().find(|(known, _)| known == id).map(|(_, key)| key)
    }
}

fn hmac(secret: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret).expect("HMAC takes keys of every length")
}

fn open(key: &SigningKey, seal: &Key) -> Result<Pair, BadKeys> {
    let private = seal::open(seal, &context(&key.id), &key.sealed);
    let pair = private.and_then(|private| Pair::read(key.algorithm(), &private));
    pair.filter(|pair| pair.public().bytes() == key.public)
        .ok_or_else(|| BadKeys::Sealed(key.id.clone()))
}

/// Binds a sealed key to its id.
fn context(id: &str) -> String {
    format!("signing key {id}")
}

fn jwks(keys: &[(String, Public)]) -> String {
    let keys: Vec<_> = keys.iter().map(|(id, key)| key.jwk(id)).collect();
    json!({ "keys": keys }).to_string()
}

/// Characters of a thumbprint that name a key: 96 bits, more than enough to tell a few apart.
const ID_LENGTH: usize = 16;

/// Makes a fresh key pair, sealed for the database; its id is the RFC 7638 thumbprint's start. With HS256, whose
/// keys are in the settings alone, it is one of Ed25519.
///
/// # Panics
/// If the system has no randomness to give.
pub fn generate(algorithm: Algorithm, seal: &Key, now: Timestamp, active_from: Timestamp) -> SigningKey {
    let algorithm = match algorithm {
        Algorithm::Hs256 => Algorithm::EdDsa,
        pair => pair,
    };
    let private = pair::fresh(algorithm);
    let public = Pair::read(algorithm, &private).expect("it was just made").public();
    let id: String = public.thumbprint().chars().take(ID_LENGTH).collect();
    SigningKey {
        sealed: seal::seal(seal, &context(&id), &private),
        public: public.bytes().to_vec(),
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

/// A fresh P-256 private key for `AUTHARA_JWT_KEYS`: PKCS #8 as base64.
pub fn generate_p256() -> Secret {
    Secret::new(STANDARD.encode(&*pair::fresh(Algorithm::Es256)))
}

#[cfg(test)]
mod tests;
