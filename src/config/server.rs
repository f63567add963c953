//! Where the server is: address, public URL, trusted proxies, and the limits of its connections.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::given::Given;
use crate::config::network::Network;
use crate::config::problem::Problems;
use crate::config::reader::Reader;

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine.
    Dev,
    /// For real.
    Prod,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for Listen {
    /// As the setting is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl Listen {
    /// Reads this setting alone, for a program that asks the server and needs nothing else.
    pub fn from_settings(given: &Given) -> Result<Self, Problems> {
        let mut reader = Reader::of_one(given);
        let listen = Self::read(&mut reader);
        reader.finish(listen).map(|(listen, _)| listen)
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        reader.parse("AUTHARA_LISTEN", |text| {
            if let Some(path) = text.strip_prefix("unix:") {
                let path = Path::new(path);
                return if path.is_absolute() {
                    Ok(Self::Unix(path.to_owned()))
                } else {
                    Err("a socket needs an absolute path, as in unix:/run/authara.sock".to_owned())
                };
            }
            text.parse().map(Self::Tcp).map_err(|_| {
                "must be an address and a port, as in 127.0.0.1:8080, 0.0.0.0:8080 or [::]:8080, or unix:/path"
                    .to_owned()
            })
        })
    }
}

/// `AUTHARA_METRICS_LISTEN`: an address of its own, or none.
#[expect(
    clippy::option_option,
    reason = "the outer one is a problem, as everywhere here; the inner one is off"
)]
pub(super) fn metrics_listen(reader: &mut Reader<'_>, main: Option<&Listen>) -> Option<Option<SocketAddr>> {
    const NAME: &str = "AUTHARA_METRICS_LISTEN";

    if !reader.is_set(NAME) {
        return Some(None);
    }
    let address = reader.parse(NAME, |text| {
        text.parse::<SocketAddr>()
            .map_err(|_| "must be an address and a port, as in 127.0.0.1:9090".to_owned())
    })?;
    if main == Some(&Listen::Tcp(address)) && address.port() != 0 {
        reader.problem(NAME, "AUTHARA_LISTEN is the same; metrics need a port of their own");
        return None;
    }
    Some(Some(address))
}

/// Scheme, host and port under which browsers reach this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://host[:port]`: no path, no trailing slash, default port left out.
    pub origin: String,
    /// Whether the scheme is `https`; decides `Secure` on cookies and HSTS.
    pub is_https: bool,
    /// The host alone; an IPv6 address in brackets.
    pub host: String,
}

impl PublicUrl {
    /// Reads an origin; the error says what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("must begin with https:// (or http:// on localhost)")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("must begin with https:// (or http:// on localhost)".to_owned()),
        };
        if let Some(at) = rest.find(['/', '?', '#', '\\', '@']) {
            return Err(match &rest[at..] {
                "/" => "must not end with a slash",
                _ => "must be scheme, host and port only, as in https://example.com",
            }
            .to_owned());
        }
        let (host, port) = split_port(rest).ok_or("has a port that is not a number from 1 to 65535")?;
        if let Some(port) = port.filter(|port| is_refused_by_browsers(*port)) {
            return Err(format!("has port {port}, which browsers refuse to open; take another"));
        }
        let host = host.to_ascii_lowercase();
        if !is_host(&host) {
            return Err("must have a host name or address; international names in their xn-- form".to_owned());
        }
        let origin = origin(is_https, &host, port);
        Ok(Self { origin, is_https, host })
    }

    pub(super) fn set_port(&mut self, port: u16) {
        self.origin = origin(self.is_https, &self.host, Some(port));
    }

    /// The issuer of access tokens, unless the settings name another.
    pub(super) fn issuer(&self) -> String {
        format!("{}/auth", self.origin)
    }

    /// Whether the host can only be this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || self.host.ends_with(".localhost")
            || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    pub(super) fn read(reader: &mut Reader<'_>, environment: Option<Environment>) -> Option<Self> {
        reader.required("PUBLIC_URL")?;
        let url = reader.parse("PUBLIC_URL", Self::parse)?;
        if environment == Some(Environment::Prod) && !url.is_https && !url.is_loopback() {
            reader.problem(
                "PUBLIC_URL",
                "must be https; http is only for localhost, or anywhere with APP_ENV=dev",
            );
            return None;
        }
        Some(url)
    }
}

/// Whether browsers open no page at this port, because it belongs to another protocol (Fetch Standard, "bad port").
pub fn is_refused_by_browsers(port: u16) -> bool {
    const REFUSED: &[u16] = &[
        0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
        109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526,
        530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045,
        4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    ];

    REFUSED.binary_search(&port).is_ok()
}

/// As browsers write it: the scheme's own port is left out.
fn origin(is_https: bool, host: &str, port: Option<u16>) -> String {
    let (scheme, own_port) = if is_https { ("https", 443) } else { ("http", 80) };
    match port {
        Some(port) if port != own_port => format!("{scheme}://{host}:{port}"),
        _ => format!("{scheme}://{host}"),
    }
}

