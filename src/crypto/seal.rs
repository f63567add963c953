//! Encryption at rest under a derived key (ChaCha20-Poly1305, RFC 8439).

use crate::crypto::derive::Key;

/// Seals `plain`: random nonce, ciphertext, tag. `context` is bound to it and must be given again.
pub fn seal(_key: &Key, _context: &str, _plain: &[u8]) -> Vec<u8> {
    todo!()
}

/// Opens what [`seal`] made. `None` if key, context or bytes are not those.
pub fn open(_key: &Key, _context: &str, _sealed: &[u8]) -> Option<zeroize::Zeroizing<Vec<u8>>> {
    todo!()
}
