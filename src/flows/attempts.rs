//! Limits on trying (product, section 9): per network in memory, per account in the database.
//!
//! An attempt takes its places before any work is done and gives them back unless it fails, so the
//! limits hold under parallel requests although only failures count.

use crate::app::App;
use crate::domain::audit::{Action, Actor};
use crate::domain::device::Device;
use crate::domain::limit::{Budget, Limit};
use crate::domain::session::Session;
use crate::domain::{Client, Email, Refusal, Timestamp, TokenHash, User, UserId};
use crate::flows::announce::Deed;
use crate::flows::{Error, Result};
use crate::limits::{Attempt, Full, Key};
use crate::storage::{self, Tx};

/// Bits of an IPv6 address that one customer has.
const CUSTOMER: u32 = 64;
/// Bits of an IPv6 address that a site may have; it gets [`SITE_FACTOR`] times the budget.
const SITE: u32 = 48;
const SITE_FACTOR: u32 = 16;

/// One try at something limited. Dropped, it counts as a failure.
#[must_use]
pub(super) struct Try<'a> {
    app: &'a App,
    client: &'a Client,
    places: Vec<Attempt>,
    taken: Vec<(Limit, TokenHash)>,
}

impl<'a> Try<'a> {
    /// Begins without any limit.
    pub(super) const fn new(app: &'a App, client: &'a Client) -> Self {
        Self {
            app,
            client,
            places: Vec::new(),
            taken: Vec::new(),
        }
    }

    /// Takes a place in the caller's network. Nobody is told apart by an address that is not known.
    pub(super) async fn in_network(mut self, limit: Limit, budget: Budget) -> Result<Self> {
        let address = self.client.address;
        if address.is_unspecified() {
            return Ok(self);
        }
        let site = Budget {
            limit: budget.limit.saturating_mul(SITE_FACTOR),
            ..budget
        };
        let circles: &[(u32, Budget)] = if address.is_ipv6() {
            &[(SITE, site), (CUSTOMER, budget)]
        } else {
            &[(CUSTOMER, budget)]
        };
        for (prefix, budget) in circles {
            let key = Key::network(limit, address, *prefix);
            match self.app.limiter.enter(key, *budget, &*self.app.clock).await {
                Ok(place) => self.places.push(place),
                Err(full) => return Err(self.refuse(limit, full, None).await),
            }
        }
        Ok(self)
    }

    /// Takes a place in the session's own budget.
    pub(super) async fn of_session(mut self, limit: Limit, session: &Session, budget: Budget) -> Result<Self> {
        let key = Key::named(limit, *session.id.uuid().as_bytes());
        match self.app.limiter.enter(key, budget, &*self.app.clock).await {
            Ok(place) => self.places.push(place),
            Err(full) => return Err(self.refuse(limit, full, Some(session.user)).await),
        }
        Ok(self)
    }

    /// Takes a place in a budget that the database keeps. `subject` is the account, where the
    /// caller may know that there is one.
    pub(super) async fn of_account(
        mut self,
        limit: Limit,
        key: TokenHash,
        budget: Budget,
        subject: Option<UserId>,
    ) -> Result<Self> {
        let mut place = self.app.limiter.join(Key::named(limit, first_half(&key)));
        loop {
            let now = self.app.now();
            let spared_before = place.spared_before();
            let take = async |tx: &mut Tx| -> Result<_> { Ok(tx.budgets().take(limit, &key, budget, now).await?) };
            let taken = match self.app.store.write(take).await {
                Ok(taken) => taken,
                Err(error) => {
                    self.places.push(place);
                    self.undo().await;
                    return Err(error);
                }
            };
            if taken {
                self.places.push(place);
                self.taken.push((limit, key));
                return Ok(self);
            }
            // Another attempt that is under way may yet give its place back.
            let full = match place.wait_for_room(spared_before).await {
                Ok(true) => continue,
                Ok(false) => {
                    let full;
                    let spent = self.spent(limit, &key, budget, now).await;
                    (self, full) = self.or_undo(spent).await?;
                    full
                }
                Err(full) => full,
            };
            return Err(self.refuse(limit, full, subject).await);
        }
    }

    /// It succeeded: gives back what the database keeps, in the transaction of the success.
    /// [`Try::spare`] after the commit gives back the rest.
    pub(super) async fn give_back(&self, tx: &mut Tx) -> storage::Result<()> {
        for (limit, key) in &self.taken {
            tx.budgets().give_back(*limit, key).await?;
        }
        Ok(())
    }

    /// It succeeded, and that has been committed.
    pub(super) fn spare(self) {
        self.places.into_iter().for_each(Attempt::spare);
    }

