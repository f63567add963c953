//! Chance.

use authara::crypto::random;

/// A source of small numbers (xorshift).
pub(crate) struct Dice(u64);

impl Dice {
    /// Another one each time.
    pub(crate) fn new() -> Self {
        let bytes: [u8; 8] = random::bytes();
        Self(u64::from_le_bytes(bytes) | 1)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
