//! How often a caller may try.

use std::time::Duration;

use crate::config::rates::RATES;
use crate::config::reader::Reader;
use crate::domain::limit::{Budget, Limit};

/// Wrong passwords for one account, from strangers and known browsers together, while no window
/// ends: as many as NIST SP 800-63B (3.2.2) allows, however many browsers an attacker holds. An
/// operator who allows strangers more than half of it allows known browsers as much.
const MOST_GUESSES: u32 = 100;

/// New usernames that a person may try, refused ones as well: more than anybody needs, and too few
/// to find out which there are.
const RENAMES: Budget = Budget {
    limit: 20,
    window: Duration::from_hours(1),
};

/// Addresses that a person may try to give their account: more than anybody needs, and too few to send letters to strangers.
const ADDRESSES: Budget = Budget {
    limit: 10,
    window: Duration::from_hours(1),
};

/// The same, and codes to sign in with, from one network: many people may share it.
const FROM_A_NETWORK: Budget = Budget {
    limit: 60,
    window: Duration::from_hours(1),
};

/// Codes to sign in with to one mailbox from all networks together. Beyond that a reset is the way in, which has limits of its own.
const SIGN_IN_CODES: Budget = Budget {
    limit: 60,
    window: Duration::from_hours(24),
};

/// Letters with codes to one mailbox from all networks together: more help nobody, and a stranger who asks for them all keeps its owner
/// from none until a day is over.
const CODES: Budget = Budget {
    limit: 20,
    window: Duration::from_hours(24),
};

/// How much each limit allows.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    budgets: [Option<Budget>; Limit::ALL.len()],
    /// Counters kept in memory.
    pub max_entries: usize,
}

impl Limits {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let max_entries = reader.count("AUTHARA_RATE_LIMIT_MAX_ENTRIES");
        let mut limits = Self {
            budgets: [None; Limit::ALL.len()],
            max_entries: 0,
        };
        // All are read, so that all problems are reported together.
        let mut is_whole = true;
        for rate in RATES {
            let count = reader.count(rate.count).and_then(|count| u32::try_from(count).ok());
            let window = reader.duration(rate.window);
            match (count, window) {
                (Some(0), Some(_)) => {}
                (Some(limit), Some(window)) => limits.set(rate.limit, Budget { limit, window }),
                _ => is_whole = false,
            }
        }
        limits.set(Limit::UsernameAccount, RENAMES);
        limits.set(Limit::EmailChangeAccount, ADDRESSES);
        limits.set(Limit::EmailChangeNetwork, FROM_A_NETWORK);
        limits.set(Limit::EmailChangeMailbox, CODES);
        limits.set(Limit::SignInCodeNetwork, FROM_A_NETWORK);
        limits.set(Limit::SignInCodeAddress, ADDRESSES);
        limits.set(Limit::SignInCodeMailbox, SIGN_IN_CODES);
        limits.set(Limit::ResetMailbox, CODES);
        limits.set(Limit::SignUpMailbox, CODES);
        limits.max_entries = max_entries?;
        is_whole.then_some(limits)
    }

    /// The budget of a limit; `None` if it limits nothing.
    pub fn of(&self, limit: Limit) -> Option<Budget> {
        self.budgets[limit as usize]
    }

    /// Gives a limit another budget. Known browsers follow the strangers: each has as much as they
    /// have together, and all browsers what is left of [`MOST_GUESSES`].
    pub fn set(&mut self, limit: Limit, budget: Budget) {
        self.budgets[limit as usize] = Some(budget);
        if limit == Limit::LoginAccount {
            let all = Budget {
                limit: MOST_GUESSES.saturating_sub(budget.limit).max(budget.limit),
                ..budget
            };
            self.budgets[Limit::LoginDevice as usize] = Some(budget);
            self.budgets[Limit::LoginBrowsers as usize] = Some(all);
        }
    }
}
