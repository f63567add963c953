//! E-mail addresses: whatever is accepted is one plain address in its one spelling.

#![no_main]

use authara::domain::Email;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Some(email) = Email::parse(text) else { return };
    let address = email.as_str();

    assert_eq!(address.matches('@').count(), 1);
    assert!(
        address
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase())
    );
    assert!(!address.contains(['"', '<', '>', ',', ';', ':', '%', '(', ')', '\\', '[', ']']));
    assert!((3..=254).contains(&address.len()));
    assert!(!address.contains("..") && !address.starts_with('.') && !address.contains(".@"));
    assert_eq!(address, text.trim().to_lowercase());
    assert_eq!(Email::parse(address).as_ref(), Some(&email));
    assert!(address.starts_with(email.local_part()));
    let domain = address.split_once('@').unwrap().1;
    assert_eq!(email.masked(), format!("{}…@{domain}", &address[..1]));
});
