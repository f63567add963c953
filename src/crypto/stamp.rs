//! Values that only this server can have made: random or given bytes with a keyed checksum.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;

use crate::crypto::derive::Key;
use crate::crypto::random;

/// Bytes of a checksum: 128 bits.
const CHECKSUM: usize = 16;
/// Random bytes of an issued value.
const RANDOM: usize = 16;

/// Makes and recognises such values; one per purpose.
pub struct Stamp(Key);

/// What the checksum covers, so that an issued value is never a wrapped one.
#[derive(Clone, Copy)]
enum Kind {
    Issued,
    Wrapped,
}

impl Stamp {
    /// With a derived key.
    pub fn new(key: Key) -> Self {
        Self(key)
    }

    /// A fresh value: 16 random bytes and a 16-byte checksum, 43 characters of base64url.
    pub fn issue(&self) -> String {
        self.put_together(Kind::Issued, &random::bytes::<RANDOM>())
    }

    /// Whether [`Stamp::issue`] of this deployment made the value.
    pub fn is_own(&self, value: &str) -> bool {
        self.take_apart(Kind::Issued, value)
            .is_some_and(|bytes| bytes.len() == RANDOM)
    }

    /// `text` with a checksum, safe in a cookie: base64url.
    pub fn wrap(&self, text: &str) -> String {
        self.put_together(Kind::Wrapped, text.as_bytes())
    }

    /// The text of [`Stamp::wrap`]; `None` if the value was not made by this deployment.
    pub fn unwrap_text(&self, value: &str) -> Option<String> {
        String::from_utf8(self.take_apart(Kind::Wrapped, value)?).ok()
    }

    fn put_together(&self, kind: Kind, content: &[u8]) -> String {
        let checksum = self.checksum(kind, content).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([content, &checksum[..CHECKSUM]].concat())
    }

    fn take_apart(&self, kind: Kind, value: &str) -> Option<Vec<u8>> {
        let mut bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let checksum = bytes.split_off(bytes.len().checked_sub(CHECKSUM)?);
        // Compares in constant time.
        self.checksum(kind, &bytes).verify_truncated_left(&checksum).ok()?;
        Some(bytes)
    }

    fn checksum(&self, kind: Kind, content: &[u8]) -> impl Mac {
        self.0.mac().chain_update([kind as u8]).chain_update(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::derive::{Purpose, RootSecret};
    use crate::domain::Secret;

    fn stamp(purpose: Purpose) -> Stamp {
        let root = Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        Stamp::new(RootSecret::parse(&root).expect("a root secret").key(purpose))
    }

    #[test]
    fn only_issued_values_are_own() {
        let csrf = stamp(Purpose::Csrf);
        let value = csrf.issue();

        assert_eq!(value.len(), 43);
        assert_ne!(value, csrf.issue());
        assert!(csrf.is_own(&value));
        assert!(!stamp(Purpose::Flash).is_own(&value));
        assert!(!csrf.is_own(&csrf.wrap("sixteen letters!")));
    }

    #[test]
    fn a_value_with_any_letter_changed_is_foreign() {
        let csrf = stamp(Purpose::Csrf);
        let value = csrf.issue();
        for at in 0..value.len() {
            let mut letters = value.clone().into_bytes();
            letters[at] = if letters[at] == b'A' { b'E' } else { b'A' };
            let changed = String::from_utf8(letters).expect("ASCII");

            assert!(!csrf.is_own(&changed), "{changed} from {value}");
        }
        for value in ["", "A", &value[1..], &format!("{value}A"), &format!("{value}="), "é"] {
            assert!(!csrf.is_own(value), "{value:?}");
        }
    }

    #[test]
    fn a_wrapped_text_comes_back_and_a_changed_one_does_not() {
        let flash = stamp(Purpose::Flash);
        for text in ["", "signed_out", "über\n"] {
            let value = flash.wrap(text);

            assert_eq!(flash.unwrap_text(&value).as_deref(), Some(text));
            assert_eq!(stamp(Purpose::Csrf).unwrap_text(&value), None);
            assert_eq!(flash.unwrap_text(&value[1..]), None);
        }
        assert_eq!(flash.unwrap_text(&flash.issue()), None);
    }
}
