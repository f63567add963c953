//! Who is calling, from where.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::{IpNet, Ipv6Net};

/// Leading bits of an IPv6 address that one customer has.
pub const CUSTOMER: u8 = 64;

/// Leading bits of an IPv6 address that a site with many networks may have.
pub const SITE: u8 = 48;

/// Whether Unicode keeps a character for use inside of programs: `words` marks texts with two of them.
pub fn is_for_programs(letter: char) -> bool {
    ('\u{fdd0}'..='\u{fdef}').contains(&letter)
}

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
            .filter(|c| !c.is_control() && !is_for_programs(*c))
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

    /// Whether it made a request, and is not the command line.
    pub fn is_remote(&self) -> bool {
        !self.request_id.is_empty()
    }

    /// The operator at the command line.
    pub fn operator() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            user_agent: "authara command line".to_owned(),
            request_id: String::new(),
        }
    }

    /// The first address of the network that counts as one caller: the address itself, or its /64 for IPv6.
    pub fn network(&self) -> IpAddr {
        network(self.address, CUSTOMER).addr()
    }
}

/// The network around an address: an IPv4 address by itself, or the leading bits of an IPv6 address.
/// An IPv4-mapped address counts as IPv4.
pub fn network(address: IpAddr, ipv6_bits: u8) -> IpNet {
    match address.to_canonical() {
        address @ IpAddr::V4(_) => address.into(),
        // There are no more bits than those of the address.
        IpAddr::V6(address) => Ipv6Net::new(address, ipv6_bits)
            .map_or(address.into(), |net| net.trunc())
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_ipv6_network_is_one_caller_and_mapped_addresses_are_ipv4() {
        let caller = |address: &str| Client::new(address.parse().expect("an address"), "agent").network();

        assert_eq!(caller("2001:db8:1:2::1"), caller("2001:db8:1:2:ffff::9"));
        assert_ne!(caller("2001:db8:1:2::1"), caller("2001:db8:1:3::1"));
        assert_eq!(caller("::ffff:192.0.2.1"), caller("192.0.2.1"));
        assert_ne!(caller("192.0.2.1"), caller("192.0.2.2"));
    }

    #[test]
    fn a_network_begins_where_its_leading_bits_do() {
        let network = |address: &str, bits| network(address.parse().expect("an address"), bits).to_string();

        assert_eq!(network("2001:db8:1:2:3::4", CUSTOMER), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2:3::4", SITE), "2001:db8:1::/48");
        assert_eq!(network("192.0.2.1", SITE), "192.0.2.1/32");
        assert_eq!(network("::ffff:192.0.2.1", CUSTOMER), "192.0.2.1/32");
    }

    #[test]
    fn a_long_or_dirty_user_agent_is_cut_and_cleaned() {
        let client = Client::new(Ipv4Addr::LOCALHOST.into(), &format!("a\r\n{}", "é".repeat(10_000)));

        assert_eq!(client.user_agent.chars().count(), 255);
        assert!(client.user_agent.starts_with("aé"));
    }
}
