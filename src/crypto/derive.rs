//! One derived key per purpose from the one root secret (HKDF-SHA256, RFC 5869).

use crate::domain::Secret;

/// What a derived key is for. The labels never change: old tokens depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Deriving the successor of a refresh token.
    RefreshSuccessor,
    /// Signing CSRF values.
    Csrf,
    /// Signing the one-time notice cookie.
    Flash,
    /// Sealing signing keys in the database.
    SigningKeys,
}

/// The root secret of a deployment: 32 bytes.
pub struct RootSecret {}

impl RootSecret {
    /// Reads base64 of 32 bytes (`AUTHARA_SECRET_KEY`), standard or URL alphabet, padded or not.
    pub fn parse(_text: &Secret) -> Result<Self, BadRootSecret> {
        todo!()
    }

    /// The key for one purpose.
    pub fn key(&self, _purpose: Purpose) -> Key {
        todo!()
    }
}

/// A derived key: 32 bytes that are wiped when dropped.
pub struct Key {}

/// Why a text cannot be a root secret; the text itself is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRootSecret {
    /// Not base64, or not 32 bytes.
    #[error("must be base64 of 32 bytes; make one with: authara key generate")]
    NotThirtyTwoBytes,
    /// All bytes alike, or the value of a published example.
    #[error("is an example value; make your own with: authara key generate")]
    Example,
}