/// Splits `host:port`; `None` if what stands after the host is no port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let end = if text.starts_with('[') {
        text.find(']')? + 1
    } else {
        text.find(':').unwrap_or(text.len())
    };
    let (host, rest) = text.split_at(end);
    if rest.is_empty() {
        return Some((host, None));
    }
    let digits = rest.strip_prefix(':')?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| is_number && *port > 0)?;
    Some((host, Some(port)))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        return address
            .strip_suffix(']')
            .is_some_and(|it| it.parse::<Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    // Browsers read a name whose last label is a number as an address.
    host.len() <= 253 && host.split('.').all(is_label) && (!is_number || host.parse::<Ipv4Addr>().is_ok())
}

/// `AUTHARA_TRUSTED_PROXIES`, or its older form.
pub(super) fn trusted_proxies(reader: &mut Reader<'_>) -> Option<Vec<Network>> {
    let trusts_private = reader.boolean("AUTHARA_TRUST_PROXY_HEADERS");
    if trusts_private? {
        if reader.is_set("AUTHARA_TRUSTED_PROXIES") {
            reader.problem(
                "AUTHARA_TRUST_PROXY_HEADERS",
                "is true, and AUTHARA_TRUSTED_PROXIES is set as well; keep AUTHARA_TRUSTED_PROXIES",
            );
            return None;
        }
        return Some(Network::private());
    }
    reader.parse("AUTHARA_TRUSTED_PROXIES", |text| {
        if text == "none" {
            return Ok(Vec::new());
        }
        let networks = (1..).zip(text.split(','));
        let read = |(number, part): (u32, &str)| {
            Network::parse(part.trim()).map_err(|wrong| format!("network {number} {wrong}"))
        };
        networks.map(read).collect()
    })
}

/// Limits of the HTTP server.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// Time for a request's header, which is also how long a kept-alive connection may idle (`AUTHARA_HEADER_TIMEOUT`).
    pub header_timeout: Duration,
    /// Time for a request's body (`AUTHARA_BODY_TIMEOUT`).
    pub body_timeout: Duration,
    /// Time for everything else of a request (`AUTHARA_REQUEST_TIMEOUT`).
    pub request_timeout: Duration,
    /// Connections at once (`AUTHARA_MAX_CONNECTIONS`).
    pub max_connections: usize,
    /// Connections at once from one address that is not a trusted proxy (`AUTHARA_MAX_CONNECTIONS_PER_ADDRESS`).
    pub max_connections_per_address: usize,
    /// Time for requests in flight after SIGTERM (`AUTHARA_SHUTDOWN_TIMEOUT`).
    pub shutdown_timeout: Duration,
}

impl Server {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let header_timeout = reader.duration("AUTHARA_HEADER_TIMEOUT");
        let body_timeout = reader.duration("AUTHARA_BODY_TIMEOUT");
        let request_timeout = reader.duration("AUTHARA_REQUEST_TIMEOUT");
        let max_connections = reader.count("AUTHARA_MAX_CONNECTIONS");
        let max_connections_per_address = reader.count("AUTHARA_MAX_CONNECTIONS_PER_ADDRESS");
        let shutdown_timeout = reader.duration("AUTHARA_SHUTDOWN_TIMEOUT");
        Some(Self {
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            request_timeout: request_timeout?,
            max_connections: max_connections?,
            max_connections_per_address: max_connections_per_address?,
            shutdown_timeout: shutdown_timeout?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_spelling() {
        for (text, origin, host) in [
            ("https://example.com", "https://example.com", "example.com"),
            ("HTTPS://Example.COM:443", "https://example.com", "example.com"),
            ("http://localhost:80", "http://localhost", "localhost"),
            ("http://localhost:8080", "http://localhost:8080", "localhost"),
            ("http://[::1]:8080", "http://[::1]:8080", "[::1]"),
            (
                "https://xn--bcher-kva.example:8443",
                "https://xn--bcher-kva.example:8443",
                "xn--bcher-kva.example",
            ),
        ] {
            let url = PublicUrl::parse(text).expect(text);

            assert_eq!((&*url.origin, &*url.host), (origin, host));
            assert_eq!(url.is_https, origin.starts_with("https:"));
        }
    }

    #[test]
    fn anything_beyond_scheme_host_and_port_is_refused() {
        for text in [
            "",
            "example.com",
            "//example.com",
            "ftp://example.com",
            "https://",
            "https://example.com/",
            "https://example.com/auth",
            "https://example.com?x",
            "https://example.com#x",
            "https://user@example.com",
            "https://example.com\\x",
            "https://example.com:",
            "https://example.com:0",
            "https://example.com:22",
            "http://localhost:6000",
            "https://example.com:65536",
            "https://example.com:+80",
            "https://bücher.example",
            "https://a b",
            "https://-a.example",
            "https://a..example",
            "https://1.2.3",
            "https://[::1",
            "https://[::1]x",
            "https://[::g]",
            "https://::1",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn loopback_is_known_by_name_and_address() {
        let is_loopback = |text: &str| PublicUrl::parse(text).expect(text).is_loopback();

        for text in [
            "http://localhost",
            "http://app.localhost",
            "http://127.0.0.9:81",
            "http://[::1]",
        ] {
            assert!(is_loopback(text), "{text}");
        }
        for text in [
            "http://localhost.example",
            "http://mylocalhost",
            "http://128.0.0.1",
            "http://[::2]",
        ] {
            assert!(!is_loopback(text), "{text}");
        }
    }
}
