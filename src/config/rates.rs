//! The limits that have settings: each with its numbers and its words, once.

use crate::config::var::{Default, Group, Kind, Var};
use crate::domain::limit::Limit;

/// A limit and the names of its two settings.
pub(super) struct Rate {
    pub(super) limit: Limit,
    pub(super) count: &'static str,
    pub(super) window: &'static str,
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

/// Declares the limits that have settings of their own: `<name>_LIMIT` and `<name>_WINDOW`. The
/// registry of settings takes its rows from here.
macro_rules! rates {
    ($($limit:ident $setting:literal: $count:literal $unit:literal in $window:literal, at least $least:literal, $windows:ident, $help:literal;)*) => {
        /// The limits and the names of their settings.
        pub(super) const RATES: &[Rate] = &[$(Rate {
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
const DOUBLING: &str = "In this time, which begins with the first and doubles, up to a day, after every so many.";

rates! {
    LoginAddress "AUTHARA_RATE_LIMIT_LOGIN_IP": "5" "attempts" in "1m", at least 1, EQUAL,
        "Wrong passwords from one address (IPv6: one /64; a /48 gets 16 times as many) before 429.";
    LoginAccount "AUTHARA_RATE_LIMIT_LOGIN_EMAIL": "10" "attempts" in "1h", at least 1, DOUBLING,
        "Wrong passwords for one account, from all browsers that have not signed in to it since its password was set; each that has gets as many of its own, and all together 100.";
    PasswordSession "AUTHARA_RATE_LIMIT_PASSWORD_CHANGE": "10" "attempts" in "1h", at least 1, DOUBLING,
        "Wrong passwords of a person who is signed in and must prove it again.";
    SignUpAddress "AUTHARA_RATE_LIMIT_SIGNUP_IP": "3" "attempts" in "1h", at least 1, EQUAL,
        "Sign-ups from one address that are refused because the account exists.";
    SignUpAccount "AUTHARA_RATE_LIMIT_SIGNUP_EMAIL": "3" "attempts" in "24h", at least 1, DOUBLING,
        "Sign-ups with one e-mail address that are refused because the account exists.";
    NewAccounts "AUTHARA_RATE_LIMIT_NEW_ACCOUNTS_IP": "100" "accounts" in "1h", at least 1, EQUAL,
        "Accounts that can be opened from one address.";
    ResetAddress "AUTHARA_RATE_LIMIT_PASSWORD_RESET_IP": "5" "attempts" in "1h", at least 1, EQUAL,
        "Password resets asked for from one address.";
    ResetAccount "AUTHARA_RATE_LIMIT_PASSWORD_RESET_EMAIL": "3" "attempts" in "24h", at least 1, DOUBLING,
        "Password resets asked for with one e-mail address from one network, whether it has an account or not; from all together 20 a day.";
    SignUpCodes "AUTHARA_RATE_LIMIT_SIGNUP_CODES_EMAIL": "5" "attempts" in "24h", at least 1, EQUAL,
        "Sign-ups begun with one e-mail address from one network where a code is mailed, whether it has an account or not; from all together 20 a day.";
    ChallengeVerify "AUTHARA_RATE_LIMIT_CHALLENGE_VERIFY_IP": "30" "attempts" in "10m", at least 1, EQUAL,
        "Wrong codes from one address.";
    ChallengeResend "AUTHARA_RATE_LIMIT_CHALLENGE_RESEND_IP": "10" "codes" in "1h", at least 1, EQUAL,
        "Further codes asked for from one address.";
    RefreshSession "AUTHARA_RATE_LIMIT_REFRESH_SESSION": "0" "refreshes" in "1m", at least 0, EQUAL,
        "Refreshes of one session; 0 for no limit. Never counted by address, since an application refreshes for all its users from one.";
}
