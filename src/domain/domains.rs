//! A list of domains.

use std::collections::HashSet;

use crate::domain::Email;
use crate::domain::email::is_domain;

/// A list of domains, each of which stands for all domains below it as well.
#[derive(Debug, Clone, Default)]
pub struct Domains(HashSet<Box<str>>);

impl Domains {
    /// Reads one domain a line; what stands behind `#`, and empty lines, count for nothing. `Err` is the number
    /// of the first line that is no domain.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut domains = HashSet::new();
        for (line, number) in text.lines().zip(1..) {
            let domain = line.split('#').next().unwrap_or("").trim().to_ascii_lowercase();
            if domain.is_empty() {
                continue;
            }
            if !is_domain(&domain) {
                return Err(number);
            }
            domains.insert(domain.into_boxed_str());
        }
        Ok(Self(domains))
    }

    /// Whether the address is of one of them.
    pub fn have(&self, email: &Email) -> bool {
        let mut domain = Some(email.domain());
        while let Some(at) = domain {
            if self.0.contains(at) {
                return true;
            }
            domain = at.split_once('.').map(|(_, above)| above);
        }
        false
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_stands_for_those_below_it() {
        let domains = Domains::parse("# throw-away\n\nMailer.example  # comment\r\n two.example\n").expect("a list");
        let have = |text| domains.have(&Email::parse(text).expect("an address"));

        assert_eq!(domains.count(), 2);
        for text in [
            "a@mailer.example",
            "A@MAILER.EXAMPLE",
            "a@x.mailer.example",
            "a@x.y.two.example",
        ] {
            assert!(have(text), "{text}");
        }
        for text in [
            "a@example",
            "a@notmailer.example",
            "a@mailer.example.com",
            "mailer.example@a.example",
        ] {
            assert!(!have(text), "{text}");
        }
    }

    #[test]
    fn a_line_that_is_no_domain_is_named() {
        assert_eq!(Domains::parse("a.example\n\n@b.example").err(), Some(3));
        assert_eq!(Domains::parse("a b").err(), Some(1));
    }
}
