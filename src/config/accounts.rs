//! Who may have an account.

use std::sync::Arc;

use crate::config::file;
use crate::config::reader::Reader;
use crate::domain::Domains;

/// KiB of the file of domains at most.
const LARGEST_LIST: u64 = 8192;

/// Who may have an account.
#[derive(Debug, Clone)]
pub struct Accounts {
    /// `AUTHARA_SIGNUP_MODE`.
    pub sign_up: SignUp,
    /// `AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED`: only accounts whose address is on the list may be used.
    pub allowlist: bool,
    /// `AUTHARA_DISPOSABLE_DOMAINS_FILE`: nobody chooses an address of these.
    pub disposable: Arc<Domains>,
}

/// Who may open an account of their own. An operator may open one for anybody, whatever it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUp {
    /// Everybody.
    Open,
    /// People with an invitation.
    Invitation,
    /// Everybody, and each account waits until an operator has approved it.
    Approval,
    /// Nobody.
    Closed,
}

impl SignUp {
    /// The value of the setting.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Invitation => "invitation",
            Self::Approval => "approval",
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
            Self::Approval => "open to everybody, and each account waits for `authara user approve`",
            Self::Closed => "closed: accounts are made by `authara user add`",
        }
    }
}

impl Accounts {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let modes = [SignUp::Open, SignUp::Invitation, SignUp::Approval, SignUp::Closed];
        let sign_up = reader.one_of("AUTHARA_SIGNUP_MODE", &modes.map(|mode| (mode.name(), mode)));
        let allowlist = reader.boolean("AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED");
        let disposable = disposable(reader);
        Some(Self {
            sign_up: sign_up?,
            allowlist: allowlist?,
            disposable: disposable?,
        })
    }
}

fn disposable(reader: &mut Reader<'_>) -> Option<Arc<Domains>> {
    const NAME: &str = "AUTHARA_DISPOSABLE_DOMAINS_FILE";

    if !reader.is_set(NAME) {
        return Some(Arc::default());
    }
    reader.parse(NAME, |path| {
        let text = String::from_utf8(file::read(path, LARGEST_LIST)?);
        let text = text.map_err(|_| format!("names {path}, which is no text in UTF-8"))?;
        let domains = Domains::parse(&text);
        domains
            .map(Arc::new)
            .map_err(|line| format!("names {path}, whose line {line} is no domain"))
    })
}
