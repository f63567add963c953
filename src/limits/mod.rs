//! Floor 2: limits that one instance keeps in memory, and whose turn it is.
//!
//! What counts is what fails, but the outcome of an attempt is known only at its end. So an attempt
//! takes a place first and gives it back if it succeeds. While the places that are left are all
//! taken, whoever comes waits for an outcome: a hundred parallel guesses get no more tries than
//! one after the other, and a hundred parallel right passwords all pass.
//!
//! Memory is bounded, and no counter that still counts is ever dropped to make room: when the table is
//! full, newcomers share a few coarse counters, so that a flood gains nothing by filling it. Counters are lost at a restart; what must survive one is kept in the database.

mod turns;

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net};
use tokio::sync::Notify;

use crate::domain::client;
use crate::domain::limit::{Budget, Limit};
use crate::domain::{Clock, Timestamp};
use turns::Turns;

pub use turns::Turn;

/// Counters that newcomers share when the table is full.
const SHARED: usize = 1024;
/// How long a caller waits for the outcome of another's attempt, or for their turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose attempts are counted together, under which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    limit: Limit,
    who: Who,
    /// The wider circle whose counter it shares when there is no room for one of its own.
    circle: Who,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Network(IpNet),
    Named([u8; 16]),
}

impl Key {
    /// A network: one IPv4 address, or an IPv6 network of `ipv6_bits` bits.
    pub fn network(limit: Limit, address: IpAddr, ipv6_bits: u8) -> Self {
        let network = client::network(address, ipv6_bits);
        let circle = match network {
            IpNet::V4(own) => Ipv4Net::new(own.addr(), 16).map_or(own, |wider| wider.trunc()).into(),
            IpNet::V6(_) => client::network(address, client::SITE),
        };
        Self {
            limit,
            who: Who::Network(network),
            circle: Who::Network(circle),
        }
    }

