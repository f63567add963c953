//! Typed identifiers: a session cannot be passed where a user is meant.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// Declares an identifier type around a UUID.
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that is known to name one of these.
            pub const fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// The bare UUID, for storage and wire.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0.hyphenated())
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            /// Accepts only the hyphenated form, in either case.
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse::<uuid::fmt::Hyphenated>().map(|id| Self(id.into_uuid()))
            }
        }
    };
}

typed_id!(
    /// Names a user for ever; survives a change of address or username.
    UserId
);
typed_id!(
    /// Names one sign-in of one browser or client.
    SessionId
);
typed_id!(
    /// Names an organization.
    OrganizationId
);
typed_id!(
    /// Names one access token (claim `jti`).
    TokenId
);
typed_id!(
    /// Names one audit line.
    AuditId
);
typed_id!(
    /// Names one letter.
    LetterId
);
typed_id!(
    /// Names one attempt to prove an address; as hard to guess as a token.
    ChallengeId
);
typed_id!(
    /// Names one request to prove again, in a session, that its owner is there.
    ConfirmationId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id: UserId = "0190b5a0-0000-7000-8000-00000000000A".parse().unwrap();

        assert_eq!(id.to_string(), "0190b5a0-0000-7000-8000-00000000000a");
        for text in [
            "",
            "0190b5a0000070008000000000000001",
            "{0190b5a0-0000-7000-8000-000000000001}",
            "x",
        ] {
            assert!(text.parse::<UserId>().is_err(), "{text:?}");
        }
    }
}
