//! Forwarded addresses: nobody left of a hop that is not trusted is ever believed.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use authara::config::Network;
use authara::http::client;
use hyper::HeaderMap;
use hyper::header::{FORWARDED, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

fuzz_target!(|data: &[u8]| {
    raw(data);
    well_formed(data);
});

fn trusted() -> [Network; 2] {
    ["10.0.0.0/8", "fd00::/8"].map(|text| Network::parse(text).unwrap())
}

fn is_trusted(address: IpAddr) -> bool {
    trusted().iter().any(|network| network.contains(address))
}

/// Lines of any bytes, told apart by their first one.
fn raw(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let (name, line) = match line.split_first() {
            Some((b'f', line)) => (FORWARDED, line),
            Some((_, line)) => (X_FORWARDED_FOR, line),
            None => continue,
        };
        let Ok(value) = HeaderValue::from_bytes(line) else {
            return;
        };
        headers.append(name, value);
    }
    let stranger: SocketAddr = "192.0.2.1:80".parse().unwrap();
    assert_eq!(seen(&headers, Some(stranger)), stranger.ip());

    for peer in [Some("10.0.0.1:80".parse().unwrap()), None] {
        let nearest = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer: SocketAddr| peer.ip());
        let address = seen(&headers, peer);
        if headers.contains_key(FORWARDED) {
            continue;
        }
        let hops: Vec<String> = headers
            .get_all(X_FORWARDED_FOR)
            .iter()
            .flat_map(|line| {
                let line = String::from_utf8_lossy(line.as_bytes()).into_owned();
                line.split(',').map(|hop| hop.trim().to_owned()).collect::<Vec<_>>()
            })
            .collect();
        let mut believed = vec![nearest];
        for hop in hops.iter().rev() {
            let bare = hop.trim_matches(['[', ']']);
            let Some(address) = bare.parse().ok().or_else(|| Some(hop.parse::<SocketAddr>().ok()?.ip())) else {
                break;
            };
            let address: IpAddr = address;
            believed.push(address.to_canonical());
            if !is_trusted(address.to_canonical()) {
                break;
            }
        }
        assert!(believed.contains(&address), "{address} is not one of {believed:?}");
    }
}

/// Five bytes for each hop: its form, and its address.
fn well_formed(data: &[u8]) {
    let hops: Vec<(u8, Ipv4Addr)> = data
        .chunks_exact(5)
        .map(|hop| {
            (
                hop[0],
                Ipv4Addr::new([10, hop[1]][usize::from(hop[0] >> 7)], hop[2], hop[3], hop[4]),
            )
        })
        .collect();
    let x: Vec<String> = hops
        .iter()
        .map(|(form, hop)| match form % 3 {
            0 => hop.to_string(),
            1 => format!(" {hop}:4711 "),
            _ => format!("::ffff:{hop}"),
        })
        .collect();
    let standard: Vec<String> = hops
        .iter()
        .map(|(form, hop)| match form % 3 {
            0 => format!("for={hop}"),
            1 => format!("proto=https; For=\"{hop}:1\";by=_x"),
            _ => format!("for=\"[::ffff:{hop}]:1\""),
        })
        .collect();
    let peer: SocketAddr = "10.0.0.1:80".parse().unwrap();
    let first_stranger = hops
        .iter()
        .rev()
        .map(|(_, hop)| IpAddr::V4(*hop))
        .find(|hop| !is_trusted(*hop));
    let expected = first_stranger
        .or(hops.first().map(|(_, hop)| (*hop).into()))
        .unwrap_or(peer.ip());

    for (name, value) in [(X_FORWARDED_FOR, x.join(",")), (FORWARDED, standard.join(", "))] {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::try_from(value).unwrap());
        assert_eq!(seen(&headers, Some(peer)), expected, "{headers:?}");
    }
}

fn seen(headers: &HeaderMap, peer: Option<SocketAddr>) -> IpAddr {
    client::of(headers, peer, &trusted()).address
}
