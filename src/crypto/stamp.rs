//! Values that only this server can have made: random or given bytes, the time they were made, and
//! a keyed checksum, which also covers what the value is bound to.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;

use crate::crypto::derive::Key;
use crate::crypto::random;
use crate::domain::Timestamp;

/// Bytes of a checksum: 128 bits.
const CHECKSUM: usize = 16;
/// Bytes of the time: whole seconds since 1970, until the year 2106.
const TIME: usize = 4;
/// Random bytes of an issued value.
const RANDOM: usize = 12;

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

    /// A fresh value: time, 12 random bytes and a 16-byte checksum, 43 characters of base64url. It is
    /// bound to nothing: the browser that has it in a cookie is the one it was made for.
    pub fn issue(&self, now: Timestamp) -> String {
        self.put_together(Kind::Issued, &random::bytes::<RANDOM>(), "", now)
    }

    /// How long ago [`Stamp::issue`] of this deployment made the value; `None` if it did not. One
    /// from the future, as after a clock was set back, was made just now.
    pub fn age(&self, value: &str, now: Timestamp) -> Option<Duration> {
        let (bytes, age) = self.take_apart(Kind::Issued, value, "", now)?;
        (bytes.len() == RANDOM).then_some(age)
    }

    /// `text` with time and checksum, safe in a cookie: base64url. Only who names `bound_to` again
    /// can read it.
    pub fn wrap(&self, text: &str, bound_to: &str, now: Timestamp) -> String {
        self.put_together(Kind::Wrapped, text.as_bytes(), bound_to, now)
    }

    /// The text of [`Stamp::wrap`]; `None` if this deployment did not make the value, made it more
    /// than `life` ago, or bound it to something else.
    pub fn unwrap_text(&self, value: &str, bound_to: &str, life: Duration, now: Timestamp) -> Option<String> {
        let (bytes, age) = self.take_apart(Kind::Wrapped, value, bound_to, now)?;
        if age >= life {
            return None;
        }
        String::from_utf8(bytes).ok()
    }

    fn put_together(&self, kind: Kind, content: &[u8], bound_to: &str, now: Timestamp) -> String {
        let seconds = u32::try_from(now.seconds()).unwrap_or(u32::MAX);
        let content = [&seconds.to_be_bytes()[..], content].concat();
        let checksum = self.checksum(kind, &content, bound_to).finalize().into_bytes();
        URL_SAFE_NO_PAD.encode([&content[..], &checksum[..CHECKSUM]].concat())
    }

    fn take_apart(&self, kind: Kind, value: &str, bound_to: &str, now: Timestamp) -> Option<(Vec<u8>, Duration)> {
        let mut bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        let checksum = bytes.split_off(bytes.len().checked_sub(CHECKSUM)?);
        // Compares in constant time.
        self.checksum(kind, &bytes, bound_to)
            .verify_truncated_left(&checksum)
            .ok()?;
        let content = bytes.split_off(TIME.min(bytes.len()));
        let seconds = u32::from_be_bytes(bytes.try_into().ok()?);
        Some((content, now.since(Timestamp::from_seconds(seconds.into()))))
    }

    fn checksum(&self, kind: Kind, content: &[u8], bound_to: &str) -> impl Mac {
        // The length stands first, so that no part of the content is taken for the binding.
        let length = u64::try_from(content.len()).unwrap_or(u64::MAX);
        self.0
            .mac()
            .chain_update([kind as u8])
            .chain_update(length.to_be_bytes())
            .chain_update(content)
            .chain_update(bound_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::derive::{Purpose, RootSecret};
    use crate::domain::Secret;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const MINUTE: Duration = Duration::from_mins(1);

    fn stamp(purpose: Purpose) -> Stamp {
        let root = Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        Stamp::new(RootSecret::parse(&root).expect("a root secret").key(purpose))
    }

    #[test]
    fn only_issued_values_are_own_and_their_age_is_known() {
        let csrf = stamp(Purpose::Csrf);
        let value = csrf.issue(NOW);

        assert_eq!(value.len(), 43);
        assert_ne!(value, csrf.issue(NOW));
        assert_eq!(csrf.age(&value, NOW + MINUTE), Some(MINUTE));
        assert_eq!(
            csrf.age(&value, NOW - MINUTE),
            Some(Duration::ZERO),
            "the clock was set back"
        );
        assert_eq!(stamp(Purpose::Flash).age(&value, NOW), None);
        assert_eq!(csrf.age(&csrf.wrap("twelve bytes", "", NOW), NOW), None);
    }

    #[test]
    fn a_value_with_any_letter_changed_is_foreign() {
        let csrf = stamp(Purpose::Csrf);
        let value = csrf.issue(NOW);
        for at in 0..value.len() {
            let mut letters = value.clone().into_bytes();
            letters[at] = if letters[at] == b'A' { b'E' } else { b'A' };
            let changed = String::from_utf8(letters).expect("ASCII");

            assert_eq!(csrf.age(&changed, NOW), None, "{changed} from {value}");
        }
        for value in ["", "A", &value[1..], &format!("{value}A"), &format!("{value}="), "é"] {
            assert_eq!(csrf.age(value, NOW), None, "{value:?}");
        }
    }

    #[test]
    fn a_wrapped_text_is_read_where_it_is_bound_and_for_as_long_as_it_lives() {
        let flash = stamp(Purpose::Flash);
        let value = flash.wrap("success schön", "this browser", NOW);
        let read = |bound_to, now| flash.unwrap_text(&value, bound_to, MINUTE, now);

        assert_eq!(read("this browser", NOW).as_deref(), Some("success schön"));
        assert_eq!(
            read("this browser", NOW + MINUTE - Duration::from_secs(1)).as_deref(),
            Some("success schön")
        );
        assert_eq!(read("this browser", NOW + MINUTE), None);
        for other in ["", "this browse", "this browser ", "another"] {
            assert_eq!(read(other, NOW), None, "{other:?}");
        }
        assert_eq!(
            stamp(Purpose::Device).unwrap_text(&value, "this browser", MINUTE, NOW),
            None
        );
        assert_eq!(flash.unwrap_text(&flash.issue(NOW), "", MINUTE, NOW), None);
    }
}