    /// It came to nothing, through no fault of the caller's: gives everything back.
    pub(super) async fn undo(self) {
        let give_back = async |tx: &mut Tx| self.give_back(tx).await;
        if !self.taken.is_empty()
            && let Err(error) = self.app.store.write(give_back).await
        {
            tracing::warn!(%error, "an attempt that was not made counts as one");
        }
        self.spare();
    }

    /// Passes on what a tool gave. That it failed is no fault of the caller's, so everything is
    /// given back: an outage must not use up what people may try.
    pub(super) async fn or_undo<T, E: Into<Error>>(self, given: std::result::Result<T, E>) -> Result<(Self, T)> {
        match given {
            Ok(given) => Ok((self, given)),
            Err(error) => {
                self.undo().await;
                Err(error.into())
            }
        }
    }

    async fn spent(&self, limit: Limit, key: &TokenHash, budget: Budget, now: Timestamp) -> Result<Full> {
        let (is_first, end) = self
            .app
            .store
            .write(async |tx| -> Result<_> {
                let is_first = tx.budgets().tell(limit, key, budget).await?;
                Ok((is_first, tx.budgets().end(limit, key).await?))
            })
            .await?;
        Ok(Full::Spent {
            until: end.unwrap_or(now),
            is_first,
        })
    }

    /// Leaves a trace of the first refusal in a window. Those that follow would only fill the table.
    async fn refuse(self, limit: Limit, full: Full, subject: Option<UserId>) -> Error {
        let (app, client) = (self.app, self.client);
        // What it holds of other limits: nothing was tried.
        self.undo().await;
        let Full::Spent { until, is_first } = full else {
            return Refusal::Busy { retry_after: 2 }.into();
        };
        app.metrics.limit_hits(limit.name());
        if is_first {
            tracing::warn!(limit = limit.name(), client.address = %client.address, "a limit was reached");
            let deed = Deed::new(client, subject.map_or(Actor::System, Actor::User), Action::LimitReached)
                .refused()
                .detail(limit.name());
            let deed = match subject {
                Some(subject) => deed.to(subject),
                None => deed,
            };
            if let Err(error) = deed.note_alone(app).await {
                tracing::warn!(%error, "a limit that was reached is missing from the audit");
            }
        }
        let wait = until.since(app.now()).as_millis().div_ceil(1000).max(1);
        Refusal::TooMany {
            retry_after: u32::try_from(wait).unwrap_or(u32::MAX),
        }
        .into()
    }
}

/// Whether the browser has signed in to the account before.
pub(super) fn is_known(user: Option<&User>, device: Option<&Device>) -> bool {
    user.is_some_and(|user| device.is_some_and(|device| device.knows(user.id)))
}

/// The budget that a sign-in to an account counts against: the browser's own if it has signed in
/// to it before, else the one that all strangers share.
pub(super) fn of_sign_in(app: &App, email: &Email, user: Option<&User>, device: Option<&Device>) -> (Limit, TokenHash) {
    match (user, device) {
        (Some(user), Some(device)) if device.knows(user.id) => {
            let name = [&device.id().to_be_bytes()[..], user.id.uuid().as_bytes()].concat();
            (Limit::LoginDevice, app.limit_key.hash(&name))
        }
        _ => (Limit::LoginAccount, of_address(app, email)),
    }
}

/// The key of a budget that an address has, whether or not it has an account.
pub(super) fn of_address(app: &App, email: &Email) -> TokenHash {
    app.limit_key.hash(email.as_str().as_bytes())
}

/// Lets everybody try again at an account's password; `true` if there was anything to forget.
/// What a known browser has used up stays: only its owner can have done that.
pub(super) async fn forget(app: &App, tx: &mut Tx, user: &User) -> storage::Result<bool> {
    let by_address = of_address(app, &user.email);
    let mut had_any = tx.budgets().forget(Limit::LoginAccount, &by_address).await?;
    had_any |= tx.budgets().forget(Limit::SignUpAccount, &by_address).await?;
    had_any |= tx
        .budgets()
        .forget(Limit::PasswordAccount, &of_user(app, user.id))
        .await?;
    Ok(had_any)
}

/// Drops whatever is counted of an account, but for what runs out by itself: the budgets of the
/// browsers that know it, which nobody can tell from others.
pub(super) async fn drop_all(app: &App, tx: &mut Tx, user: &User) -> storage::Result<()> {
    forget(app, tx, user).await?;
    tx.budgets()
        .forget(Limit::UsernameAccount, &of_user(app, user.id))
        .await?;
    Ok(())
}

/// The key of a budget that an account has.
pub(super) fn of_user(app: &App, user: UserId) -> TokenHash {
    app.limit_key.hash(user.uuid().as_bytes())
}

fn first_half(key: &TokenHash) -> [u8; 16] {
    std::array::from_fn(|at| key.bytes()[at])
}
