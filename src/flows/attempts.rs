//! Limits on trying (product, section 9): per network in memory, per account in the database.
//!
//! An attempt takes its places before any work is done and gives them back unless it fails, so the
//! limits hold under parallel requests although only failures count. Attempts at one account wait
//! for one another in memory, before the database is asked.

use std::net::{IpAddr, Ipv4Addr};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::crypto::password::{Share, Unavailable};
use crate::domain::audit::{Action, Actor};
use crate::domain::client::{CUSTOMER, SITE};
use crate::domain::device::Device;
use crate::domain::limit::{Budget, Limit};
use crate::domain::session::Session;
use crate::domain::{By, Email, Refusal, SessionId, Timestamp, TokenHash, User, UserId};
use crate::flows::announce::Deed;
use crate::flows::{Error, Result};
use crate::limits::{Attempt, Full, Key, Turn};
use crate::storage::{self, Tx};

/// Budgets of one network that a whole IPv6 site has.
const SITE_FACTOR: u32 = 16;

/// One try at something limited. It counts if [`Try::failed`] says so. Dropped before that, as when
/// its request takes too long, it is given back.
#[must_use]
pub(super) struct Try<'a> {
    app: &'a App,
    by: &'a By,
    share: Share,
    places: Vec<Attempt>,
    taken: Vec<Taken>,
    turns: Vec<Turn>,
}

/// One of a budget that the database keeps.
#[derive(Clone, Copy)]
struct Taken {
    limit: Limit,
    key: TokenHash,
    budget: Budget,
}

