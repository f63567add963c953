//! What key sets promise.

use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::*;
use crate::crypto::derive::{Purpose, RootSecret};

const NOW: Timestamp = Timestamp::from_seconds(1_000_000);
const HOUR: Duration = Duration::from_hours(1);

/// Made with: openssl genpkey -algorithm EC -pkeyopt `ec_paramgen_curve:P-256`
const P256: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgCpuG3YFDiA45rq++xgL6UTniS8R2OCrEQHOdLQC27h6hRANCAATkIQ9RIiZ4X7SqNvoBm+2/keWzoSLjjZcgPeqsI3jVCZypWbDvDem2dgDlZ/23V3Pty8HYc0D8b5fAN3OP+opg";
const P256_X: &str = "5CEPUSImeF-0qjb6AZvtv5Hls6Ei442XID3qrCN41Qk";
const P256_Y: &str = "nKlZsO8N6bZ2AOVn_bdXc-3LwdhzQPxvl8A3c4_6imA";

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
        ..generate(Algorithm::EdDsa, &seal_key(), NOW - HOUR, active_from)
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

    let set = KeySet::from_database(&keys, Algorithm::EdDsa, &seal_key(), NOW).expect("a set");
    let later = KeySet::from_database(&keys, Algorithm::EdDsa, &seal_key(), NOW + HOUR).expect("a set");

    assert_eq!(set.active_id(), active.id);
    assert_eq!(published(&set), [retiring.id, active.id.clone(), upcoming.id.clone()]);
    assert_eq!(later.active_id(), upcoming.id);
    assert!(later.accepts(&active.id, "EdDSA", b"m", &set.sign(b"m")));
    assert!(!later.accepts(&retired.id, "EdDSA", b"m", &set.sign(b"m")));
}

#[test]
fn after_a_change_of_the_algorithm_the_older_keys_sign_until_the_new_one_may() {
    let before = key(NOW - HOUR * 5, Some(NOW + HOUR * 2));
    let after = SigningKey {
        created_at: NOW,
        ..generate(Algorithm::Es256, &seal_key(), NOW - HOUR, NOW + HOUR)
    };
    let keys = [before.clone(), after.clone()];
    let set = |algorithm, now| KeySet::from_database(&keys, algorithm, &seal_key(), now).expect("a set");

    let (early, late) = (set(Algorithm::Es256, NOW), set(Algorithm::Es256, NOW + HOUR));
    // An instance that has not been told yet.
    let untold = set(Algorithm::EdDsa, NOW + HOUR);

    assert_eq!(
        (early.active_id(), early.algorithm()),
        (before.id.as_str(), Algorithm::EdDsa)
    );
    assert_eq!(
        (late.active_id(), late.algorithm()),
        (after.id.as_str(), Algorithm::Es256)
    );
    // It knows that its own key is about to end, and what follows it.
    assert_eq!(
        (untold.active_id(), untold.algorithm()),
        (after.id.as_str(), Algorithm::Es256)
    );
    assert_eq!(set(Algorithm::EdDsa, NOW + HOUR * 2).active_id(), after.id);
    for set in [&early, &late, &untold] {
        assert_eq!(published(set), [before.id.clone(), after.id.clone()]);
        assert!(set.accepts(&before.id, "EdDSA", b"m", &early.sign(b"m")));
        assert!(set.accepts(&after.id, "ES256", b"m", &late.sign(b"m")));
        // What a token calls itself must be what its key is.
        assert!(!set.accepts(&before.id, "ES256", b"m", &early.sign(b"m")));
        assert!(!set.accepts(&after.id, "EdDSA", b"m", &late.sign(b"m")));
        assert!(!set.accepts(&after.id, "ES256", b"m", &early.sign(b"m")));
    }
}

#[test]
fn while_the_clock_is_behind_all_keys_the_oldest_signs() {
    let keys = [key(NOW + HOUR * 2, None), key(NOW + HOUR, None)];

    let set = KeySet::from_database(&keys, Algorithm::EdDsa, &seal_key(), NOW).expect("a set");

    assert_eq!(set.active_id(), keys[1].id);
}

#[test]
fn a_key_from_a_clock_that_was_ahead_signs_until_its_successor_may() {
    let ahead = key(NOW + HOUR * 9_000, Some(NOW + HOUR * 2));
    let after = SigningKey {
        created_at: NOW,
        ..generate(Algorithm::Es256, &seal_key(), NOW, NOW + HOUR)
    };
    let keys = [ahead.clone(), after.clone()];
    let active = |now| {
        let set = KeySet::from_database(&keys, Algorithm::Es256, &seal_key(), now).expect("a set");
        set.active_id().to_owned()
    };

    assert_eq!(active(NOW), ahead.id);
    assert_eq!(active(NOW + HOUR), after.id);
}

#[test]
fn a_set_without_a_key_that_verifies_cannot_be_built() {
    for keys in [vec![], vec![key(NOW - HOUR, Some(NOW))]] {
        let set = KeySet::from_database(&keys, Algorithm::EdDsa, &seal_key(), NOW);

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

    let refused = |key: &SigningKey, seal: &Key| match KeySet::from_database(
        std::slice::from_ref(key),
        Algorithm::EdDsa,
        seal,
        NOW,
    ) {
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

#[test]
fn a_key_of_p256_shows_its_point_and_its_private_half_is_what_openssl_writes() {
    let private = STANDARD.decode(P256).expect("base64");
    let keys = [("a".to_owned(), private)];
    let set = KeySet::from_settings(Algorithm::Es256, &keys, "a").expect("a set");
    let jwks: serde_json::Value = serde_json::from_str(set.jwks()).expect("JSON");

    assert_eq!(
        jwks["keys"][0],
        json!({ "alg": "ES256", "crv": "P-256", "kid": "a", "kty": "EC", "use": "sig", "x": P256_X, "y": P256_Y })
    );
    for wrong in [vec![7; 32], keys[0].1[1..].to_vec(), keys[0].1[..100].to_vec()] {
        let set = KeySet::from_settings(Algorithm::Es256, &[("a".to_owned(), wrong)], "a");
        assert!(matches!(set, Err(BadKeys::Form(..))));
    }
}

/// RFC 7515, appendix A.3: the public key and a signature that it accepts.
#[test]
fn the_published_signature_of_p256_is_accepted() {
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
    let (x, y) = (
        "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    );
    let key = Public::read(&[vec![4], decode(x), decode(y)].concat()).expect("a point");
    let message = b"eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let signature = decode("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");

    assert!(key.accepts(message, &signature));
    assert!(!key.accepts(&message[1..], &signature));
    assert!(!key.accepts(message, &signature[..63]));
    assert_eq!(key.thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

/// RFC 8037, appendix A: the key of A.1, its thumbprint of A.3.
#[test]
fn the_thumbprint_is_the_published_one() {
    let seed = URL_SAFE_NO_PAD
        .decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
        .expect("base64");
    let set = KeySet::from_settings(Algorithm::EdDsa, &[("rfc".to_owned(), seed.clone())], "rfc").expect("a set");
    let pair = Pair::read(Algorithm::EdDsa, &seed).expect("a seed");

    assert!(
        set.jwks()
            .contains(r#""x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#)
    );
    assert_eq!(
        pair.public().thumbprint(),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}
