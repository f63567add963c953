//! Whether a request says in one way only where it goes and where its body ends.
//!
//! Two programs in a row that read a request differently let a second one hide in its body, or
//! answer for another host. hyper refuses most of that itself; this is the rest. Of a request with
//! both a length and a coding it drops the length before it can be seen here, and ends the connection
//! after the answer, so that nothing behind it is read.

use hyper::header::{CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::uri::Authority;
use hyper::{Request, Version};

/// What is wrong with the request, if anything is (RFC 9112, 3.2 and 6.1; RFC 9113, 8.3.1).
pub(super) fn problem<B>(request: &Request<B>) -> Option<&'static str> {
    if !has_one_end(request) {
        return Some("the request does not say in one way where its body ends");
    }
    if !has_one_host(request) {
        return Some("the request does not say in one way which host it is for");
    }
    None
}

fn has_one_end<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => {
            request.version() == Version::HTTP_11
                && coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
                && !headers.contains_key(CONTENT_LENGTH)
        }
        (Some(_), Some(_)) => false,
    }
}

fn has_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => false,
        (Some(host), None) => {
            let named = request.uri().authority();
            let is_same = || named.is_some_and(|named| host.as_bytes().eq_ignore_ascii_case(named.as_str().as_bytes()));
            is_host(host) && (request.version() < Version::HTTP_2 || named.is_none() || is_same())
        }
        // HTTP/1.0 knows no hosts, and HTTP/2 has another place for them.
        (None, _) => request.version() < Version::HTTP_11 || request.uri().authority().is_some(),
    }
}

/// A name or address, with or without a port.
fn is_host(host: &HeaderValue) -> bool {
    let Ok(authority) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    let port = authority.as_str().strip_prefix(authority.host());
    let is_port = |port: &str| port.is_empty() || authority.port_u16().is_some();
    !authority.host().is_empty() && port.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_sound(version: Version, target: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::get(target).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        problem(&request.body(()).unwrap()).is_none()
    }

    #[test]
    fn a_host_is_named_once_and_is_one() {
        let with = |host| is_sound(Version::HTTP_11, "/", &[("host", host)]);

        for host in [
            "x",
            "example.com",
            "example.com:8080",
            "127.0.0.1",
            "[::1]:80",
            "xn--4ca.example",
        ] {
            assert!(with(host), "{host}");
        }
        for host in [
            "", "a b", "a@b", "a/b", "a?b", "a:b", "a:99999", ":80", "a\u{e9}", "[::1",
        ] {
            assert!(!with(host), "{host}");
        }
        assert!(!is_sound(Version::HTTP_11, "/", &[]));
        assert!(!is_sound(Version::HTTP_11, "/", &[("host", "a"), ("host", "a")]));
        assert!(is_sound(Version::HTTP_10, "/", &[]));
        assert!(is_sound(Version::HTTP_2, "http://a/", &[]));
        assert!(is_sound(Version::HTTP_2, "http://a/", &[("host", "A")]));
        assert!(!is_sound(Version::HTTP_2, "http://a/", &[("host", "b")]));
        assert!(!is_sound(Version::HTTP_2, "/", &[]));
    }

    #[test]
    fn a_body_ends_in_one_way() {
        let with = |version, headers: &[(&str, &str)]| is_sound(version, "/", &[&[("host", "x")], headers].concat());
        let coding = "transfer-encoding";

        assert!(with(Version::HTTP_11, &[(coding, "chunked")]));
        assert!(with(Version::HTTP_11, &[(coding, "Chunked ")]));
        assert!(with(Version::HTTP_11, &[("content-length", "1")]));
        for value in [
            "chunked, chunked",
            "gzip, chunked",
            "identity",
            "",
            "chunked,",
            "xchunked",
        ] {
            assert!(!with(Version::HTTP_11, &[(coding, value)]), "{value}");
        }
        assert!(!with(Version::HTTP_11, &[(coding, "chunked"), (coding, "chunked")]));
        assert!(!with(Version::HTTP_11, &[(coding, "chunked"), ("content-length", "1")]));
        assert!(!with(Version::HTTP_10, &[(coding, "chunked")]));
    }
}
