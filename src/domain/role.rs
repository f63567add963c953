//! What a person may do on the platform as a whole, beside any organization. No role implies another.

use std::fmt;
use std::str::FromStr;

/// A platform role. Tokens carry it as `authara:<name>` (contract, http.md 8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlatformRole {
    /// The admin area: all accounts.
    Admin,
    /// The operator area: settings and letters.
    Operator,
}

impl PlatformRole {
    /// Every role, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Admin, Self::Operator];

    /// The name in the database and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// The name in tokens and answers.
    pub const fn claim(self) -> &'static str {
        match self {
            Self::Admin => "authara:admin",
            Self::Operator => "authara:operator",
        }
    }

    /// Reads the name that tokens carry.
    pub fn from_claim(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.claim() == text)
    }
}

impl fmt::Display for PlatformRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No platform role has this name.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownRole;

impl fmt::Display for UnknownRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a role; the roles are admin and operator")
    }
}

impl std::error::Error for UnknownRole {}

impl FromStr for PlatformRole {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or(UnknownRole)
    }
}
