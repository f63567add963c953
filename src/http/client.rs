//! The caller's address, as far as trusted proxies vouch for it (product, section 8).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{FORWARDED, USER_AGENT};

use crate::config::Network;
use crate::domain::Client;

/// Who calls. `peer` is the far end of the socket, `None` for a Unix socket, which only a proxy on
/// this machine can open and which is therefore trusted.
pub fn of(headers: &HeaderMap, peer: Option<SocketAddr>, trusted: &[Network]) -> Client {
    let agent = headers
        .get(USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()));
    Client::new(address(headers, peer, trusted), agent.as_deref().unwrap_or(""))
}

/// Whether the headers name a client, and come from a peer that is not believed: a proxy that nobody has
/// told us of, or somebody who would like to be taken for another.
pub fn is_hearsay(headers: &HeaderMap, peer: IpAddr, trusted: &[Network]) -> bool {
    let is_trusted = trusted.iter().any(|network| network.contains(peer.to_canonical()));
    !is_trusted && (headers.contains_key("x-forwarded-for") || headers.contains_key(FORWARDED))
}

fn address(headers: &HeaderMap, peer: Option<SocketAddr>, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.map(|peer| peer.ip().to_canonical());
    let nearest = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    if peer.is_some_and(|peer| !is_trusted(peer)) {
        return nearest;
    }
    let by_forwarded = lines(headers, FORWARDED.as_str()).map(|text| walk(nearest, &forwarded(&text), is_trusted));
    let by_x = lines(headers, "x-forwarded-for").map(|text| walk(nearest, &x_forwarded_for(&text), is_trusted));
    match (by_forwarded, by_x) {
        (Some(one), Some(other)) if one == other => one,
        // A proxy writes one of the two and passes the other on as the client sent it. Which one
        // is forged cannot be known, so neither is believed.
        (Some(_), Some(_)) | (None, None) => nearest,
        (Some(address), None) | (None, Some(address)) => address,
    }
}

/// All lines of one header as one list; `None` without any.
fn lines(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines: Vec<_> = headers
        .get_all(name)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()))
        .collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// From the right: skips hops we trust, and stops at the first that we do not or that is no
/// address. What stands left of it is hearsay.
fn walk(nearest: IpAddr, hops: &[Option<IpAddr>], is_trusted: impl Fn(IpAddr) -> bool) -> IpAddr {
    let mut found = nearest;
    for hop in hops.iter().rev() {
        let Some(address) = *hop else {
            break;
        };
        found = address;
        if !is_trusted(address) {
            break;
        }
    }
    found
}

fn x_forwarded_for(text: &str) -> Vec<Option<IpAddr>> {
    elements(text).map(node).collect()
}

/// The `for` of every element (RFC 7239). No address contains a comma or semicolon, so a quoted
/// one only turns its element into "no address", at which the walk stops.
fn forwarded(text: &str) -> Vec<Option<IpAddr>> {
    let of_element = |element: &str| {
        element.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            let is_for = name.trim().eq_ignore_ascii_case("for");
            let value = value.trim();
            let bare = value
                .strip_prefix('"')
                .and_then(|rest| rest.strip_suffix('"'))
                .unwrap_or(value);
            is_for.then(|| node(bare))?
        })
    };
    elements(text).map(of_element).collect()
}

/// The elements of a list. Empty ones say nothing (RFC 9110, section 5.6.1.2).
fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|element| !element.is_empty())
}

/// An address with or without port: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn node(text: &str) -> Option<IpAddr> {
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(text);
    let address = bare
        .parse()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()));
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    const PROXY: &str = "10.0.0.1:5000";

    fn seen(peer: Option<&str>, lines: &[(&'static str, &'static str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let trusted = [Network::parse("10.0.0.0/8").expect("a network")];
        let peer = peer.map(|peer| peer.parse().expect("an address with port"));
        of(&headers, peer, &trusted).address.to_string()
    }

    #[test]
    fn empty_elements_of_a_list_say_nothing() {
        for (name, list) in [
            ("x-forwarded-for", "192.0.2.1, ,10.0.0.2,"),
            ("x-forwarded-for", ",192.0.2.1"),
            ("forwarded", "for=192.0.2.1,,for=10.0.0.2, "),
        ] {
            assert_eq!(seen(Some(PROXY), &[(name, list)]), "192.0.2.1", "{list}");
        }
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_claims() {
        let claims = [("x-forwarded-for", "1.2.3.4"), ("forwarded", "for=1.2.3.4")];

        assert_eq!(seen(Some("192.0.2.7:1"), &claims), "192.0.2.7");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client() {
        let through = |value| seen(Some(PROXY), &[("x-forwarded-for", value)]);

        assert_eq!(through("1.2.3.4, 192.0.2.7"), "192.0.2.7");
        assert_eq!(through("1.2.3.4, 192.0.2.7, 10.9.9.9"), "192.0.2.7");
        assert_eq!(through("192.0.2.7:443"), "192.0.2.7");
        assert_eq!(through("[2001:db8::1]:443"), "2001:db8::1");
        assert_eq!(through("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(through("10.2.2.2"), "10.2.2.2");
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "192.0.2.7")];

        assert_eq!(seen(Some(PROXY), &lines), "192.0.2.7");
    }

    #[test]
    fn the_walk_stops_at_what_is_no_address() {
        assert_eq!(
            seen(Some(PROXY), &[("x-forwarded-for", "1.2.3.4, unknown")]),
            "10.0.0.1"
        );
        assert_eq!(
            seen(Some(PROXY), &[("x-forwarded-for", "1.2.3.4, x, 10.3.3.3")]),
            "10.3.3.3"
        );
        assert_eq!(seen(Some(PROXY), &[("x-forwarded-for", "")]), "10.0.0.1");
    }

    #[test]
    fn the_standard_header_is_read_in_all_its_forms() {
        let through = |value| seen(Some(PROXY), &[("forwarded", value)]);

        assert_eq!(
            through("for=1.2.3.4;proto=https, For=\"192.0.2.7:80\";by=10.0.0.1"),
            "192.0.2.7"
        );
        assert_eq!(through("proto=https;for=\"[2001:db8::1]:4711\""), "2001:db8::1");
        assert_eq!(through("for=1.2.3.4, for=_hidden"), "10.0.0.1");
        assert_eq!(through("for=1.2.3.4, proto=https"), "10.0.0.1");
        assert_eq!(through("for=\"1.2.3.4, for=5.6.7.8\""), "10.0.0.1");
    }

    #[test]
    fn two_headers_that_disagree_are_both_ignored() {
        let agree = [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=192.0.2.7")];
        let disagree = [("x-forwarded-for", "192.0.2.7"), ("forwarded", "for=1.2.3.4")];

        assert_eq!(seen(Some(PROXY), &agree), "192.0.2.7");
        assert_eq!(seen(Some(PROXY), &disagree), "10.0.0.1");
    }

    #[test]
    fn other_headers_say_nothing() {
        let lines = [("true-client-ip", "1.2.3.4"), ("x-real-ip", "1.2.3.4")];

        assert_eq!(seen(Some(PROXY), &lines), "10.0.0.1");
    }

    #[test]
    fn a_unix_socket_is_trusted() {
        assert_eq!(seen(None, &[("x-forwarded-for", "192.0.2.7")]), "192.0.2.7");
        assert_eq!(seen(None, &[]), "0.0.0.0");
    }
}
