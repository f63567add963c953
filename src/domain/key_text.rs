//! Keys as settings carry them: base64 of random bytes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use zeroize::Zeroizing;

use crate::domain::Secret;

/// Why a text cannot be a root secret; the text itself is not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadRootSecret {
    /// Not base64, or not 32 bytes.
    #[error("must be base64 of 32 bytes; make one with: authara key generate")]
    NotThirtyTwoBytes,
    /// Bytes with a pattern, as examples and placeholders have.
    #[error("is an example value; make your own with: authara key generate")]
    Example,
}

/// The bytes of a base64 text: standard or URL alphabet, padded or not. `None` if it is neither.
pub fn decode(text: &Secret) -> Option<Zeroizing<Vec<u8>>> {
    let text = text.expose();
    let is_url_alphabet = text.contains(['-', '_']);
    let bytes = if is_url_alphabet {
        URL_SAFE_PAD_INDIFFERENT.decode(text)
    } else {
        STANDARD_PAD_INDIFFERENT.decode(text)
    };
    bytes.ok().map(Zeroizing::new)
}

/// The 32 bytes of a root secret.
pub fn root_secret(text: &Secret) -> Result<Zeroizing<[u8; 32]>, BadRootSecret> {
    let bytes = decode(text).ok_or(BadRootSecret::NotThirtyTwoBytes)?;
    let mut secret = Zeroizing::new([0; 32]);
    if bytes.len() != secret.len() {
        return Err(BadRootSecret::NotThirtyTwoBytes);
    }
    secret.copy_from_slice(&bytes);

    if is_example(&bytes) {
        return Err(BadRootSecret::Example);
    }
    Ok(secret)
}

/// Whether key bytes have a pattern that 32 random ones never show: all alike, counting, a block
/// repeated, or hardly any different values.
pub fn is_example(bytes: &[u8]) -> bool {
    let step = |pair: &[u8]| pair[1].wrapping_sub(pair[0]);
    let counts = bytes.len() > 2 && bytes.windows(2).all(|pair| step(pair) == step(&bytes[..2]));
    let repeats = (1..=bytes.len() / 2).any(|period| bytes.iter().zip(&bytes[period..]).all(|(a, b)| a == b));
    let mut seen = [false; 256];
    for byte in bytes {
        seen[usize::from(*byte)] = true;
    }
    let different = seen.iter().filter(|seen| **seen).count();

    counts || repeats || different < 10
}

/// Whether bytes look like a PKCS #8 private key (RFC 5958) of P-256: a sequence of a version and the curve's name.
pub fn is_p256_pkcs8(bytes: &[u8]) -> bool {
    /// The object identifiers 1.2.840.10045.2.1 (RFC 5480) and 1.2.840.10045.3.1.7.
    const ALGORITHM: &[u8] =
        b"\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";

    bytes.first() == Some(&0x30) && bytes.windows(ALGORITHM.len()).take(8).any(|part| part == ALGORITHM)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    /// Bytes without a pattern: SHA-256 of nothing.
    const RANDOM: [u8; 32] = [
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
        0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    ];

    fn parse(text: impl Into<String>) -> Result<Zeroizing<[u8; 32]>, BadRootSecret> {
        root_secret(&Secret::new(text))
    }

    #[test]
    fn every_spelling_of_base64_is_read() {
        for text in [
            STANDARD.encode(RANDOM),
            URL_SAFE_NO_PAD.encode(RANDOM),
            STANDARD.encode(RANDOM).trim_end_matches('=').to_owned(),
        ] {
            assert_eq!(*parse(text).expect("a root secret"), RANDOM);
        }
    }

    #[test]
    fn anything_but_32_bytes_is_refused() {
        for text in [
            String::new(),
            "secret".to_owned(),
            "not base64!".to_owned(),
            STANDARD.encode(&RANDOM[..31]),
            STANDARD.encode([&RANDOM[..], &[1]].concat()),
            format!("{} ", STANDARD.encode(RANDOM)),
        ] {
            assert_eq!(parse(&*text), Err(BadRootSecret::NotThirtyTwoBytes), "{text:?}");
        }
    }

    #[test]
    fn values_with_a_pattern_are_refused() {
        let counting: Vec<u8> = (0..32).collect();
        let counting_down: Vec<u8> = (1..=32).rev().collect();
        for bytes in [
            &[0; 32][..],
            &[0xff; 32],
            &counting,
            &counting_down,
            b"0123456789abcdef0123456789abcdef",
            b"changemechangemechangemechangeme",
            b"secret-secret-secret-secret-secr",
        ] {
            assert_eq!(parse(STANDARD.encode(bytes)), Err(BadRootSecret::Example), "{bytes:?}");
        }
    }
}
