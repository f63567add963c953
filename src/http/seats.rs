//! How many connections are open, or requests in work: in total, and from one address, which is all
//! of a /64 for IPv6.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::config::Network;
use crate::domain::client::{self, CUSTOMER};
use crate::metrics::Connections;

/// The seats of a server. Each connection or request takes one and gives it back when it ends.
pub(super) struct Seats {
    total: usize,
    per_address: usize,
    taken: Mutex<Taken>,
    counts: Arc<Connections>,
}

#[derive(Default)]
struct Taken {
    total: usize,
    by_address: HashMap<IpNet, usize>,
}

/// A seat, given back when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: Option<IpNet>,
}

impl Seats {
    pub(super) fn new(total: usize, per_address: usize, counts: Arc<Connections>) -> Self {
        Self {
            total,
            per_address,
            taken: Mutex::default(),
            counts,
        }
    }

    /// A seat, if there is one left. `address` is `None` for whoever has no cap of his own.
    pub(super) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Seat> {
        let seat = self.find(address);
        match &seat {
            Some(_) => {
                self.counts.accepted.one();
                self.counts.open.up();
            }
            None => self.counts.refused.one(),
        }
        seat
    }

    fn find(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Seat> {
        let address = address.map(|address| client::network(address, CUSTOMER));
        let mut taken = self.lock();
        if taken.total >= self.total {
            return None;
        }
        if let Some(address) = address {
            let mine = taken.by_address.entry(address).or_default();
            if *mine >= self.per_address {
                return None;
            }
            *mine += 1;
        }
        taken.total += 1;
        Some(Seat {
            seats: self.clone(),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.counts.open.down();
        let mut taken = self.seats.lock();
        taken.total -= 1;
        if let Some(address) = self.address
            && let Some(mine) = taken.by_address.get_mut(&address)
        {
            *mine -= 1;
            if *mine == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// Whether this address has a cap of its own. Proxies carry everybody's requests, and this machine
/// is not held against itself.
pub(super) fn is_counted(address: IpAddr, trusted: &[Network]) -> bool {
    !address.to_canonical().is_loopback() && !trusted.iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats_for(total: usize, per_address: usize) -> Seats {
        Seats::new(total, per_address, Arc::default())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_cannot_take_the_seats_of_all() {
        let seats = Arc::new(seats_for(10, 2));

        let _first = seats.take(Some(address("203.0.113.7"))).unwrap();
        let _second = seats.take(Some(address("::ffff:203.0.113.7"))).unwrap();

        assert!(seats.take(Some(address("203.0.113.7"))).is_none());
        assert!(seats.take(Some(address("203.0.113.8"))).is_some());
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let seats = Arc::new(seats_for(10, 1));

        let _seat = seats.take(Some(address("2001:db8:0:1::1"))).unwrap();

        assert!(seats.take(Some(address("2001:db8:0:1:ffff::2"))).is_none());
        assert!(seats.take(Some(address("2001:db8:0:2::1"))).is_some());
    }

    #[test]
    fn the_total_counts_everybody() {
        let seats = Arc::new(seats_for(2, 2));

        let _first = seats.take(None).unwrap();
        let _second = seats.take(Some(address("203.0.113.7"))).unwrap();

        assert!(seats.take(None).is_none());
        assert!(seats.take(Some(address("203.0.113.8"))).is_none());
        assert_eq!((seats.counts.open.value(), seats.counts.refused.value()), (2, 2));
    }

    #[test]
    fn a_seat_given_back_can_be_taken_again() {
        let seats = Arc::new(seats_for(1, 1));

        drop(seats.take(Some(address("203.0.113.7"))));

        assert!(seats.lock().by_address.is_empty());
        assert_eq!(seats.counts.open.value(), 0);
        assert!(seats.take(Some(address("203.0.113.7"))).is_some());
    }
}
