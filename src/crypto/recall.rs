//! Access tokens whose signature has been checked before.
//!
//! Checking a signature costs more than everything else a request does, and one token comes
//! with every request for ten minutes. Only what can never change is remembered: that this very text
//! was signed by that key, and what it says. Whether the key still verifies, the token's time has come and
//! what it opens is asked each time; whether its session is live, the database is asked each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::crypto::jwt::{self, Rejected, Signed};
use crate::crypto::keys::KeySet;
use crate::domain::{Audience, Claims, Timestamp};

/// Parts with a lock each, so that requests seldom wait for one another.
const PARTS: usize = 16;
/// Tokens in half of a part; about 10 MB in all when every one is taken.
const HALF: usize = 1024;

/// The memory. Bounded: the tokens used least recently are forgotten.
#[derive(Default)]
pub struct Recall {
    parts: [Mutex<Part>; PARTS],
}

/// What was used since the last turn, and what was used before it. When the first is full, the second
/// is dropped.
#[derive(Default)]
struct Part {
    young: Tokens,
    old: Tokens,
}

/// By the SHA-256 of their text.
type Tokens = HashMap<[u8; 32], Arc<Signed>>;

impl Recall {
    /// How many tokens it remembers.
    pub fn len(&self) -> usize {
        let of_part = |part: &Mutex<Part>| {
            let part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.young.len() + part.old.len()
        };
        self.parts.iter().map(of_part).sum()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As [`jwt::verify`], which it saves from doing the same work twice.
    pub fn verify(
        &self,
        keys: &KeySet,
        issuer: &str,
        audience: Audience,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims, Rejected> {
        let hash: [u8; 32] = Sha256::digest(token).into();
        let part = &self.parts[usize::from(hash[0]) % PARTS];
        let known = part.lock().unwrap_or_else(PoisonError::into_inner).find(&hash);
        let signed = if let Some(signed) = known.filter(|signed| keys.knows(&signed.kid)) {
            signed
        } else {
            let signed = Arc::new(jwt::read(keys, issuer, token).ok_or(Rejected)?);
            let mut part = part.lock().unwrap_or_else(PoisonError::into_inner);
            part.keep(hash, Arc::clone(&signed));
            signed
        };
        if signed.opens(audience, now) {
            Ok(signed.claims.clone())
        } else {
            Err(Rejected)
        }
    }
}

impl Part {
    fn find(&mut self, hash: &[u8; 32]) -> Option<Arc<Signed>> {
        if let Some(signed) = self.young.get(hash) {
            return Some(Arc::clone(signed));
        }
        let signed = self.old.remove(hash)?;
        self.keep(*hash, Arc::clone(&signed));
        Some(signed)
    }

    fn keep(&mut self, hash: [u8; 32], signed: Arc<Signed>) {
        if self.young.len() >= HALF {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(hash, signed);
    }
}
