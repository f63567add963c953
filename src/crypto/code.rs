//! Codes of six digits that people type.

use hmac::Mac as _;

use crate::crypto::derive::Key;
use crate::crypto::random;
use crate::domain::{ChallengeId, Secret, TokenHash};

/// Digits of a code.
pub const DIGITS: usize = 6;
/// How many codes there are.
const CODES: u32 = 1_000_000;

/// A fresh code; each is as likely as every other.
pub fn fresh() -> Secret {
    // What is left of the range after whole millions would make small codes likelier.
    const BOUND: u32 = u32::MAX - u32::MAX % CODES;
    loop {
        let number = u32::from_le_bytes(random::bytes());
        if number < BOUND {
            return Secret::new(format!("{:06}", number % CODES));
        }
    }
}

/// What was typed, without the spaces that people put in; `None` if it is not six digits.
pub fn typed(text: &str) -> Option<Secret> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace()).collect();
    let is_code = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| Secret::new(digits))
}

/// The code of a challenge as it is kept. A code has 20 bits: only the key keeps it from being guessed from its hash.
pub fn hash(key: &Key, challenge: ChallengeId, code: &Secret) -> TokenHash {
    let mut mac = key.mac();
    mac.update(challenge.uuid().as_bytes());
    mac.update(code.expose().as_bytes());
    TokenHash::new(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::derive::{Purpose, RootSecret};

    #[test]
    fn r094_codes_have_six_digits_and_all_of_them_come() {
        let codes: Vec<_> = (0..2000).map(|_| fresh()).collect();

        assert!(codes.iter().all(|code| typed(code.expose()).as_ref() == Some(code)));
        for digit in '0'..='9' {
            let first = codes.iter().filter(|code| code.expose().starts_with(digit)).count();
            assert!((120..=290).contains(&first), "{digit}: {first} of 2000");
        }
    }

    #[test]
    fn a_code_may_be_typed_with_spaces_and_nothing_else() {
        assert_eq!(typed(" 123 456\n").as_ref().map(Secret::expose), Some("123456"));
        for text in ["", "12345", "1234567", "12345a", "１２３４５６", "-12345"] {
            assert!(typed(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn a_code_is_another_in_another_challenge_and_under_another_key() {
        let root = RootSecret::parse(&Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")).expect("a secret");
        let (one, other) = (
            ChallengeId::new(uuid::Uuid::from_u128(1)),
            ChallengeId::new(uuid::Uuid::from_u128(2)),
        );
        let (key, code) = (root.key(Purpose::Codes), Secret::new("123456"));

        assert_eq!(hash(&key, one, &code), hash(&key, one, &code));
        assert_ne!(hash(&key, one, &code), hash(&key, other, &code));
        assert_ne!(hash(&key, one, &code), hash(&root.key(Purpose::Limits), one, &code));
        assert_ne!(hash(&key, one, &code), hash(&key, one, &Secret::new("123457")));
    }
}
