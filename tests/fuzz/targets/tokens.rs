//! Opaque tokens and stamped values: one text each, and none that we did not make.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use authara::crypto::derive::{Purpose, RootSecret};
use authara::crypto::stamp::Stamp;
use authara::crypto::token;
use authara::domain::device::Device;
use authara::domain::{Secret, Timestamp};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const LIFE: Duration = Duration::from_secs(60);

static ROOT: LazyLock<RootSecret> = LazyLock::new(|| {
    let root = Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    RootSecret::parse(&root).unwrap()
});
static STAMP: LazyLock<Stamp> = LazyLock::new(|| Stamp::new(ROOT.key(Purpose::Flash)));

fuzz_target!(|text: &str| {
    if token::hash(&Secret::new(text)).is_some() {
        let (last, rest) = text.as_bytes().split_last().unwrap();
        assert_eq!(text.len(), 43);
        assert!(
            rest.iter()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte))
        );
        // Two bits of the last letter are nothing, and must be.
        assert!(b"AEIMQUYcgkosw048".contains(last), "{text}");
    }
    let next = token::successor(&ROOT.key(Purpose::RefreshSuccessor), &Secret::new(text), 1);
    assert!(token::hash(&next).is_some());

    if let Some(device) = Device::parse(text) {
        assert_eq!(Device::parse(&device.text()), Some(device));
    }

    let read = |value: &str, bound_to: &str| STAMP.unwrap_text(value, bound_to, LIFE, NOW);
    assert!(STAMP.age(text, NOW).is_none() && read(text, "").is_none());
    let wrapped = STAMP.wrap(text, "a", NOW);
    assert_eq!(read(&wrapped, "a").as_deref(), Some(text));
    assert!(read(&wrapped, "").is_none() && read(&wrapped, "ab").is_none());
    // No part of the text can be taken for what it is bound to, nor the other way round.
    let bound = STAMP.wrap("", text, NOW);
    assert_eq!(read(&bound, text).as_deref(), Some(""));
    assert_eq!(read(&bound, "").is_some(), text.is_empty());
    assert!(STAMP.age(&wrapped, NOW).is_none() && read(&STAMP.issue(NOW), text).is_none());
    assert!(STAMP.unwrap_text(&wrapped, "a", LIFE, NOW + LIFE).is_none());
});
