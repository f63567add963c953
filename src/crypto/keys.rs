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
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::crypto::derive::{Purpose, RootSecret};

    const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
    const HOUR: Duration = Duration::from_hours(1);

    fn seal_key() -> Key {
        RootSecret::parse(&Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="))
            .expect("a root secret")
            .key(Purpose::SigningKeys)
    }

    fn other_seal_key() -> Key {
        RootSecret::parse(&generate_seed())
            .expect("a root secret")
            .key(Purpose::SigningKeys)
    }

    fn key(active_from: Timestamp, retired_at: Option<Timestamp>) -> SigningKey {
        SigningKey {
            retired_at,
            ..generate(&seal_key(), NOW - HOUR, active_from)
        }
    }

    fn published(set: &KeySet) -> Vec<String> {
        let jwks: serde_json::Value = serde_json::from_str(set.jwks()).expect("JSON");
        let keys = jwks["keys"].as_array().expect("keys");
        keys.iter()
            .map(|key| key["kid"].as_str().expect("a kid").to_owned())
            .collect()
    }

    #[test]
    fn the_newest_key_whose_time_has_come_signs_and_the_rest_verify() {
        let retired = key(NOW - HOUR * 9, Some(NOW));
        let retiring = key(NOW - HOUR * 5, Some(NOW + HOUR));
        let active = key(NOW, None);
        let upcoming = key(NOW + HOUR, None);
        let keys = [&upcoming, &retired, &active, &retiring].map(Clone::clone);

        let set = KeySet::from_database(&keys, &seal_key(), NOW).expect("a set");
        let later = KeySet::from_database(&keys, &seal_key(), NOW + HOUR).expect("a set");

        assert_eq!(set.active_id(), active.id);
        assert_eq!(published(&set), [retiring.id, active.id.clone(), upcoming.id.clone()]);
        assert_eq!(later.active_id(), upcoming.id);
        assert!(later.accepts(&active.id, b"m", &set.sign(b"m")));
        assert!(!later.accepts(&retired.id, b"m", &set.sign(b"m")));
    }

    #[test]
    fn while_the_clock_is_behind_all_keys_the_oldest_signs() {
        let keys = [key(NOW + HOUR * 2, None), key(NOW + HOUR, None)];

        let set = KeySet::from_database(&keys, &seal_key(), NOW).expect("a set");

        assert_eq!(set.active_id(), keys[1].id);
    }

    #[test]
    fn a_set_without_a_key_that_verifies_cannot_be_built() {
        for keys in [vec![], vec![key(NOW - HOUR, Some(NOW))]] {
            let set = KeySet::from_database(&keys, &seal_key(), NOW);

            assert!(matches!(set, Err(BadKeys::NoneActive)));
        }
    }

    #[test]
    fn a_key_of_another_root_secret_or_with_a_foreign_public_half_is_named() {
        let good = key(NOW, None);
        let foreign = SigningKey {
            public: key(NOW, None).public,
            ..good.clone()
        };
        let renamed = SigningKey {
            id: "other".to_owned(),
            ..good.clone()
        };

        let refused = |key: &SigningKey, seal: &Key| match KeySet::from_database(std::slice::from_ref(key), seal, NOW) {
            Err(BadKeys::Sealed(id)) => id == key.id,
            _ => false,
        };

        assert!(refused(&good, &other_seal_key()));
        assert!(refused(&foreign, &seal_key()));
        assert!(refused(&renamed, &seal_key()));
        assert!(!refused(&good, &seal_key()));
    }

    #[test]
    fn keys_from_the_settings_must_have_the_length_of_their_algorithm() {
        let keys = |length| [("k".to_owned(), vec![7; length])];
        for (algorithm, length, fits) in [
            (Algorithm::EdDsa, 31, false),
            (Algorithm::EdDsa, 32, true),
            (Algorithm::EdDsa, 33, false),
            (Algorithm::Hs256, 31, false),
            (Algorithm::Hs256, 32, true),
            (Algorithm::Hs256, 64, true),
        ] {
            let set = KeySet::from_settings(algorithm, &keys(length), "k");
            assert_eq!(set.is_ok(), fits, "{algorithm:?} {length}");
        }
        let unknown = KeySet::from_settings(Algorithm::EdDsa, &keys(32), "K");
        assert!(matches!(unknown, Err(BadKeys::NoneActive)));
    }

    #[test]
    fn the_key_set_shows_public_halves_only() {
        let seeds = [("a".to_owned(), vec![7; 32])];
        let set = KeySet::from_settings(Algorithm::EdDsa, &seeds, "a").expect("a set");
        let shared = KeySet::from_settings(Algorithm::Hs256, &seeds, "a").expect("a set");
        let jwks: serde_json::Value = serde_json::from_str(set.jwks()).expect("JSON");
        let members: Vec<&str> = jwks["keys"][0]
            .as_object()
            .expect("a key")
            .keys()
            .map(String::as_str)
            .collect();

        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
        assert_eq!(shared.jwks(), r#"{"keys":[]}"#);
    }

    /// RFC 8037, appendix A: the key of A.1, its thumbprint of A.3.
    #[test]
    fn the_thumbprint_is_the_published_one() {
        let seed = URL_SAFE_NO_PAD
            .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
            .expect("base64");
        let set = KeySet::from_settings(Algorithm::EdDsa, &[("rfc".to_owned(), seed.clone())], "rfc").expect("a set");
        let public = ed25519_dalek::SigningKey::from_bytes(seed.as_slice().try_into().expect("32 bytes"))
            .verifying_key()
            .to_bytes();

        assert!(
            set.jwks()
                .contains(r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#)
        );
        assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }
}
