//! How often a caller may try.

use std::time::Duration;

use crate::config::reader::Reader;
use crate::config::var::{Default, Group, Kind, Var};
use crate::domain::limit::{Budget, Limit};

/// Declares the limits that have settings of their own: `<name>_LIMIT` and `<name>_WINDOW`. The
/// registry of settings takes its rows from here.
macro_rules! rates {
    ($($limit:ident $setting:literal: $count:literal $unit:literal in $window:literal, at least $least:literal, $windows:ident, $help:literal;)*) => {
        const RATES: &[Rate] = &[$(Rate {
            limit: Limit::$limit,
            count: concat!($setting, "_LIMIT"),
            window: concat!($setting, "_WINDOW"),
        }),*];

        /// The settings of all of them.
        pub(super) const VARS: &[Var] = &[$(
            Var {
                name: concat!($setting, "_LIMIT"),
                kind: Kind::Number { from: $least, to: 1_000_000, unit: $unit },
                default: Default::Is($count),
                help: $help,
                ..RATE
            },
            Var {
                name: concat!($setting, "_WINDOW"),
                kind: Kind::Duration { from: 1, to: 2_592_000 },
                default: Default::Is($window),
                help: $windows,
                ..RATE
            },
        )*];
    };
}

const EQUAL: &str = "In this time, which begins with the first.";
const DOUBLING: &str =
    "In this time, which begins with the first and doubles, up to a day, each time the limit is reached again.";

rates! {
    LoginAddress "AUTHARA_RATE_LIMIT_LOGIN_IP": "5" "attempts" in "1m", at least 1, EQUAL,
        "Wrong passwords from one address (IPv6: one /64; a /48 gets 16 times as many) before 429.";
    LoginAccount "AUTHARA_RATE_LIMIT_LOGIN_EMAIL": "10" "attempts" in "1h", at least 1, DOUBLING,
        "Wrong passwords for one account, from all browsers that have not signed in to it since its password was set; each that has gets as many of its own, and all together 100.";
    PasswordAccount "AUTHARA_RATE_LIMIT_PASSWORD_CHANGE": "10" "attempts" in "1h", at least 1, DOUBLING,
        "Wrong passwords of a person who is signed in and must prove it again.";
    SignUpAddress "AUTHARA_RATE_LIMIT_SIGNUP_IP": "3" "attempts" in "1h", at least 1, EQUAL,
        "Sign-ups from one address that are refused because the account exists.";
    SignUpAccount "AUTHARA_RATE_LIMIT_SIGNUP_EMAIL": "3" "attempts" in "24h", at least 1, EQUAL,
        "Sign-ups with one e-mail address that are refused because the account exists.";
    NewAccounts "AUTHARA_RATE_LIMIT_NEW_ACCOUNTS_IP": "100" "accounts" in "1h", at least 1, EQUAL,
        "Accounts that can be opened from one address.";
    RefreshSession "AUTHARA_RATE_LIMIT_REFRESH_SESSION": "0" "refreshes" in "1m", at least 0, EQUAL,
        "Refreshes of one session; 0 for no limit. Never counted by address, since an application refreshes for all its users from one.";
}

/// Wrong passwords for one account, from strangers and known browsers together, while no window
/// ends: as many as NIST SP 800-63B (3.2.2) allows, however many browsers an attacker holds.
const MOST_GUESSES: u32 = 100;

/// New usernames that a person may try, refused ones as well: more than anybody needs, and too few
/// to find out which there are.
const RENAMES: Budget = Budget {
    limit: 20,
    window: Duration::from_hours(1),
};

struct Rate {
    limit: Limit,
    count: &'static str,
    window: &'static str,
}

const RATE: Var = Var {
    name: "",
    group: Group::Limits,
    kind: Kind::Bool,
    default: Default::None,
    is_secret: false,
    required: "",
    help: "",
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
