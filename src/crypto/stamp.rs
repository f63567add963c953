//! Values that only this server can have made: random or given bytes with a keyed checksum.

use crate::crypto::derive::Key;

/// Makes and recognises such values; one per purpose.
pub struct Stamp {}

impl Stamp {
    /// With a derived key.
    pub fn new(_key: Key) -> Self {
        todo!()
    }

    /// A fresh value: 16 random bytes and a 16-byte checksum, 43 characters of base64url.
    pub fn issue(&self) -> String {
        todo!()
    }

    /// Whether [`Stamp::issue`] of this deployment made the value.
    pub fn is_own(&self, _value: &str) -> bool {
        todo!()
    }

    /// `text` with a checksum, safe in a cookie: base64url.
    pub fn wrap(&self, _text: &str) -> String {
        todo!()
    }

    /// The text of [`Stamp::wrap`]; `None` if the value was not made by this deployment.
    pub fn unwrap_text(&self, _value: &str) -> Option<String> {
        todo!()
    }
}
