//! What a new password must be.

mod common;

use unicode_normalization::UnicodeNormalization;

use crate::domain::{Email, PasswordMark, Refusal, Secret, Username};

/// Fewest code points of a password after NFKC.
pub const SHORTEST: usize = 8;
/// Most code points of a password after NFKC; longer ones are refused, never cut.
pub const LONGEST: usize = 128;
/// Most bytes that one of them is sent as: a Hangul syllable written in its three parts.
const WIDEST: usize = 9;

/// The name of this product, which nobody may choose.
const PRODUCT: &str = "authara";

/// A password in the form that is hashed: NFKC, otherwise exactly as typed.
#[derive(Debug, Clone)]
pub struct Password(Secret);

/// A password as the database keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPassword {
    /// Its PHC string.
    pub hash: Secret,
    /// Which of the account's passwords it is.
    pub mark: PasswordMark,
}

impl Password {
    /// Brings a typed password to its one form, to compare it with a stored hash.
    ///
    /// `None` if it cannot be anybody's: empty, too long, or with a NUL in it. Shorter ones than
    /// the policy wants pass, since an imported password may be short.
    pub fn typed(text: &Secret) -> Option<Self> {
        // Bound the work before normalising: NFKC grows a code point to 18 at most.
        if text.is_empty() || text.expose().len() > LONGEST * WIDEST || text.expose().contains('\0') {
            return None;
        }
        let normal: String = text.expose().nfkc().collect();
        (normal.chars().count() <= LONGEST).then(|| Self(Secret::new(normal)))
    }

    /// Checks a password that somebody chose.
    pub fn chosen(text: &Secret, context: &Context<'_>) -> Result<Self, Refusal> {
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
        let lower = Secret::new(normal.to_lowercase());
        if common::contains(lower.expose()) {
            return Err(Refusal::PasswordIsCommon);
        }
        context.check(lower.expose())?;
        Ok(password)
    }

    /// The text to hash.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// For whom and where a password is chosen. Who attacks an account tries these words first.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The public host of this server.
    pub host: &'a str,
    /// What people call this site.
    pub site: &'a str,
    /// The address of the account.
    pub email: &'a Email,
    /// Its username, if it has one already.
    pub username: Option<&'a Username>,
}

impl Context<'_> {
    /// Refuses a password that is one of the words, or one between digits and signs.
    fn check(&self, lower: &str) -> Result<(), Refusal> {
        let is = |word: &str| is_decorated(lower, word);
        let address = self.email.as_str();
        let domain = self.email.domain();

        if is(address) || is(self.email.local_part()) {
            return Err(Refusal::PasswordIsAddress);
        }
        let is_username = self.username.is_some_and(|name| is(&name.normalized()));
        let site = self.site.nfkc().collect::<String>().to_lowercase();
        let is_site = is(&site) || is(&site.replace(' ', ""));
        if is_username || is_site || is(PRODUCT) || is_host(lower, self.host) || is_host(lower, domain) {
            return Err(Refusal::PasswordIsName);
        }
        Ok(())
    }
}

/// Whether a password is a host name or one of its labels; the last one alone names no site.
fn is_host(lower: &str, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let site = host.rsplit_once('.').map_or(host.as_str(), |(site, _)| site);
    is_decorated(lower, &host) || site.split('.').any(|label| is_decorated(lower, label))
}

/// Whether a password is that word, perhaps with digits and signs at either end. A word of one or
/// two letters, or without any, says nothing about what stands around it: it must be the whole.
fn is_decorated(lower: &str, word: &str) -> bool {
    if word.is_empty() {
        return false;
    }
    let is_telling = word.chars().count() > 2 && word.contains(char::is_alphabetic);
    let is_decoration = |text: &str| is_telling && !text.contains(char::is_alphabetic) || text.is_empty();
    lower
        .match_indices(word)
        .any(|(at, _)| is_decoration(&lower[..at]) && is_decoration(&lower[at + word.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<Password, Refusal> {
        chosen_by("ada.lovelace@mail.example.com", text)
    }

    fn chosen_by(email: &str, text: &str) -> Result<Password, Refusal> {
        let email = Email::parse(email).expect("an address");
        let username = Username::parse("Countess_A").expect("a name");
        let context = Context {
            host: "login.stadtrad.co.uk",
            site: "Räder & Co. Zürich",
            email: &email,
            username: Some(&username),
        };
        Password::chosen(&Secret::new(text), &context)
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
    fn the_longest_password_may_come_in_parts() {
        for letter in ["한", "ế", "ᾂ"] {
            let whole = letter.repeat(LONGEST);
            let parts: String = whole.nfd().collect();

            assert_eq!(chosen(&parts).expect("fits").expose(), whole);
            assert!(matches!(chosen(&format!("{parts}한")), Err(Refusal::PasswordTooLong)));
        }
    }

    #[test]
    fn nul_is_refused() {
        assert!(matches!(chosen("abc\0defgh"), Err(Refusal::PasswordUnusable)));
    }

    #[test]
    fn a_common_password_is_refused_in_every_spelling() {
        for text in [
            "password",
            "PassWord1",
            "12345678",
            "ｐａｓｓｗｏｒｄ",
            "iloveyou",
            "qwertyuiop",
            "!QAZ2wsx",
        ] {
            assert!(matches!(chosen(text), Err(Refusal::PasswordIsCommon)), "{text}");
        }
        for text in [
            "passwordish one",
            "password password",
            " password",
            "correct horse battery",
        ] {
            assert!(chosen(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn the_own_address_is_refused_also_between_digits_and_signs() {
        for text in [
            "Ada.Lovelace@mail.example.com",
            "ADA.lovelace",
            "ada.lovelace1815",
            "!!ada.lovelace!!",
            "ada.lovelace@mail.example.com1",
        ] {
            assert!(matches!(chosen(text), Err(Refusal::PasswordIsAddress)), "{text}");
        }
        for text in ["ada.lovelace rules", "ada.lov1815", "my ada.lovelace"] {
            assert!(chosen(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn names_around_the_account_are_refused_also_between_digits_and_signs() {
        for text in [
            "authara2026!",
            "Authara-",
            "1authara1",
            "countess_a",
            "Countess_A_1815",
            "login.stadtrad.co.uk",
            "stadtrad",
            "2026Stadtrad",
            "login12345",
            "mail.example.com",
            "example#1",
            "räder & co. zürich",
            "Räder&Co.Zürich2026",
        ] {
            assert!(matches!(chosen(text), Err(Refusal::PasswordIsName)), "{text}");
        }
        for text in ["authara rocks", "stadtradio", "co12345678", "countess b 12"] {
            assert!(chosen(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_short_local_part_or_one_of_digits_forbids_nothing_but_itself() {
        assert!(chosen_by("a@b.example", "a1234598761").is_ok());
        assert!(chosen_by("7@b.example", "8642975310246").is_ok());
        assert!(chosen_by("4915112345678@b.example", "4915112345678!").is_ok());
        assert!(matches!(
            chosen_by("4915112345678@b.example", "4915112345678"),
            Err(Refusal::PasswordIsAddress)
        ));
    }
}
