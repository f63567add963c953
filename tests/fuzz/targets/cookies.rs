//! Cookies: the jar holds what a naive reading finds, and notices every double.

#![no_main]

use authara::http::cookies::{ALL, Jar};
use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    for line in &lines {
        match HeaderValue::from_bytes(line) {
            Ok(value) => headers.append(COOKIE, value),
            Err(_) => return,
        };
    }

    for prefix in ["", "__Host-"] {
        let jar = Jar::read(&headers, prefix);
        let doubles: Vec<_> = jar.doubles().collect();
        for cookie in ALL {
            let name = format!("{prefix}{}", cookie.name());
            let found = values(&lines, name.as_bytes());
            assert_eq!(doubles.contains(&cookie), found.len() > 1);
            let only = match found[..] {
                [only] if !only.is_empty() => Some(String::from_utf8_lossy(only)),
                _ => None,
            };
            assert_eq!(jar.get(cookie), only.as_deref());
        }
    }
});

fn values<'d>(lines: &[&'d [u8]], name: &[u8]) -> Vec<&'d [u8]> {
    let pairs = lines.iter().flat_map(|line| line.split(|byte| *byte == b';'));
    pairs
        .filter_map(|pair| {
            let rest = pair.trim_ascii().strip_prefix(name)?;
            rest.strip_prefix(b"=")
        })
        .collect()
}
