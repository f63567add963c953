//! Who is calling, from where.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The far end of a request, as trusted proxies report it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// The address; the unspecified address for a Unix socket or the command line.
    pub address: IpAddr,
    /// What the program calls itself, cut to [`Client::LONGEST_USER_AGENT`] characters.
    pub user_agent: String,
    /// Names the request in log and audit; empty for what is no request, or is remembered of one.
    pub request_id: String,
}

impl Client {
    /// Characters of a user agent that are kept.
    pub const LONGEST_USER_AGENT: usize = 255;

    /// Builds one, shortening the user agent and dropping control characters from it.
    pub fn new(address: IpAddr, user_agent: &str) -> Self {
        let address = address.to_canonical();
        let user_agent = user_agent
            .chars()
            .filter(|c| !c.is_control())
            .take(Self::LONGEST_USER_AGENT)
            .collect();
        Self {
            address,
            user_agent,
            request_id: String::new(),
        }
    }

    /// The same in a request of that name.
    #[must_use]
    pub fn in_request(self, request_id: String) -> Self {
        Self { request_id, ..self }
    }

    /// The operator at the command line.
    pub fn operator() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            user_agent: "authara command line".to_owned(),
            request_id: String::new(),
        }
    }

    /// The network that counts as one caller: the address itself, or its /64 for IPv6.
    pub fn network(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        }
    }

    /// Whether the two are, as far as can be seen, the same program in the same place.
    pub fn is_same(&self, other: &Self) -> bool {
        self.network() == other.network() && self.user_agent == other.user_agent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_network_is_one_caller_and_mapped_addresses_are_ipv4() {
        let client = |address: &str| Client::new(address.parse().expect("an address"), "agent");

        assert!(client("2001:db8:1:2::1").is_same(&client("2001:db8:1:2:ffff::9")));
        assert!(!client("2001:db8:1:2::1").is_same(&client("2001:db8:1:3::1")));
        assert!(client("::ffff:192.0.2.1").is_same(&client("192.0.2.1")));
        assert!(!client("192.0.2.1").is_same(&client("192.0.2.2")));
    }

    #[test]
    fn a_long_or_dirty_user_agent_is_cut_and_cleaned() {
        let client = Client::new(Ipv4Addr::LOCALHOST.into(), &format!("a\r\n{}", "é".repeat(10_000)));

        assert_eq!(client.user_agent.chars().count(), 255);
        assert!(client.user_agent.starts_with("aé"));
    }
}
