//! Where a browser goes: whatever is accepted stays on the origin, as browsers read it.

#![no_main]

use authara::domain::return_to::ReturnTo;
use libfuzzer_sys::fuzz_target;
use url::Url;

fuzz_target!(|text: &str| {
    let Some(target) = ReturnTo::parse(text) else { return };
    assert_eq!(target.as_str(), text);
    assert!(text.starts_with(target.path()));

    for base in [
        "https://origin.example/auth/login?return_to=x",
        "http://localhost:8080/",
    ] {
        let base = Url::parse(base).unwrap();
        let gone = base.join(target.as_str()).unwrap();
        assert_eq!(gone.origin(), base.origin(), "{text:?}");
        // Also when the application resolves what is left once more.
        assert!(!gone.path().starts_with("//"), "{text:?}");
        let again = base.join(&gone[url::Position::BeforePath..]).unwrap();
        assert_eq!(again, gone);
    }
});
