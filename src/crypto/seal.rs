//! Encryption at rest under a derived key (ChaCha20-Poly1305, RFC 8439).

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use zeroize::Zeroizing;

use crate::crypto::derive::Key;
use crate::crypto::random;

/// Bytes of a nonce. Random ones are safe for 2^32 seals under one key; this server makes a handful.
const NONCE: usize = 12;

/// Seals `plain`: random nonce, ciphertext, tag. `context` is bound to it and must be given again.
#[expect(clippy::missing_panics_doc, reason = "only on 256 GiB, more than there is memory")]
pub fn seal(key: &Key, context: &str, plain: &[u8]) -> Vec<u8> {
    let nonce = random::bytes::<NONCE>();
    let payload = Payload {
        msg: plain,
        aad: context.as_bytes(),
    };
    let ciphertext = cipher(key)
        .encrypt(&Nonce::from(nonce), payload)
        .expect("only texts of 256 GiB are too long");

    [&nonce[..], &ciphertext].concat()
}

/// Opens what [`seal`] made. `None` if key, context or bytes are not those.
pub fn open(key: &Key, context: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg: ciphertext,
        aad: context.as_bytes(),
    };

    cipher(key)
        .decrypt(&Nonce::from(*nonce), payload)
        .ok()
        .map(Zeroizing::new)
}

fn cipher(key: &Key) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(key.bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::derive::{Purpose, RootSecret};
    use crate::domain::Secret;

    fn key(purpose: Purpose) -> Key {
        let root = Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        RootSecret::parse(&root).expect("a root secret").key(purpose)
    }

    #[test]
    fn what_is_sealed_opens_again_and_looks_different_each_time() {
        let key = key(Purpose::SigningKeys);
        let (one, other) = (seal(&key, "here", b"plain"), seal(&key, "here", b"plain"));

        assert_ne!(one, other);
        assert_eq!(
            open(&key, "here", &one).as_deref().map(Vec::as_slice),
            Some(&b"plain"[..])
        );
        assert!(!one.windows(5).any(|part| part == b"plain"));
    }

    #[test]
    fn another_key_context_or_byte_opens_nothing() {
        let right = key(Purpose::SigningKeys);
        let sealed = seal(&right, "here", b"plain");

        assert!(open(&key(Purpose::Csrf), "here", &sealed).is_none());
        assert!(open(&right, "there", &sealed).is_none());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&right, "here", &changed).is_none(), "byte {at}");
            assert!(open(&right, "here", &sealed[..at]).is_none(), "{at} bytes");
        }
    }
}
