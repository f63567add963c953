//! The one source of randomness.

use uuid::Uuid;

use crate::domain::Timestamp;

/// Random bytes from the operating system.
///
/// # Panics
/// If the system has no randomness to give; nothing safe could be done then.
#[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A fresh UUID, version 7: ordered by time, unguessable to 62 bits. Never the only secret.
pub fn id(now: Timestamp) -> Uuid {
    let millis = u64::try_from(now.micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes::<10>()).into_uuid()
}

/// A number between 10000 and 99999, for made-up usernames. Not a secret.
pub fn five_digits() -> u32 {
    10_000 + u32::from_le_bytes(bytes::<4>()) % 90_000
}
