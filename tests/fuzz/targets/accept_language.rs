//! `Accept-Language`: whatever it says, there is one answer, of those that are offered, and a browser
//! that asks for exactly one language gets it.

#![no_main]

use std::sync::{Arc, LazyLock};

use authara::words::Languages;
use libfuzzer_sys::fuzz_target;

static LANGUAGES: LazyLock<Languages> = LazyLock::new(Languages::default);

fuzz_target!(|text: &str| {
    let found = LANGUAGES.choose(None, Some(text));
    assert!(LANGUAGES.all().any(|offered| Arc::ptr_eq(offered, found)));
    assert!(Arc::ptr_eq(found, LANGUAGES.choose(None, Some(text))));

    // What somebody chose wins over it.
    let chosen = LANGUAGES.choose(Some("fr"), Some(text));
    assert_eq!(chosen.tag(), "fr");
    // An answer asks for itself.
    assert!(Arc::ptr_eq(found, LANGUAGES.choose(None, Some(found.tag()))));
    // What stands last and is wanted most comes first.
    if !text.contains([',', ';']) {
        let both = format!("{text};q=0.5, de");
        assert_eq!(LANGUAGES.choose(None, Some(&both)).tag(), "de");
    }
});