impl<'a> Try<'a> {
    /// Begins without any limit.
    pub(super) fn new(app: &'a App, by: &'a By) -> Self {
        Self {
            app,
            by,
            share: Share::of(by.client.address),
            places: Vec::new(),
            taken: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// The same with a share of what all have in common for that account.
    pub(super) fn sharing(mut self, account: &TokenHash) -> Self {
        self.share = self.share.and_account(account);
        self
    }

    /// Goes on only if the hashing queue has room for it. Counting attempts writes, and a caller who
    /// is turned away there must not keep the others waiting.
    pub(super) fn with_room(self) -> std::result::Result<Self, Unavailable> {
        self.app.hasher.check_room(self.share)?;
        Ok(self)
    }

    /// Whose share of the hashing queue it takes.
    pub(super) const fn share(&self) -> Share {
        self.share
    }

    /// Takes a place in the caller's network, and then in the site round it: whoever waits for a place
    /// in the first keeps none of the second from its other networks. Callers without a known
    /// address, as over a Unix socket, are not limited together.
    pub(super) async fn in_network(mut self, limit: Limit) -> Result<Self> {
        let address = self.by.client.address;
        let Some(budget) = self.app.config.limits.of(limit).filter(|_| !address.is_unspecified()) else {
            return Ok(self);
        };
        let site = Budget {
            limit: budget.limit.saturating_mul(SITE_FACTOR),
            ..budget
        };
        let circles: &[(u8, Budget)] = if address.is_ipv6() {
            &[(CUSTOMER, budget), (SITE, site)]
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
    pub(super) async fn of_session(mut self, limit: Limit, session: &Session) -> Result<Self> {
        let Some(budget) = self.app.config.limits.of(limit) else {
            return Ok(self);
        };
        let key = Key::named(limit, *session.id.uuid().as_bytes());
        match self.app.limiter.enter(key, budget, &*self.app.clock).await {
            Ok(place) => self.places.push(place),
            Err(full) => return Err(self.refuse(limit, full, Some(session.user)).await),
        }
        Ok(self)
    }

    /// Takes a place in a budget that the database keeps, once it is its turn among those of the
    /// same budget. `subject` is the account, where the caller may know that there is one.
    pub(super) async fn of_account(mut self, limit: Limit, key: TokenHash, subject: Option<UserId>) -> Result<Self> {
        let Some(budget) = self.app.config.limits.of(limit) else {
            return Ok(self);
        };
        let Ok(turn) = self.app.limiter.turn(Key::named(limit, first_half(&key))).await else {
            return Err(self.refuse(limit, Full::Busy, subject).await);
        };
        self.turns.push(turn);
        // It may have waited: the window is judged by the clock, not by when the request came in.
        let now = self.app.now();
        let take = async |tx: &mut Tx| -> Result<_> { Ok(tx.budgets().take(limit, &key, budget, now).await?) };
        let taken = self.app.store.write(take).await;
        let (mut attempt, is_taken) = self.or_undo(taken).await?;
        if is_taken {
            attempt.taken.push(Taken { limit, key, budget });
            return Ok(attempt);
        }
        let spent = attempt.spent(limit, &key, budget).await;
        let (attempt, full) = attempt.or_undo(spent).await?;
        Err(attempt.refuse(limit, full, subject).await)
    }

    /// It failed: it counts.
    pub(super) fn failed(mut self) {
        self.places.clear();
        self.taken.clear();
    }

    /// It succeeded: gives back what the database keeps, in the transaction of the success.
    /// [`Try::spare`] after the commit gives back the rest.
    pub(super) async fn give_back(&self, tx: &mut Tx) -> storage::Result<()> {
        give_back(tx, &self.taken).await
    }

    /// It succeeded, and that has been committed.
    pub(super) fn spare(mut self) {
        self.taken.clear();
    }

    /// It came to nothing, through no fault of the caller's: gives everything back, also if nobody
    /// waits for the end of that.
    pub(super) async fn undo(mut self) {
        if let Some(given_back) = self.give_back_apart() {
            // It reports its own failure.
            let _ = given_back.await;
        }
    }

    /// Gives back what the database keeps in a task of its own; `None` if there is nothing.
    fn give_back_apart(&mut self) -> Option<JoinHandle<()>> {
        let taken = std::mem::take(&mut self.taken);
        if taken.is_empty() {
            return None;
        }
        let runtime = Handle::try_current().ok()?;
        let store = self.app.store.clone();
        let turns = std::mem::take(&mut self.turns);
        Some(runtime.spawn(async move {
            if let Err(error) = store.write(async |tx| give_back(tx, &taken).await).await {
                tracing::warn!(%error, "an attempt that was not made counts as one");
            }
            // The next in line sees what was given back.
            drop(turns);
        }))
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

    /// Passes on what the transaction gave that the attempt was for, which gives it back itself if
    /// it succeeds. A refusal counts as a failure; a breakage, and a session that has ended, do not.
    pub(super) async fn settle<T>(self, done: Result<T>) -> Result<T> {
        match &done {
            Ok(_) => self.spare(),
            Err(Error::Refused(Refusal::SignInRequired)) => self.undo().await,
            Err(Error::Refused(_)) => self.failed(),
            Err(_) => self.undo().await,
        }
        done
    }

    async fn spent(&self, limit: Limit, key: &TokenHash, budget: Budget) -> Result<Full> {
        let (is_first, end) = self
            .app
            .store
            .write(async |tx| -> Result<_> {
                let is_first = tx.budgets().tell(limit, key, budget).await?;
                Ok((is_first, tx.budgets().end(limit, key).await?))
            })
            .await?;
        Ok(Full::Spent {
            until: end.unwrap_or(self.by.now),
            is_first,
        })
    }

    /// Leaves a trace of the first refusal in a window. Those that follow would only fill the table.
    async fn refuse(self, limit: Limit, full: Full, subject: Option<UserId>) -> Error {
        let (app, by) = (self.app, self.by);
        // What it holds of other limits: nothing was tried.
        self.undo().await;
        let Full::Spent { until, is_first } = full else {
            return Refusal::Busy { retry_after: 2 }.into();
        };
        app.metrics.limit_hits(limit.name());
        if is_first {
            tracing::warn!(limit = limit.name(), client.address = %by.client.address, "a limit was reached");
            let by = By {
                actor: subject.map_or(Actor::System, Actor::User),
                ..by.clone()
            };
            let deed = Deed::new(&by, Action::LimitReached).refused().detail(limit.name());
            let deed = match subject {
                Some(subject) => deed.to(subject),
                None => deed,
            };
            if let Err(error) = deed.note_alone(app).await {
                tracing::warn!(%error, "a limit that was reached is missing from the audit");
            }
        }
        // Read again: it may have waited for its turn.
        let wait = until.since(app.now()).as_millis().div_ceil(1000).max(1);
        Refusal::TooMany {
            retry_after: u32::try_from(wait).unwrap_or(u32::MAX),
        }
        .into()
    }
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.places.drain(..).for_each(Attempt::spare);
        self.give_back_apart();
    }
}

async fn give_back(tx: &mut Tx, taken: &[Taken]) -> storage::Result<()> {
    for Taken { limit, key, budget } in taken {
        tx.budgets().give_back(*limit, key, *budget).await?;
    }
    Ok(())
}

/// The key of the budget of a browser that has signed in to the account of an address.
pub(super) fn of_browser(app: &App, device: &Device, email: &Email) -> TokenHash {
    let name = [&device.id().to_be_bytes()[..], email.as_str().as_bytes()].concat();
    app.limit_key.hash(&name)
}

/// The key of a budget that an address has, whether or not it has an account.
pub(super) fn of_address(app: &App, email: &Email) -> TokenHash {
    app.limit_key.hash(email.as_str().as_bytes())
}

/// The keys of the budgets of letters to an address: of what one network causes, and of what all do. What stands behind a `+` leads to
/// the same mailbox at most services, so that it makes no difference.
pub(super) fn of_mailbox(app: &App, email: &Email, network: IpAddr) -> [TokenHash; 2] {
    let mailbox = email.mailbox();
    let from_there = format!("{mailbox} {network}");
    [from_there, mailbox].map(|name| app.limit_key.hash(name.as_bytes()))
}

/// Lets everybody try again at an account's password; `true` if there was anything to forget.
/// What one known browser has used up stays, for nobody can tell which browsers those are; what
/// they have used up together goes.
pub(super) async fn forget(app: &App, tx: &mut Tx, user: &User, now: Timestamp) -> storage::Result<bool> {
    let by_address = of_address(app, &user.email);
    let mut had_any = tx.budgets().forget(Limit::LoginAccount, &by_address).await?;
    had_any |= tx.budgets().forget(Limit::LoginBrowsers, &by_address).await?;
    had_any |= tx.budgets().forget(Limit::SignUpAccount, &by_address).await?;
    // A mailbox is its owner's: anybody may open an account with an address of it, and none of that is proved.
    if user.email_verified_at.is_some() {
        let [_, mailbox] = of_mailbox(app, &user.email, IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        for limit in [Limit::ResetMailbox, Limit::SignUpMailbox, Limit::SignInCodeMailbox] {
            had_any |= tx.budgets().forget(limit, &mailbox).await?;
        }
    }
    for session in tx.sessions().of_user(user.id, now).await? {
        had_any |= tx
            .budgets()
            .forget(Limit::PasswordSession, &of_session(app, session.id))
            .await?;
    }
    Ok(had_any)
}

/// Drops whatever is counted of an account, but for what runs out by itself: the budgets of the
/// browsers that know it, which nobody can tell from others.
pub(super) async fn drop_all(app: &App, tx: &mut Tx, user: &User, now: Timestamp) -> storage::Result<()> {
    forget(app, tx, user, now).await?;
    tx.budgets()
        .forget(Limit::UsernameAccount, &of_user(app, user.id))
        .await?;
    Ok(())
}

/// The key of a budget that an account has.
pub(super) fn of_user(app: &App, user: UserId) -> TokenHash {
    app.limit_key.hash(user.uuid().as_bytes())
}

/// The key of a budget that a session has.
pub(super) fn of_session(app: &App, session: SessionId) -> TokenHash {
    app.limit_key.hash(session.uuid().as_bytes())
}

fn first_half(key: &TokenHash) -> [u8; 16] {
    std::array::from_fn(|at| key.bytes()[at])
}
