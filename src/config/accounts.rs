//! Who may have an account.

use crate::config::reader::Reader;

/// Who may have an account.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// `AUTHARA_SIGNUP_MODE`.
    pub sign_up: SignUp,
}

/// Who may open an account of their own. An operator may open one for anybody, whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Everybody.
    Open,
    /// People with an invitation.
    Invitation,
    /// Nobody.
    Closed,
}

impl SignUp {
    /// The value of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Closed => "closed",
        }
    }

    /// What it means, for operators.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Open => "open to everybody",
            Self::Invitation => {
                "by invitation only, and nobody can send one yet: accounts are made by `authara user add`"
            }
            Self::Closed => "closed: accounts are made by `authara user add`",
        }
    }
}

impl Accounts {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let modes = [SignUp::Open, SignUp::Invitation, SignUp::Closed];
        let sign_up = reader.one_of("AUTHARA_SIGNUP_MODE", &modes.map(|mode| (mode.name(), mode)));
        Some(Self { sign_up: sign_up? })
    }
}
