//! A signing key as the database keeps it: public half open, private half sealed.

use crate::domain::Timestamp;

/// One Ed25519 key for access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid`.
    pub id: String,
    /// The public key, 32 bytes.
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

/// Which of the keys signs now: the newest whose time to sign has come, or if there is none the one whose
/// time comes first, for the clock may have been set back since. `None` if no key verifies any more.
pub fn signing(keys: &[SigningKey], now: Timestamp) -> Option<&SigningKey> {
    let live = || keys.iter().filter(|key| key.verifies_at(now));
    let age = |key: &&SigningKey| (key.active_from, key.created_at);
    let due = live().filter(|key| key.active_from <= now).max_by_key(age);
    due.or_else(|| live().min_by_key(age))
}

impl SigningKey {
    /// Whether tokens signed with it are still accepted.
    pub fn verifies_at(&self, now: Timestamp) -> bool {
        self.retired_at.is_none_or(|end| now < end)
    }
}
