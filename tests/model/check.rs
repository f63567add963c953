//! What must hold after each step.

use authara::crypto::password::Share;
use authara::crypto::phc::Verified;
use authara::domain::password::Password;
use authara::domain::{Audience, Secret, UserId};
use authara::flows::access;

use super::acts::Done;
use super::{Account, Model, Session};
use crate::kit::world::{by, client};

impl Model<'_> {
    /// Compares the accounts with what they must be, and the sessions with whose they may be.
    pub(super) async fn check(&mut self, done: &[(Done, Option<Secret>)], opened_from: usize) {
        let mut wanted = self.accounts.clone();
        for (done, _) in done {
            if let Done::Opened(id, address, password) = done {
                let account = Account {
                    address: address.clone(),
                    password: Some(password.clone()),
                    is_proved: false,
                    is_disabled: false,
                };
                wanted.insert(*id, account);
            }
        }
        let acts: Vec<_> = done.iter().map(|(done, _)| done.clone()).collect();
        for (id, before) in wanted {
            match self.found(id, &before, &acts).await {
                Some(account) => self.accounts.insert(id, account),
                None => self.accounts.remove(&id),
            };
        }
        for (at, session) in self.sessions.clone().into_iter().enumerate() {
            let is_live = access::caller(self.app(), &by(self.app()), Audience::App, session.access.expose())
                .await
                .is_ok();
            if is_live {
                self.may_live(&session, at >= opened_from, done);
            }
        }
        for account in self.accounts.values().filter(|account| account.is_proved) {
            let owner = format!("{:?}", Self::reader(&account.address));
            let is_theirs = account.password.as_ref().is_none_or(|text| text.starts_with(&owner));
            assert!(
                is_theirs,
                "{account:?} has a password of somebody else\n{}",
                self.told()
            );
        }
    }

    /// The account as it is, which must be what some order of the acts makes of it.
    async fn found(&self, id: UserId, before: &Account, acts: &[Done]) -> Option<Account> {
        let mut conn = self.app().store.read().await.unwrap();
        let user = conn.users().by_id(id).await.unwrap();
        let stored = conn.users().password(id).await.unwrap();
        drop(conn);
        let is_deleted = acts
            .iter()
            .any(|act| matches!(act, Done::Deleted(deleted) if *deleted == id));
        let Some(user) = user else {
            // It made way for the owner of its address, who took another account back.
            let made_way = !before.is_proved
                && acts
                    .iter()
                    .any(|act| matches!(act, Done::TakenBack(_, address) if *address == before.address));
            assert!(is_deleted || made_way, "{before:?} is gone\n{}", self.told());
            return None;
        };
        assert!(!is_deleted, "{before:?} is still there\n{}", self.told());
        let (mut addresses, mut passwords, mut disabled) = (Vec::new(), Vec::new(), Vec::new());
        let (mut is_proved, mut provers) = (before.is_proved, 0);
        let mut takes_password = false;
        for act in acts {
            match act {
                Done::Password(of, text) if *of == id => passwords.push(Some(text.clone())),
                Done::Reset(of, text) if *of == id => {
                    passwords.push(Some(text.clone()));
                    provers += 1;
                }
                Done::Address(of, address) if *of == id => {
                    addresses.push(address.clone());
                    provers += 1;
                }
                Done::TakenBack(of, address) if *of == id => {
                    addresses.push(address.clone());
                    passwords.push(None);
                    provers += 1;
                }
                Done::Proved(of) if *of == id => {
                    takes_password = !before.is_proved;
                    provers += 1;
                }
                Done::Disabled(of) if *of == id => disabled.push(true),
                Done::Enabled(of) if *of == id => disabled.push(false),
                _ => {}
            }
        }
        is_proved |= provers > 0;
        if takes_password {
            passwords.push(None);
        }
        // Where another act has proved the address before it, the code takes nothing away.
        if passwords.is_empty() || (takes_password && provers > 1) {
            passwords.push(before.password.clone());
        }
        let address = user.email.as_str().to_owned();
        let is_address = if addresses.is_empty() {
            address == before.address
        } else {
            addresses.contains(&address)
        };
        assert!(is_address, "{before:?} has {address}\n{}", self.told());
        assert_eq!(
            user.email_verified_at.is_some(),
            is_proved,
            "{before:?}\n{}",
            self.told()
        );
        let is_disabled = user.disabled_at.is_some();
        let is_state = if disabled.is_empty() {
            is_disabled == before.is_disabled
        } else {
            disabled.contains(&is_disabled)
        };
        assert!(is_state, "{before:?} is disabled: {is_disabled}\n{}", self.told());
        for text in passwords {
            let is_it = match (&text, &stored) {
                (None, None) => true,
                (Some(text), Some(stored)) => self.verifies(text, stored.hash.expose()).await,
                _ => false,
            };
            if is_it {
                return Some(Account {
                    address,
                    password: text,
                    is_proved,
                    is_disabled,
                });
            }
        }
        panic!("{before:?} has none of the passwords it may have\n{}", self.told());
    }

    async fn verifies(&self, text: &str, hash: &str) -> bool {
        let share = Share::of(client().address);
        let typed = Password::typed(&Secret::new(text));
        let verified = self.app().hasher.verify(share, typed, Some(hash.to_owned())).await;
        verified.unwrap() != Verified::Wrong
    }

    /// Fails if a session is live that must not be.
    fn may_live(&self, session: &Session, is_new: bool, done: &[(Done, Option<Secret>)]) {
        let Some(account) = self.accounts.get(&session.user) else {
            panic!("a session of an account that is gone\n{}", self.told());
        };
        assert!(
            !account.is_disabled,
            "a session of an account that is off\n{}",
            self.told()
        );
        if account.is_proved {
            let owner = Self::reader(&account.address);
            assert_eq!(
                session.by,
                owner,
                "a session in the account of somebody else\n{}",
                self.told()
            );
        }
        for (act, by) in done {
            let (ends, spares_own) = match act {
                Done::Reset(of, _) | Done::TakenBack(of, _) | Done::Disabled(of) => (*of == session.user, false),
                Done::Password(of, _) => (*of == session.user, true),
                _ => (false, false),
            };
            let is_own = spares_own && by.as_ref() == Some(&session.access);
            if !ends || is_own {
                continue;
            }
            assert!(is_new, "{act:?} left a session\n{}", self.told());
            // It was opened after that, with what holds since.
            if !matches!(act, Done::Disabled(_)) && session.password.is_some() {
                assert_eq!(session.password, account.password, "{act:?}\n{}", self.told());
            }
        }
    }
}
