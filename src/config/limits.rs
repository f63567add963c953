//! How often somebody may try.

use crate::config::reader::Reader;
use crate::domain::limit::Budget;

/// Budgets of everything that is limited (`AUTHARA_RATE_LIMIT_*`).
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wrong passwords from one network.
    pub login_address: Budget,
    /// Wrong passwords for one account: from strangers, and from each browser known to it.
    pub login_account: Budget,
    /// Wrong passwords of somebody signed in.
    pub password_account: Budget,
    /// Refused sign-ups from one network.
    pub sign_up_address: Budget,
    /// Refused sign-ups with one address.
    pub sign_up_account: Budget,
    /// Accounts opened from one network.
    pub new_accounts: Budget,
    /// Refreshes of one session; `None` for as many as it likes.
    pub refresh_session: Option<Budget>,
    /// Counters kept in memory.
    pub max_entries: usize,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut budget = |limit, window| {
            let limit = reader.count(limit).and_then(|limit| u32::try_from(limit).ok());
            let window = reader.duration(window);
            Some(Budget {
                limit: limit?,
                window: window?,
            })
        };
        let login_address = budget(
            "AUTHARA_RATE_LIMIT_LOGIN_IP_LIMIT",
            "AUTHARA_RATE_LIMIT_LOGIN_IP_WINDOW",
        );
        let login_account = budget(
            "AUTHARA_RATE_LIMIT_LOGIN_EMAIL_LIMIT",
            "AUTHARA_RATE_LIMIT_LOGIN_EMAIL_WINDOW",
        );
        let password_account = budget(
            "AUTHARA_RATE_LIMIT_PASSWORD_CHANGE_LIMIT",
            "AUTHARA_RATE_LIMIT_PASSWORD_CHANGE_WINDOW",
        );
        let sign_up_address = budget(
            "AUTHARA_RATE_LIMIT_SIGNUP_IP_LIMIT",
            "AUTHARA_RATE_LIMIT_SIGNUP_IP_WINDOW",
        );
        let sign_up_account = budget(
            "AUTHARA_RATE_LIMIT_SIGNUP_EMAIL_LIMIT",
            "AUTHARA_RATE_LIMIT_SIGNUP_EMAIL_WINDOW",
        );
        let new_accounts = budget(
            "AUTHARA_RATE_LIMIT_NEW_ACCOUNTS_IP_LIMIT",
            "AUTHARA_RATE_LIMIT_NEW_ACCOUNTS_IP_WINDOW",
        );
        let refresh_session = budget(
            "AUTHARA_RATE_LIMIT_REFRESH_SESSION_LIMIT",
            "AUTHARA_RATE_LIMIT_REFRESH_SESSION_WINDOW",
        );
        let max_entries = reader.count("AUTHARA_RATE_LIMIT_MAX_ENTRIES");
        Some(Self {
            login_address: login_address?,
            login_account: login_account?,
            password_account: password_account?,
            sign_up_address: sign_up_address?,
            sign_up_account: sign_up_account?,
            new_accounts: new_accounts?,
            refresh_session: refresh_session.map(|budget| (budget.limit > 0).then_some(budget))?,
            max_entries: max_entries?,
        })
    }
}
