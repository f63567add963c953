//! How many connections are open, or requests in work: in total, and from one address, which is all
//! of a /64 for IPv6. A /48, which may be one site with very many of those, has half of all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ipnet::IpNet;

use crate::config::Network;
use crate::domain::client::{self, CUSTOMER, SITE};
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
    by_network: HashMap<IpNet, usize>,
}

/// A seat, given back when dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    address: Option<IpAddr>,
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

    /// A seat, if there is one left. `address` is `None` for whoever has no cap of their own.
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
        let mut taken = self.lock();
        let is_free = |(network, most)| taken.by_network.get(&network).is_none_or(|mine| *mine < most);
        let circles = || address.into_iter().flat_map(|address| self.circles(address));
        if taken.total >= self.total || !circles().all(is_free) {
            return None;
        }
        for (network, _) in circles() {
            *taken.by_network.entry(network).or_default() += 1;
        }
        taken.total += 1;
        Some(Seat {
            seats: self.clone(),
            address,
        })
    }

    /// The networks that an address counts in, with the seats that each may have.
    fn circles(&self, address: IpAddr) -> impl Iterator<Item = (IpNet, usize)> + use<> {
        let customer = (client::network(address, CUSTOMER), self.per_address);
        let site = (client::network(address, SITE), self.per_address.max(self.total / 2));
        // They are the same for IPv4.
        std::iter::once(customer).chain(Some(site).filter(|site| site.0 != customer.0))
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
        for (network, _) in self.address.into_iter().flat_map(|address| self.seats.circles(address)) {
            if let Entry::Occupied(mut mine) = taken.by_network.entry(network) {
                *mine.get_mut() -= 1;
                if *mine.get() == 0 {
                    mine.remove();
                }
            }
        }
    }
}

/// Whether this address has a cap of its own. Proxies carry everybody's requests, this machine is not
/// held against itself, and callers over a Unix socket without a forwarded address are not one.
pub(super) fn is_counted(address: IpAddr, trusted: &[Network]) -> bool {
    let is_unknown = address.is_unspecified();
    !is_unknown && !address.to_canonical().is_loopback() && !trusted.iter().any(|network| network.contains(address))
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
    fn who_carries_others_requests_or_has_no_address_has_no_cap() {
        let trusted = [Network::parse("198.51.100.0/24").unwrap()];
        for (one, has_cap) in [
            ("203.0.113.7", true),
            ("198.51.100.7", false),
            ("127.0.0.1", false),
            ("::ffff:127.0.0.1", false),
            ("::1", false),
            // A Unix socket.
            ("0.0.0.0", false),
        ] {
            assert_eq!(is_counted(address(one), &trusted), has_cap, "{one}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let seats = Arc::new(seats_for(10, 1));

        let _seat = seats.take(Some(address("2001:db8:0:1::1"))).unwrap();

        assert!(seats.take(Some(address("2001:db8:0:1:ffff::2"))).is_none());
        assert!(seats.take(Some(address("2001:db8:0:2::1"))).is_some());
    }

    #[test]
    fn a_site_has_half_of_the_seats_at_most_whatever_networks_it_has() {
        let seats = Arc::new(seats_for(8, 2));
        let taken: Vec<_> = (0..8)
            .filter_map(|number| seats.take(Some(address(&format!("2001:db8:0:{number}::1")))))
            .collect();

        assert_eq!(taken.len(), 4);
        assert!(seats.take(Some(address("2001:db8:1:1::1"))).is_some());
        drop(taken);
        assert!(seats.lock().by_network.is_empty());
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

        assert!(seats.lock().by_network.is_empty());
        assert_eq!(seats.counts.open.value(), 0);
        assert!(seats.take(Some(address("203.0.113.7"))).is_some());
    }
}
