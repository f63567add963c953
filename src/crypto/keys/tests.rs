//! What key sets promise.

use std::time::Duration;

use super::*;
use crate::crypto::derive::{Purpose, RootSecret};

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
const HOUR: Duration = Duration::from_hours(1);

fn seal_key() -> Key {
    RootSecret::parse(&Secret::new("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="))
        .expect("a root secret")
        .key(Purpose::SigningKeys)
}

fn other_seal_key() -> Key {
    RootSecret::parse(&generate_seed())
        .expect("a root secret")
        .key(Purpose::SigningKeys)
}

fn key(active_from: Timestamp, retired_at: Option<Timestamp>) -> SigningKey {
    SigningKey {
        retired_at,
        ..generate(&seal_key(), NOW - HOUR, active_from)
    }
}

fn published(set: &KeySet) -> Vec<String> {
    let jwks: serde_json::Value = serde_json::from_str(set.jwks()).expect("JSON");
    let keys = jwks["keys"].as_array().expect("keys");
    keys.iter()
        .map(|key| key["kid"].as_str().expect("a kid").to_owned())
        .collect()
}

#[test]
fn the_newest_key_whose_time_has_come_signs_and_the_rest_verify() {
    let retired = key(NOW - HOUR * 9, Some(NOW));
    let retiring = key(NOW - HOUR * 5, Some(NOW + HOUR));
    let active = key(NOW, None);
    let upcoming = key(NOW + HOUR, None);
    let keys = [&upcoming, &retired, &active, &retiring].map(Clone::clone);

    let set = KeySet::from_database(&keys, &seal_key(), NOW).expect("a set");
    let later = KeySet::from_database(&keys, &seal_key(), NOW + HOUR).expect("a set");

    assert_eq!(set.active_id(), active.id);
    assert_eq!(published(&set), [retiring.id, active.id.clone(), upcoming.id.clone()]);
    assert_eq!(later.active_id(), upcoming.id);
    assert!(later.accepts(&active.id, b"m", &set.sign(b"m")));
    assert!(!later.accepts(&retired.id, b"m", &set.sign(b"m")));
}

#[test]
fn while_the_clock_is_behind_all_keys_the_oldest_signs() {
    let keys = [key(NOW + HOUR * 2, None), key(NOW + HOUR, None)];

    let set = KeySet::from_database(&keys, &seal_key(), NOW).expect("a set");

    assert_eq!(set.active_id(), keys[1].id);
}

#[test]
fn a_set_without_a_key_that_verifies_cannot_be_built() {
    for keys in [vec![], vec![key(NOW - HOUR, Some(NOW))]] {
        let set = KeySet::from_database(&keys, &seal_key(), NOW);

        assert!(matches!(set, Err(BadKeys::NoneActive)));
    }
}

#[test]
fn a_key_of_another_root_secret_or_with_a_foreign_public_half_is_named() {
    let good = key(NOW, None);
    let foreign = SigningKey {
        public: key(NOW, None).public,
        ..good.clone()
    };
    let renamed = SigningKey {
        id: "other".to_owned(),
        ..good.clone()
    };

    let refused = |key: &SigningKey, seal: &Key| match KeySet::from_database(std::slice::from_ref(key), seal, NOW) {
        Err(BadKeys::Sealed(id)) => id == key.id,
        _ => false,
    };

    assert!(refused(&good, &other_seal_key()));
    assert!(refused(&foreign, &seal_key()));
    assert!(refused(&renamed, &seal_key()));
    assert!(!refused(&good, &seal_key()));
}

#[test]
fn keys_from_the_settings_must_have_the_length_of_their_algorithm() {
    let keys = |length| [("k".to_owned(), vec![7; length])];
    for (algorithm, length, fits) in [
        (Algorithm::EdDsa, 31, false),
        (Algorithm::EdDsa, 32, true),
        (Algorithm::EdDsa, 33, false),
        (Algorithm::Hs256, 31, false),
        (Algorithm::Hs256, 32, true),
        (Algorithm::Hs256, 64, true),
    ] {
        let set = KeySet::from_settings(algorithm, &keys(length), "k");
        assert_eq!(set.is_ok(), fits, "{algorithm:?} {length}");
    }
    let unknown = KeySet::from_settings(Algorithm::EdDsa, &keys(32), "K");
    assert!(matches!(unknown, Err(BadKeys::NoneActive)));
}

#[test]
fn the_key_set_shows_public_halves_only() {
    let seeds = [("a".to_owned(), vec![7; 32])];
    let set = KeySet::from_settings(Algorithm::EdDsa, &seeds, "a").expect("a set");
    let shared = KeySet::from_settings(Algorithm::Hs256, &seeds, "a").expect("a set");
    let jwks: serde_json::Value = serde_json::from_str(set.jwks()).expect("JSON");
    let members: Vec<&str> = jwks["keys"][0]
        .as_object()
        .expect("a key")
        .keys()
        .map(String::as_str)
        .collect();

    assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(shared.jwks(), r#"{"keys":[]}"#);
}

/// RFC 8037, appendix A: the key of A.1, its thumbprint of A.3.
#[test]
fn the_thumbprint_is_the_published_one() {
    let seed = URL_SAFE_NO_PAD
        .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
        .expect("base64");
    let set = KeySet::from_settings(Algorithm::EdDsa, &[("rfc".to_owned(), seed.clone())], "rfc").expect("a set");
    let public = ed25519_dalek::SigningKey::from_bytes(seed.as_slice().try_into().expect("32 bytes"))
        .verifying_key()
        .to_bytes();

    assert!(
        set.jwks()
            .contains(r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#)
    );
    assert_eq!(thumbprint(&public), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}
