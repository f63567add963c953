//! What a new password must be.

use unicode_normalization::UnicodeNormalization;

use crate::domain::{Email, Refusal, Secret};

/// Fewest code points of a password after NFKC.
pub const SHORTEST: usize = 8;
/// Most code points of a password after NFKC; longer ones are refused, never cut.
pub const LONGEST: usize = 128;

/// A password in the form that is hashed: NFKC, otherwise exactly as typed.
#[derive(Debug, Clone)]
pub struct Password(Secret);

impl Password {
    /// Brings a typed password to its one form, to compare it with a stored hash.
    ///
    /// `None` if it cannot be anybody's: empty, too long, or with a NUL in it. Shorter ones than
    /// the policy wants pass, since an imported password may be short.
    pub fn typed(text: &Secret) -> Option<Self> {
        // Bound the work before normalising: NFKC grows a code point to 18 at most.
        if text.is_empty() || text.expose().len() > LONGEST * 4 || text.expose().contains('\0') {
            return None;
        }
        let normal: String = text.expose().nfkc().collect();
        (normal.chars().count() <= LONGEST).then(|| Self(Secret::new(normal)))
    }

    /// Checks a password that somebody chose for the account of `email`.
    pub fn chosen(text: &Secret, email: &Email) -> Result<Self, Refusal> {
        if text.expose().contains('\0') {
            return Err(Refusal::PasswordUnusable);
        }
        let Some(password) = Self::typed(text) else {
            return Err(if text.is_empty() {
                Refusal::PasswordTooShort
            } else {
                Refusal::PasswordTooLong
            });
        };
        let normal = password.0.expose();
        if normal.chars().count() < SHORTEST {
            return Err(Refusal::PasswordTooShort);
        }
        let lower = normal.to_lowercase();
        if lower == email.as_str() || lower == email.local_part() {
            return Err(Refusal::PasswordIsAddress);
        }
        Ok(password)
    }

    /// The text to hash.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<Password, Refusal> {
        Password::chosen(
            &Secret::new(text),
            &Email::parse("ada.lovelace@example.com").expect("an address"),
        )
    }

    #[test]
    fn length_counts_code_points_and_nothing_is_trimmed_or_cut() {
        assert!(matches!(chosen("1234567"), Err(Refusal::PasswordTooShort)));
        assert!(matches!(chosen(""), Err(Refusal::PasswordTooShort)));
        assert_eq!(chosen(" p  ssw ").expect("fits").expose(), " p  ssw ");
        assert!(chosen(&"\u{1f600}".repeat(8)).is_ok());
        assert!(chosen(&"\u{1f600}".repeat(128)).is_ok());
        assert!(matches!(chosen(&"x".repeat(129)), Err(Refusal::PasswordTooLong)));
        assert!(matches!(chosen(&"x".repeat(100_000)), Err(Refusal::PasswordTooLong)));
    }

    #[test]
    fn two_spellings_of_one_letter_are_one_password() {
        let composed = chosen("caf\u{e9}-caf\u{e9}").expect("fits");
        let decomposed = chosen("cafe\u{301}-cafe\u{301}").expect("fits");

        assert_eq!(composed.expose(), decomposed.expose());
    }

    #[test]
    fn nul_and_the_own_address_are_refused() {
        assert!(matches!(chosen("abc\0defgh"), Err(Refusal::PasswordUnusable)));
        assert!(matches!(
            chosen("Ada.Lovelace@example.com"),
            Err(Refusal::PasswordIsAddress)
        ));
        assert!(matches!(chosen("ADA.lovelace"), Err(Refusal::PasswordIsAddress)));
    }
}
