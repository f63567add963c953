//! Opaque tokens and stamped values: one text each, and none that we did not make.

#![no_main]

use std::sync::LazyLock;

use authara::crypto::derive::{Purpose, RootSecret};
use authara::crypto::stamp::Stamp;
use authara::crypto::token;
use authara::domain::Secret;
use authara::domain::device::Device;
use libfuzzer_sys::fuzz_target;

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

    assert!(!STAMP.is_own(text));
    if let Some(inside) = STAMP.unwrap_text(text) {
        assert_eq!(STAMP.wrap(&inside), text);
    }
    let wrapped = STAMP.wrap(text);
    assert_eq!(STAMP.unwrap_text(&wrapped).as_deref(), Some(text));
    assert!(!STAMP.is_own(&wrapped));
    assert!(STAMP.unwrap_text(&STAMP.issue()).is_none());
});
