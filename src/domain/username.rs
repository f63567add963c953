//! Usernames, and the ones made up at sign-up.

use crate::domain::Email;

/// Names that nobody may choose: others would take who has one for the site itself or for its
/// operator. Dashes and underscores are left out of the comparison.
const RESERVED: [&str; 41] = [
    "abuse",
    "account",
    "accounts",
    "admin",
    "administrator",
    "admins",
    "anonymous",
    "api",
    "auth",
    "authara",
    "billing",
    "contact",
    "everyone",
    "guest",
    "help",
    "helpdesk",
    "hostmaster",
    "info",
    "mail",
    "mailerdaemon",
    "moderator",
    "nobody",
    "noreply",
    "null",
    "official",
    "operator",
    "owner",
    "postmaster",
    "privacy",
    "root",
    "security",
    "service",
    "staff",
    "superuser",
    "support",
    "sysadmin",
    "system",
    "team",
    "undefined",
    "unknown",
    "webmaster",
];

/// A display handle of 3 to 30 characters of `A-Z a-z 0-9 _ -`, unique without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Parses a chosen name. `None` if it breaks the rule above.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (3..=30).contains(&text.len())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        fits.then(|| Self(text.to_owned()))
    }

    /// Makes a name from an address and a number: `ada.l@…` gives `ada-l-12345` (contract, http.md 0.5).
    ///
    /// `number` is expected in 10000..=99999; a caller that meets a taken name tries another number.
    pub fn generate(email: &Email, number: u32) -> Self {
        let mut stem = String::new();
        for letter in email.local_part().chars() {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                stem.push(letter.to_ascii_lowercase());
            } else if !stem.ends_with('-') {
                stem.push('-');
            }
        }
        let edges: &[char] = &['-', '_'];
        let stem: String = stem.trim_matches(edges).chars().take(24).collect();
        let stem = if stem.is_empty() { "user" } else { &stem };
        Self(format!("{stem}-{number}"))
    }

    /// The name as chosen.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nobody may choose it.
    pub fn is_reserved(&self) -> bool {
        let bare: String = self
            .normalized()
            .chars()
            .filter(|letter| !"-_".contains(*letter))
            .collect();
        RESERVED.binary_search(&&*bare).is_ok()
    }

    /// The form under which it is unique.
    pub fn normalized(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generated_name_follows_the_address() {
        let name = |text| Username::generate(&Email::parse(text).expect("an address"), 12345);

        assert_eq!(name("Ada.L+x@b.c").as_str(), "ada-l-x-12345");
        assert_eq!(name("__a__@b.c").as_str(), "a-12345");
        assert_eq!(name("+++@b.c").as_str(), "user-12345");
        assert_eq!(name(&format!("{}@b.c", "a".repeat(60))).as_str().len(), 30);
    }

    #[test]
    fn r022_names_that_speak_for_the_site_are_reserved() {
        let is_reserved = |text| Username::parse(text).expect("a name").is_reserved();

        assert!(RESERVED.is_sorted());
        for text in ["admin", "Admin", "_ad-min_", "NO-REPLY", "Root"] {
            assert!(is_reserved(text), "{text}");
        }
        for text in ["adminton", "ada", "---", "admin-12345"] {
            assert!(!is_reserved(text), "{text}");
        }
    }

    #[test]
    fn r022_a_chosen_name_keeps_to_letters_digits_dash_and_underscore() {
        assert!(Username::parse("Ada_L-1").is_some());
        for text in ["ab", "a b", "äda", &"a".repeat(31), "ada\0x"] {
            assert!(Username::parse(text).is_none(), "{text:?}");
        }
    }
}
