//! Opaque tokens: 32 random bytes as 43 characters of base64url, stored as SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::Mac;
use sha2::{Digest, Sha256};

use crate::crypto::derive::Key;
use crate::crypto::random;
use crate::domain::{Secret, TokenHash};

/// A new token.
pub fn new() -> Secret {
    encode(random::bytes())
}

/// The hash under which a token is stored. `None` if the text is not of a token's form.
pub fn hash(token: &Secret) -> Option<TokenHash> {
    let text = token.expose();
    // 32 bytes and nothing in the unused bits: one token has one text.
    let is_token = text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok();
    is_token.then(|| TokenHash::new(Sha256::digest(text).into()))
}

/// The token that follows `token` in its chain after `steps` exchanges:
/// HMAC-SHA256 with `key` (purpose `RefreshSuccessor`) over the token's text, `steps` times over.
pub fn successor(key: &Key, token: &Secret, steps: u32) -> Secret {
    let mut current = token.clone();
    for _ in 0..steps {
        let mac = key.mac().chain_update(current.expose()).finalize();
        current = encode(mac.into_bytes().into());
    }
    current
}

fn encode(bytes: [u8; 32]) -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::derive::{Purpose, RootSecret};

    fn key(purpose: Purpose) -> Key {
        let root = Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        RootSecret::parse(&root).expect("a root secret").key(purpose)
    }

    #[test]
    fn a_token_is_43_characters_and_never_the_same_twice() {
        let (one, other) = (new(), new());

        assert_eq!(one.expose().len(), 43);
        assert_ne!(one, other);
        assert_ne!(hash(&one).expect("a token"), hash(&other).expect("a token"));
    }

    #[test]
    fn what_has_not_the_form_of_a_token_has_no_hash() {
        let token = new();
        let text = token.expose();
        let last_bits_set = format!("{}B", &text[..42]);
        for wrong in [
            "",
            "x",
            &text[1..],
            &format!("{text}="),
            &format!("{text}A"),
            &text.replace(&text[..1], "+"),
            &text.replace(&text[..1], " "),
            &last_bits_set,
        ] {
            assert!(hash(&Secret::new(wrong)).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_successor_can_be_found_again_and_only_with_the_key() {
        let token = new();
        let key_of = || key(Purpose::RefreshSuccessor);
        let second = successor(&key_of(), &successor(&key_of(), &token, 1), 1);

        assert_eq!(successor(&key_of(), &token, 2), second);
        assert_eq!(successor(&key_of(), &token, 0), token);
        assert!(hash(&second).is_some());
        assert_ne!(successor(&key(Purpose::Csrf), &token, 2), second);
    }
}
