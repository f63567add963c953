//! Networks in CIDR form.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};

/// A network in CIDR form. An IPv4-mapped address counts as IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl Network {
    /// Whether an address is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// Reads `10.0.0.0/8`, or one address; the error says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The network's own reader takes 010.0.0.0 for 10.0.0.0, which other programs read as 8.0.0.0.
        let address: Option<IpAddr> = text.split('/').next().and_then(|address| address.parse().ok());
        let network = if text.contains('/') {
            address.and_then(|_| text.parse().ok())
        } else {
            address.map(IpNet::from)
        };
        let network = network
            .map(canonical)
            .ok_or("cannot be read; write 10.0.0.0/8, 2001:db8::/32, or one address")?;
        let whole = network.trunc();
        if whole == network {
            Ok(Self(network))
        } else {
            Err(format!("has bits beyond its prefix; write {whole}"))
        }
    }

    /// Loopback, and what RFC 1918 and RFC 4193 set aside for private use.
    pub(super) fn private() -> Vec<Self> {
        [
            "127.0.0.0/8",
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "::1/128",
            "fc00::/7",
        ]
        .into_iter()
        .filter_map(|text| Self::parse(text).ok())
        .collect()
    }
}

/// The network of IPv4 that a network of mapped addresses stands for.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V4(_) => None,
        IpNet::V6(v6) => v6.addr().to_ipv4_mapped().zip(v6.prefix_len().checked_sub(96)),
    };
    mapped
        .and_then(|(address, bits)| Ipv4Net::new(address, bits).ok())
        .map_or(network, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network = Network::parse(network).expect("a network");
        network.contains(address.parse().expect("an address"))
    }

    #[test]
    fn an_address_is_in_a_network_if_its_leading_bits_are() {
        assert!(contains("10.0.0.0/8", "10.255.1.2"));
        assert!(!contains("10.0.0.0/8", "11.0.0.0"));
        assert!(contains("192.0.2.1", "192.0.2.1"));
        assert!(!contains("192.0.2.1", "192.0.2.2"));
        assert!(contains("0.0.0.0/0", "203.0.113.9"));
        assert!(contains("::/0", "2001:db8::1"));
        assert!(contains("2001:db8::/33", "2001:db8:7fff::1"));
        assert!(!contains("2001:db8::/33", "2001:db8:8000::1"));
    }

    #[test]
    fn a_mapped_address_is_ipv4_on_both_sides() {
        assert!(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
        assert!(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
        assert!(!contains("::/0", "::ffff:10.1.2.3"));
        assert!(!contains("::/0", "10.1.2.3"));
        assert!(!contains("0.0.0.0/0", "::1"));
    }

    #[test]
    fn what_is_no_network_is_refused_with_words() {
        for text in [
            "",
            "x",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0/8",
            "10.0.0.0/8/8",
            "010.0.0.0/8",
            "10.0.0.0 /8",
            "10.0.0.0/ 8",
            "[::1]/128",
            "fe80::1%eth0/64",
            "a.b/8",
        ] {
            assert!(Network::parse(text).is_err(), "{text:?}");
        }
        assert_eq!(
            Network::parse("10.1.2.3/8"),
            Err("has bits beyond its prefix; write 10.0.0.0/8".to_owned())
        );
    }

    #[test]
    fn private_networks_are_six() {
        assert_eq!(Network::private().len(), 6);
    }
}
