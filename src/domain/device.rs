//! A browser that an account has been signed in to with, as it remembers itself in a signed cookie.
//!
//! It proves nothing about who is there. It only keeps wrong passwords from elsewhere from
//! locking an owner out of a browser they have used before (product, section 9), and no longer than
//! the account has the password that was used then.

use crate::domain::{PasswordMark, Timestamp, UserId};

/// A browser and the accounts that have been signed in to with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    id: u128,
    known: Vec<Known>,
}

/// An account, and the password that it had at the sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    user: UserId,
    mark: PasswordMark,
}

impl Device {
    /// Accounts that a browser remembers; the least recent is forgotten.
    const MOST_USERS: usize = 4;

    /// One that has not been seen before. `id` is random.
    pub const fn new(id: u128) -> Self {
        Self { id, known: Vec::new() }
    }

    /// Whether the account has been signed in to with it while it had that password.
    pub fn knows(&self, user: UserId, mark: PasswordMark) -> bool {
        self.known.contains(&Known { user, mark })
    }

    /// The same after a sign-in to that account.
    #[must_use]
    pub fn after_sign_in(self, user: UserId, mark: PasswordMark) -> Self {
        let mut known = vec![Known { user, mark }];
        known.extend(self.known.into_iter().filter(|known| known.user != user));
        known.truncate(Self::MOST_USERS);
        Self { known, ..self }
    }

    /// The same without an account that is no more; `None` if it knows no other.
    #[must_use]
    pub fn without(mut self, user: UserId) -> Option<Self> {
        self.known.retain(|known| known.user != user);
        (!self.known.is_empty()).then_some(self)
    }

    /// Names it among all browsers.
    pub const fn id(&self) -> u128 {
        self.id
    }

    /// As text, to be signed.
    pub fn text(&self) -> String {
        let known = self
            .known
            .iter()
            .map(|Known { user, mark }| format!(" {user}/{}", mark.at().micros()));
        format!("{:032x}", self.id) + &known.collect::<String>()
    }

    /// Reads that text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let id = u128::from_str_radix(parts.next()?, 16).ok()?;
        let known: Option<Vec<Known>> = parts.map(Known::parse).collect();
        let known = known.filter(|known| known.len() <= Self::MOST_USERS)?;
        Some(Self { id, known })
    }
}

impl Known {
    fn parse(text: &str) -> Option<Self> {
        let (user, mark) = text.split_once('/')?;
        let mark = Timestamp::from_micros(mark.parse().ok()?);
        Some(Self {
            user: user.parse().ok()?,
            mark: PasswordMark::set_at(mark),
        })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    fn mark(second: i64) -> PasswordMark {
        PasswordMark::set_at(Timestamp::from_seconds(second))
    }

    #[test]
    fn the_last_four_accounts_are_remembered() {
        let device = (0..6).fold(Device::new(7), |device, number| {
            device.after_sign_in(user(number), mark(1))
        });
        let device = device.after_sign_in(user(2), mark(1));

        let known = (0..6)
            .filter(|number| device.knows(user(*number), mark(1)))
            .collect::<Vec<_>>();
        assert_eq!(known, [2, 3, 4, 5]);
        assert_eq!(Device::parse(&device.text()), Some(device));
    }

    #[test]
    fn another_password_makes_it_a_stranger() {
        let device = Device::new(7).after_sign_in(user(1), mark(1));

        assert!(device.knows(user(1), mark(1)) && !device.knows(user(1), mark(2)));
        let device = device.after_sign_in(user(1), mark(2));
        assert!(device.knows(user(1), mark(2)) && !device.knows(user(1), mark(1)));
    }

    #[test]
    fn an_account_that_is_gone_is_forgotten() {
        let device = Device::new(7)
            .after_sign_in(user(1), mark(1))
            .after_sign_in(user(2), mark(1));

        let device = device.without(user(2)).expect("it knows another");
        assert!(device.knows(user(1), mark(1)) && !device.knows(user(2), mark(1)));
        assert_eq!(device.without(user(1)), None);
    }

    #[test]
    fn what_is_no_device_is_none() {
        let id = "00000000-0000-0000-0000-000000000000";
        for text in [
            "",
            " ",
            "x",
            &format!("1 {id}"),
            &format!("1 {id}/ "),
            &format!("1 {id}/x"),
        ] {
            assert_eq!(Device::parse(text), None, "{text:?}");
        }
    }
}