    /// Anything named by 16 bytes.
    pub const fn named(limit: Limit, name: [u8; 16]) -> Self {
        let who = Who::Named(name);
        Self {
            limit,
            who,
            circle: who,
        }
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// The budget is spent until then.
    Spent {
        /// When there is room again.
        until: Timestamp,
        /// Whether nobody has been told so in this window yet.
        is_first: bool,
    },
    /// Others are trying, and their outcome, or the turn, did not come in time.
    Busy,
}

/// The counters. Cheap to clone.
#[derive(Clone)]
pub struct Limiter(Arc<Shared>);

struct Shared {
    most: usize,
    seed: RandomState,
    table: Mutex<Table>,
    turns: Arc<Turns>,
}

struct Table {
    counters: HashMap<Key, Counter>,
    shared: Vec<Counter>,
    /// No counter's time is over before this.
    sweep_at: Timestamp,
}

#[derive(Clone, Default)]
struct Counter {
    spent: u32,
    ends_at: Option<Timestamp>,
    is_told: bool,
    /// Attempts under way.
    in_flight: u32,
    /// Told when an attempt ends. Made when somebody waits for it.
    settled: Option<Arc<Notify>>,
}

/// Where a key is counted.
#[derive(Clone, Copy)]
enum Place {
    Own(Key),
    Shared(usize),
}

/// An attempt under way. Dropped, it counts; [`Attempt::spare`] gives it back.
#[must_use = "an attempt that is dropped counts as a failure"]
pub struct Attempt {
    limiter: Limiter,
    place: Place,
    is_spared: bool,
}

impl Limiter {
    /// Keeps `most` counters at most.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Shared {
            most: most.max(1),
            seed: RandomState::new(),
            table: Mutex::new(Table {
                counters: HashMap::new(),
                shared: vec![Counter::default(); SHARED],
                sweep_at: Timestamp::from_micros(i64::MAX),
            }),
            turns: Arc::default(),
        }))
    }

    /// Begins an attempt that counts against `budget` unless it is spared in the end.
    pub async fn enter(&self, key: Key, budget: Budget, clock: &dyn Clock) -> Result<Attempt, Full> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let settled = match self.try_enter(key, budget, clock.now())? {
                Ok(place) => {
                    return Ok(Attempt {
                        limiter: self.clone(),
                        place,
                        is_spared: false,
                    });
                }
                Err(settled) => settled,
            };
            wait(settled, deadline).await?;
        }
    }

    /// Waits for the turn among all that ask for it with the same key, one at a time and in the
    /// order they came. `Busy` if it does not come in time.
    pub async fn turn(&self, key: Key) -> Result<Turn, Full> {
        self.0.turns.wait(key).await
    }

    /// A place, or what to wait for. The future is made under the lock, so that no outcome is missed.
    fn try_enter(&self, key: Key, budget: Budget, now: Timestamp) -> Result<Result<Place, Settled>, Full> {
        let mut table = self.lock();
        let place = self.place(&mut table, key, now);
        let counter = table.counter(place);
        // The clock may have been set back: no wait is longer than a window.
        counter.ends_at = counter.ends_at.map(|end| end.min(now + budget.window));
        if counter.ends_at.is_some_and(|end| end <= now) {
            counter.spent = 0;
            // What is under way and fails counts in the window that begins now.
            counter.ends_at = (counter.in_flight > 0).then(|| now + budget.window);
            counter.is_told = false;
        }
        if counter.spent >= budget.limit {
            let is_first = !std::mem::replace(&mut counter.is_told, true);
            let until = counter.ends_at.unwrap_or(now + budget.window);
            return Err(Full::Spent { until, is_first });
        }
        if counter.spent + counter.in_flight >= budget.limit {
            return Ok(Err(counter.settled()));
        }
        counter.in_flight += 1;
        let end = *counter.ends_at.get_or_insert(now + budget.window);
        table.sweep_at = table.sweep_at.min(end);
        Ok(Ok(place))
    }

    /// The counter of its own that a key has or gets, or the one that it must share.
    fn place(&self, table: &mut Table, key: Key, now: Timestamp) -> Place {
        if table.counters.contains_key(&key) {
            return Place::Own(key);
        }
        if table.counters.len() >= self.0.most && table.sweep_at <= now {
            table.sweep(now);
        }
        if table.counters.len() >= self.0.most {
            let hash = self.0.seed.hash_one((key.limit, key.circle));
            #[expect(clippy::cast_possible_truncation, reason = "which bits are lost does not matter")]
            return Place::Shared(hash as usize % SHARED);
        }
        table.counters.insert(key, Counter::default());
        Place::Own(key)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Settled = std::pin::Pin<Box<tokio::sync::futures::OwnedNotified>>;

async fn wait(settled: Settled, deadline: tokio::time::Instant) -> Result<(), Full> {
    tokio::time::timeout_at(deadline, settled).await.map_err(|_| Full::Busy)
}

impl Table {
    fn counter(&mut self, place: Place) -> &mut Counter {
        match place {
            // An attempt under way keeps its counter in the table.
            Place::Own(key) => self.counters.entry(key).or_default(),
            Place::Shared(cell) => &mut self.shared[cell],
        }
    }

    /// Drops counters whose time is over.
    fn sweep(&mut self, now: Timestamp) {
        let is_needed = |counter: &Counter| counter.in_flight > 0 || counter.ends_at.is_some_and(|end| end > now);
        self.counters.retain(|_, counter| is_needed(counter));
        let ends = self.counters.values().filter_map(|counter| counter.ends_at);
        self.sweep_at = ends.min().unwrap_or(Timestamp::from_micros(i64::MAX));
    }
}

impl Counter {
    /// An attempt has ended.
    fn land(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(settled) = self.settled.take() {
            settled.notify_waiters();
        }
    }

    /// Completes when an attempt ends from now on.
    fn settled(&mut self) -> Settled {
        let notify = self.settled.get_or_insert_with(Arc::default).clone();
        let mut settled = Box::pin(notify.notified_owned());
        settled.as_mut().enable();
        settled
    }
}

impl Attempt {
    /// It was no failure.
    pub fn spare(mut self) {
        self.is_spared = true;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let mut table = self.limiter.lock();
        let counter = table.counter(self.place);
        if !self.is_spared {
            counter.spent = counter.spent.saturating_add(1);
        }
        counter.land();
        // A caller who has failed at nothing leaves no trace.
        if let Place::Own(key) = self.place
            && counter.spent == 0
            && counter.in_flight == 0
        {
            table.counters.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests;
