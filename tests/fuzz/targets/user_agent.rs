//! User agents: what is kept is short and clean, and there are always words for it.

#![no_main]

use std::net::Ipv4Addr;
use std::sync::LazyLock;

use authara::domain::Client;
use authara::http::client;
use authara::http::pages::program;
use authara::words::Languages;
use hyper::HeaderMap;
use hyper::header::{HeaderValue, USER_AGENT};
use libfuzzer_sys::fuzz_target;

static LANGUAGES: LazyLock<Languages> = LazyLock::new(Languages::default);

fuzz_target!(|data: &[u8]| {
    let Ok(value) = HeaderValue::from_bytes(data) else {
        return;
    };
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, value);

    let kept = client::of(&headers, None, &[]).user_agent;
    assert!(kept.chars().count() <= Client::LONGEST_USER_AGENT);
    assert!(!kept.contains(char::is_control));
    assert_eq!(Client::new(Ipv4Addr::LOCALHOST.into(), &kept).user_agent, kept);

    for phrases in LANGUAGES.all() {
        let words = program::in_words(phrases, &kept);
        assert!((1..=40).contains(&words.chars().count()), "{words}");
        assert!(!words.contains(char::is_control));
    }
    let _ = program::kind(&kept);
});
