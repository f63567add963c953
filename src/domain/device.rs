//! A browser that somebody has signed in with, as it remembers itself in a signed cookie.
//!
//! It proves nothing about who is there. It only keeps wrong passwords from elsewhere from
//! locking an owner out of a browser he has used before (product, section 9).

use crate::domain::UserId;

/// A browser and the accounts that have been signed in to with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    id: u128,
    users: Vec<UserId>,
}

impl Device {
    /// Accounts that a browser remembers; the least recent is forgotten.
    const MOST_USERS: usize = 4;

    /// One that has not been seen before. `id` is random.
    pub const fn new(id: u128) -> Self {
        Self { id, users: Vec::new() }
    }

    /// Whether the account has been signed in to with it.
    pub fn knows(&self, user: UserId) -> bool {
        self.users.contains(&user)
    }

    /// The same after a sign-in to that account.
    #[must_use]
    pub fn after_sign_in(mut self, user: UserId) -> Self {
        self.users.retain(|known| *known != user);
        self.users.insert(0, user);
        self.users.truncate(Self::MOST_USERS);
        self
    }

    /// The same without an account that is no more; `None` if it knows no other.
    #[must_use]
    pub fn without(mut self, user: UserId) -> Option<Self> {
        self.users.retain(|known| *known != user);
        (!self.users.is_empty()).then_some(self)
    }

    /// Names it among all browsers.
    pub const fn id(&self) -> u128 {
        self.id
    }

    /// As text, to be signed.
    pub fn text(&self) -> String {
        let users = self.users.iter().map(|user| format!(" {user}"));
        format!("{:032x}", self.id) + &users.collect::<String>()
    }

    /// Reads that text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let id = u128::from_str_radix(parts.next()?, 16).ok()?;
        let users: Result<Vec<UserId>, _> = parts.map(str::parse).collect();
        let users = users.ok().filter(|users| users.len() <= Self::MOST_USERS)?;
        Some(Self { id, users })
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn user(number: u128) -> UserId {
        UserId::new(Uuid::from_u128(number))
    }

    #[test]
    fn the_last_four_accounts_are_remembered() {
        let device = (0..6).fold(Device::new(7), |device, number| device.after_sign_in(user(number)));
        let device = device.after_sign_in(user(2));

        let known = (0..6).filter(|number| device.knows(user(*number))).collect::<Vec<_>>();
        assert_eq!(known, [2, 3, 4, 5]);
        assert_eq!(Device::parse(&device.text()), Some(device));
    }

    #[test]
    fn an_account_that_is_gone_is_forgotten() {
        let device = Device::new(7).after_sign_in(user(1)).after_sign_in(user(2));

        let device = device.without(user(2)).expect("it knows another");
        assert!(device.knows(user(1)) && !device.knows(user(2)));
        assert_eq!(device.without(user(1)), None);
    }

    #[test]
    fn what_is_no_device_is_none() {
        for text in ["", " ", "x", "1 x", "1 00000000-0000-0000-0000-000000000000 "] {
            assert_eq!(Device::parse(text), None, "{text:?}");
        }
    }
}
