//! What is limited, and how much of it there is.

use std::time::Duration;

/// Declares the limits with their names.
macro_rules! limits {
    ($($(#[$meaning:meta])* $limit:ident $name:literal,)*) => {
        /// A limit. The names stand in audit lines, metrics and the database, so they do not change. How
        /// much each allows stands in `config::limits`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Limit {
            $($(#[$meaning])* $limit,)*
        }

        impl Limit {
            /// Every limit.
            pub const ALL: &[Self] = &[$(Self::$limit),*];

            /// The name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$limit => $name,)*
                }
            }
        }
    };
}

limits! {
    /// Wrong passwords from one network, on every route that takes one.
    LoginAddress "login.address",
    /// Wrong passwords for one account from browsers that have not signed in to it before.
    LoginAccount "login.account",
    /// Wrong passwords for one account from one browser that has.
    LoginDevice "login.device",
    /// Wrong passwords for one account from all those browsers, and all its sessions, together.
    LoginBrowsers "login.browsers",
    /// Wrong passwords of a person who is signed in and must prove it again, in one session.
    PasswordSession "password.session",
    /// Changes of one account's username.
    UsernameAccount "username.account",
    /// Refused sign-ups from one network.
    SignUpAddress "sign_up.address",
    /// Refused sign-ups with one address.
    SignUpAccount "sign_up.account",
    /// Accounts opened from one network.
    NewAccounts "sign_up.new_accounts",
    /// Password resets asked for from one network.
    ResetAddress "password_reset.address",
    /// Password resets asked for with one address from one network, whether it has an account or not.
    ResetAccount "password_reset.account",
    /// The same from all networks together, by mailbox.
    ResetMailbox "password_reset.mailbox",
    /// Sign-ups begun with one address from one network, whether it has an account or not.
    SignUpCodes "sign_up.codes",
    /// The same from all networks together, by mailbox.
    SignUpMailbox "sign_up.mailbox",
    /// Letters with codes to addresses that one account is to get, or to prove.
    EmailChangeAccount "email_change.account",
    /// Letters with codes to addresses that accounts are to get, asked for from one network.
    EmailChangeNetwork "email_change.network",
    /// The same to one mailbox.
    EmailChangeMailbox "email_change.mailbox",
    /// Letters with codes to sign in with, asked for from one network.
    SignInCodeNetwork "login_code.network",
    /// The same with one address from one network, whether it has an account or not; it begins anew with a sign-in.
    SignInCodeAddress "login_code.address",
    /// The same from all networks together, by mailbox.
    SignInCodeMailbox "login_code.mailbox",
    /// Wrong codes from one network.
    ChallengeVerify "challenge_verify.address",
    /// Further codes asked for from one network.
    ChallengeResend "challenge_resend.address",
    /// Refreshes of one session, successful or not.
    RefreshSession "refresh.session",
}

/// So many in so long. The time begins with the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// How many; at least 1.
    pub limit: u32,
    /// In how long.
    pub window: Duration,
}

impl Budget {
    /// Windows never grow beyond this, however often the budget is used up.
    const LONGEST: Duration = Duration::from_hours(24);
    /// Windows that double, then the last one repeats.
    pub const STEPS: usize = 6;

    /// How long a window lasts before which the whole budget was used up so many times, in however
    /// many windows: twice as long each time, a day at most. So guessing slowly and for ever gets slower and slower.
    pub fn window_after(&self, used_up: usize) -> Duration {
        let factor = 1 << used_up.min(Self::STEPS - 1);
        (self.window * factor).min(Self::LONGEST.max(self.window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_that_is_used_up_again_and_again_has_windows_that_double_to_a_day() {
        let hours = |window, used_up| {
            let budget = Budget {
                limit: 10,
                window: Duration::from_hours(window),
            };
            budget.window_after(used_up).as_secs() / 3600
        };

        assert_eq!(
            [0, 1, 2, 4, 5, 99].map(|used_up| hours(1, used_up)),
            [1, 2, 4, 16, 24, 24]
        );
        assert_eq!(hours(48, 3), 48, "a longer one was asked for");
    }

    #[test]
    fn every_limit_has_a_name_of_its_own() {
        for (at, limit) in Limit::ALL.iter().enumerate() {
            assert!(!Limit::ALL[..at].iter().any(|other| other.name() == limit.name()));
        }
    }
}
