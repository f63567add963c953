//! Settings: whatever is wrong is told without a secret, and a file's pairs can be written again.

#![no_main]

use authara::config::{Config, Given};
use libfuzzer_sys::fuzz_target;

const SECRETS: [(&str, &str); 3] = [
    ("AUTHARA_SECRET_KEY", "planted-Zq81xW0pLr"),
    ("AUTHARA_JWT_KEYS", "a:planted-Zq81xW0pLr,b:planted-Zq81xW0pLr"),
    ("DATABASE_URL", "postgres://u:planted-Zq81xW0pLr@h:5x/d"),
];

fuzz_target!(|text: &str| {
    let Some(pairs) = Given::pairs_in(text) else { return };
    let written: String = pairs
        .iter()
        .map(|(name, value)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("{name}=\"{value}\"\n")
        })
        .collect();
    // A carriage return alone stands in a value, but a line of ours would end with it.
    if !written.contains('\r') {
        assert_eq!(Given::pairs_in(&written).as_ref(), Some(&pairs));
    }

    // Other people's files are not for reading here.
    let pairs = pairs.into_iter().filter(|(name, _)| !name.ends_with("_FILE"));
    let pairs: Vec<_> = pairs.collect();
    let _ = Config::read(&Given::from_pairs(pairs.clone()));
    for (name, secret) in SECRETS {
        let planted = [(name.to_owned(), secret.to_owned())];
        match Config::read(&Given::from_pairs(pairs.iter().cloned().chain(planted))) {
            Ok(_) => panic!("{name} was accepted"),
            Err(problems) => assert!(!problems.to_string().contains("Zq81"), "{problems}"),
        }
    }
});
