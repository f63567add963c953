//! One derived key per purpose from the one root secret (HKDF-SHA256, RFC 5869).

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::domain::key_text::{self, BadRootSecret};
use crate::domain::{Secret, TokenHash};

/// What a derived key is for. The labels never change: old tokens depend on them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Deriving the successor of a refresh token.
    RefreshSuccessor,
    /// Signing CSRF values.
    Csrf,
    /// Signing the one-time notice cookie.
    Flash,
    /// Sealing signing keys in the database.
    SigningKeys,
    /// Naming accounts in the budgets of the database.
    Limits,
    /// Signing the cookie by which a browser is known again.
    Device,
    /// Sealing what queued letters say.
    Letters,
    /// Hashing the codes that are mailed.
    Codes,
    /// Sealing what is needed once a code was entered.
    Challenges,
    /// Signing the cookie of an attempt to get in that needs more than one step.
    Entry,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::RefreshSuccessor => b"authara v1: refresh successor",
            Self::Csrf => b"authara v1: csrf",
            Self::Flash => b"authara v1: flash",
            Self::SigningKeys => b"authara v1: signing keys",
            Self::Limits => b"authara v1: limits",
            Self::Device => b"authara v1: device",
            Self::Letters => b"authara v1: letters",
            Self::Codes => b"authara v1: codes",
            Self::Challenges => b"authara v1: challenges",
            Self::Entry => b"authara v1: entry",
        }
    }
}

/// The root secret of a deployment: 32 bytes, wiped when dropped.
pub struct RootSecret(Zeroizing<[u8; 32]>);

impl RootSecret {
    /// Reads base64 of 32 bytes (`AUTHARA_SECRET_KEY`), standard or URL alphabet, padded or not.
    pub fn parse(text: &Secret) -> Result<Self, BadRootSecret> {
        key_text::root_secret(text).map(Self)
    }

    /// The key for one purpose.
    #[expect(clippy::missing_panics_doc, reason = "it cannot")]
    pub fn key(&self, purpose: Purpose) -> Key {
        let mut key = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, &*self.0)
            .expand(purpose.label(), &mut *key)
            .expect("32 bytes are fewer than HKDF can give");
        Key(key)
    }
}

/// A derived key: 32 bytes that are wiped when dropped.
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// The bytes, for the other files of this floor only.
    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// HMAC-SHA256 of a name: the same for the same name, and it tells nothing of it without the key.
    pub fn hash(&self, name: &[u8]) -> TokenHash {
        TokenHash::new(self.mac().chain_update(name).finalize().into_bytes().into())
    }

    /// HMAC-SHA256 under this key, ready for input.
    pub(super) fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.bytes()).expect("HMAC takes keys of every length")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> RootSecret {
        let bytes = Zeroizing::new(*b"\xe3\xb0\xc4\x42\x98\xfc\x1c\x14\x9a\xfb\xf4\xc8\x99\x6f\xb9\x24\x27\xae\x41\xe4\x64\x9b\x93\x4c\xa4\x95\x99\x1b\x78\x52\xb8\x55");
        RootSecret(bytes)
    }

    const ALL: [Purpose; 6] = [
        Purpose::RefreshSuccessor,
        Purpose::Csrf,
        Purpose::Flash,
        Purpose::SigningKeys,
        Purpose::Limits,
        Purpose::Device,
    ];

    #[test]
    fn r046_each_purpose_has_a_key_of_its_own() {
        for (i, one) in ALL.into_iter().enumerate() {
            assert_eq!(root().key(one).bytes(), root().key(one).bytes());
            for other in &ALL[i + 1..] {
                assert_ne!(root().key(one).bytes(), root().key(*other).bytes(), "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_key_never_changes_between_versions() {
        let start = |purpose| root().key(purpose).bytes()[..4].to_vec();

        // Computed apart, with Python's hmac.
        assert_eq!(
            ALL.map(start),
            [
                [152, 249, 92, 156],
                [128, 253, 122, 5],
                [27, 51, 181, 68],
                [11, 82, 51, 41],
                [14, 47, 114, 157],
                [191, 127, 36, 168]
            ]
        );
    }

    /// RFC 5869, test case 3: SHA-256 without salt and label, as this file uses it.
    #[test]
    fn hkdf_gives_the_published_bytes() {
        let mut output = [0; 42];
        Hkdf::<Sha256>::new(None, &[0x0b; 22])
            .expand(&[], &mut output)
            .expect("a length HKDF can give");

        assert_eq!(output[..8], [0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f]);
        assert_eq!(
            output[34..],
            [0x9d, 0x20, 0x13, 0x95, 0xfa, 0xa4, 0xb6, 0x1a, 0x96, 0xc8][2..]
        );
    }
}
