//! The way in: what a person proves, and what they came for.
//!
//! What was proved travels with the state it was proved against, because the proof takes time and
//! the account may change meanwhile. `flows::entry` compares the two when the proof is used.

use std::borrow::Cow;
use std::fmt;

use crate::domain::{Audience, Email, SessionId, Timestamp, UserId};

/// What was proved, and against which state of the account.
///
/// A further way in adds a variant here and its check in `storage::evidence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// The account's password.
    Password {
        /// Whose password.
        user: UserId,
        /// Which of the account's passwords was compared.
        seen: PasswordMark,
    },
    /// A code that was mailed to the account's address, and is used up by the transaction.
    Code {
        /// Whose account.
        user: UserId,
        /// Where the code went.
        address: Email,
        /// When it was entered.
        at: Timestamp,
    },
}

impl Evidence {
    /// Whose account it is about.
    pub const fn user(&self) -> UserId {
        match self {
            Self::Password { user, .. } | Self::Code { user, .. } => *user,
        }
    }

    /// Since when the account has what was proved: no proof of it is older.
    pub const fn since(&self) -> Timestamp {
        match self {
            Self::Password { seen, .. } => seen.at(),
            Self::Code { at, .. } => *at,
        }
    }

    /// The way in that it belongs to.
    pub const fn method(&self) -> Method {
        match self {
            Self::Password { .. } => Method::Password,
            Self::Code { .. } => Method::Code,
        }
    }
}

/// Tells one password of an account from the ones before and after it. A stronger hash of the same
/// password keeps the mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordMark(Timestamp);

impl PasswordMark {
    /// The mark of the password that was set at that moment. Two passwords of one account never have the same.
    pub const fn set_at(at: Timestamp) -> Self {
        Self(at)
    }

    /// When the password was set.
    pub const fn at(self) -> Timestamp {
        self.0
    }
}

/// One attempt to get in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What the attempt is for.
    pub purpose: Purpose,
    /// What the tokens shall open.
    pub wanted: Audience,
    /// Whether the browser has been used for this account before, as far as the flow can tell.
    pub is_known: bool,
}

/// What an attempt to get in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A new session of an account.
    SignIn,
    /// To prove again, in a session that exists, that its owner is there.
    Confirm(SessionId),
}

/// What is still missing after a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An operator has to approve the account.
    WaitForApproval,
}

/// A way to prove who one is, as claim `amr` names it (RFC 8176).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A password, at sign-in or sign-up.
    Password,
    /// A code that was mailed.
    Code,
}

impl Method {
    /// The registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Password => "pwd",
            Self::Code => "otp",
        }
    }
}

/// How a person got in: one method or several (claim `amr`). Names that only a newer version knows
/// are kept, so that instances can be upgraded one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Methods(Vec<Cow<'static, str>>);

impl Methods {
    /// Characters of the longest name.
    const LONGEST_NAME: usize = 32;
    /// Names at most.
    const MOST: usize = 16;

    /// The same with one method more.
    #[must_use]
    pub fn and(mut self, method: Method) -> Self {
        self.insert(Cow::Borrowed(method.name()));
        self
    }

    /// The names, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(AsRef::as_ref)
    }

    /// Reads names; `None` if one of them cannot be a name, or there are too many.
    pub fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut methods = Self::default();
        for name in names {
            let is_name = (1..=Self::LONGEST_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
            if !is_name || methods.0.len() == Self::MOST {
                return None;
            }
            methods.insert(Cow::Owned(name.to_owned()));
        }
        Some(methods)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text.split(' ').filter(|name| !name.is_empty()))
    }

    fn insert(&mut self, name: Cow<'static, str>) {
        if let Err(at) = self.0.binary_search(&name) {
            self.0.insert(at, name);
        }
    }
}

impl From<Method> for Methods {
    fn from(method: Method) -> Self {
        Self::default().and(method)
    }
}

/// The names with spaces between them.
impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_a_set_and_keep_names_of_newer_versions() {
        let methods = Methods::parse("pwd otp hwk otp").expect("names");

        assert_eq!(methods.to_string(), "hwk otp pwd");
        assert_eq!(methods.clone().and(Method::Password), methods);
        assert_eq!(Methods::from(Method::Password).names().collect::<Vec<_>>(), ["pwd"]);
        assert_eq!(Methods::parse(""), Some(Methods::default()));
    }

    #[test]
    fn what_cannot_be_a_name_is_refused() {
        for names in [&["a b"][..], &[""], &["\u{e9}"], &["x".repeat(33).as_str()], &["a\n"]] {
            assert_eq!(Methods::read(names.iter().copied()), None, "{names:?}");
        }
        let many: Vec<String> = (0..17).map(|number| number.to_string()).collect();
        assert_eq!(Methods::read(many.iter().map(String::as_str)), None);
    }
}
