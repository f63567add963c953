//! What stands on the allowlist.

use std::fmt;
use std::str::FromStr;

use crate::domain::Email;
use crate::domain::email::is_domain;

/// One entry of the allowlist.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allowed {
    /// This address.
    Address(Email),
    /// Every address of this domain, but not of domains below it.
    Domain(String),
}

impl Allowed {
    /// The entry that allows every address of that domain.
    pub fn domain_of(email: &Email) -> Self {
        Self::Domain(email.domain().to_owned())
    }

    /// What an audit line says of it: never an address.
    pub fn kind(&self) -> String {
        match self {
            Self::Address(_) => "an address".to_owned(),
            Self::Domain(domain) => format!("@{domain}"),
        }
    }
}

/// As it is stored and typed: `ada@example.com` or `@example.com`.
impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(email) => f.write_str(email.as_str()),
            Self::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

impl fmt::Debug for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(email) => email.fmt(f),
            Self::Domain(domain) => write!(f, "@{domain}"),
        }
    }
}

/// Neither an address nor a domain.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAllowed;

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither an address, as ada@example.com, nor a domain, as @example.com")
    }
}

impl std::error::Error for NotAllowed {}

impl FromStr for Allowed {
    type Err = NotAllowed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().strip_prefix('@') {
            None => Email::parse(text).map(Self::Address).ok_or(NotAllowed),
            Some(domain) => {
                let domain = domain.to_ascii_lowercase();
                is_domain(&domain).then_some(Self::Domain(domain)).ok_or(NotAllowed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_an_address_or_a_domain_in_one_spelling() {
        for (text, stored) in [
            (" Ada@Example.COM ", "ada@example.com"),
            ("@Example.com", "@example.com"),
            ("@xn--bcher-kva.example", "@xn--bcher-kva.example"),
        ] {
            assert_eq!(
                text.parse::<Allowed>().map(|entry| entry.to_string()),
                Ok(stored.to_owned())
            );
        }
        for text in [
            "",
            "@",
            "example.com",
            "@a b",
            "@a..b",
            "@*.example.com",
            "a@b@c",
            "%@example.com",
        ] {
            assert_eq!(text.parse::<Allowed>(), Err(NotAllowed), "{text}");
        }
    }
}
