//! Key pairs of which applications have the public half: Ed25519, and P-256 for libraries that know no other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::crypto::random;
use crate::domain::Algorithm;

/// Both halves.
pub(super) enum Pair {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    P256(Box<EcdsaKeyPair>),
}

impl Pair {
    /// From what [`fresh`] made; `None` if it is no private key of that algorithm.
    pub(super) fn read(algorithm: Algorithm, private: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::EdDsa => {
                let seed = private.try_into().ok()?;
                Some(Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed))))
            }
            Algorithm::Es256 => {
                let (curve, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
                let pair = EcdsaKeyPair::from_pkcs8(curve, private, &random).ok()?;
                Some(Self::P256(Box::new(pair)))
            }
            Algorithm::Hs256 => None,
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    pub(super) fn public(&self) -> Public {
        match self {
            Self::Ed25519(pair) => Public::Ed25519(Box::new(pair.verifying_key())),
            Self::P256(pair) => Public::P256(pair.public_key().as_ref().to_vec()),
        }
    }

    /// 64 bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.sign(message).to_vec(),
            Self::P256(pair) => {
                let signature = pair.sign(&SystemRandom::new(), message);
                signature.expect("the system gives random bytes").as_ref().to_vec()
            }
        }
    }
}

/// A fresh private key: a seed of 32 bytes for Ed25519, PKCS #8 (RFC 5958) for P-256.
pub(super) fn fresh(algorithm: Algorithm) -> Zeroizing<Vec<u8>> {
    match algorithm {
        Algorithm::Es256 => {
            let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
            Zeroizing::new(made.expect("the system gives random bytes").as_ref().to_vec())
        }
        Algorithm::EdDsa | Algorithm::Hs256 => Zeroizing::new(random::bytes::<32>().to_vec()),
    }
}

/// A public half.
pub enum Public {
    /// RFC 8032.
    Ed25519(Box<VerifyingKey>),
    /// An uncompressed point (SEC 1, 2.3.3).
    P256(Vec<u8>),
}

impl Public {
    /// From 32 bytes of Ed25519 or an uncompressed P-256 point of 65; `None` for others.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match (bytes.len(), bytes.first()) {
            (32, _) => {
                let key = VerifyingKey::try_from(bytes).ok()?;
                Some(Self::Ed25519(Box::new(key)))
            }
            (65, Some(4)) => Some(Self::P256(bytes.to_vec())),
            _ => None,
        }
    }

    /// As [`Public::read`] takes it.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Ed25519(key) => key.as_bytes(),
            Self::P256(point) => point,
        }
    }

    /// What its signatures are made with.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::EdDsa,
            Self::P256(_) => Algorithm::Es256,
        }
    }

    /// Whether a signature of 64 bytes is right; for Ed25519 by the strict rules: canonical encodings,
    /// no points of small order. The one check behind every token that is not HS256.
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => {
                let signature = Signature::from_slice(signature);
                signature.is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
            }
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                .verify(message, signature)
                .is_ok(),
        }
    }

    /// The members that make the key, as text, in the order that RFC 7638 3.3 asks for.
    fn members(&self) -> Vec<(&'static str, String)> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let named = |curve: &str, kind: &str| vec![("crv", curve.to_owned()), ("kty", kind.to_owned())];
        match self {
            Self::Ed25519(key) => {
                let mut members = named("Ed25519", "OKP");
                members.push(("x", encode(key.as_bytes())));
                members
            }
            Self::P256(point) => {
                // The first byte says that both coordinates follow.
                let (x, y) = point[1..].split_at(32);
                let mut members = named("P-256", "EC");
                members.extend([("x", encode(x)), ("y", encode(y))]);
                members
            }
        }
    }

    /// As a JSON Web Key (RFC 7517; RFC 8037 2, RFC 7518 6.2.1).
    pub(super) fn jwk(&self, id: &str) -> Value {
        let mut key = json!({ "use": "sig", "alg": self.algorithm().name(), "kid": id });
        for (name, value) in self.members() {
            key[name] = value.into();
        }
        key
    }

    /// The thumbprint (RFC 7638, RFC 8037 A.3).
    pub(super) fn thumbprint(&self) -> String {
        let members = self.members();
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!(r#""{name}":"{value}""#))
            .collect();
        URL_SAFE_NO_PAD.encode(Sha256::digest(format!("{{{}}}", members.join(","))))
    }
}
