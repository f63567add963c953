//! The root secret and the keys of tokens.

use authara::crypto::keys::generate_p256;

use super::*;

const SEC1: &str = "MHcCAQEEIKAZvPbi5DypP9rsN7dvk8sjvguPIV4MXrffifnpsCjvoAoGCCqGSM49AwEHoUQDQgAE29mNnpzgfiBUG++Yu3NcRLdCrPk/vKegDVlnbtJ1WAVO44EIXWdfL5mRtfisjK507n7r5sjSxMakMQkOnR2bOg==";

#[test]
fn token_keys_must_fit_their_algorithm() {
    let other = "0ZLr1PoQzHfCVn1Fa7S+fkQ4ZbDAVWT6eVBPGNEhCqg=";
    let long = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUx";
    // Of two, the later one counts.
    let eddsa = ("AUTHARA_JWT_ALGORITHM", "EdDSA");
    let keys = |text: &str, more: &[(&str, &str)]| read(&[&[("AUTHARA_JWT_KEYS", text), eddsa], more].concat());
    let hs256 = ("AUTHARA_JWT_ALGORITHM", "HS256");
    let active = |id| ("AUTHARA_JWT_ACTIVE_KEY_ID", id);

    let one = keys(&format!("k1:{SECRET}"), &[]).expect("accepted").value;
    assert_eq!(one.tokens.active_key_id, "k1");
    let two = format!("k1:{SECRET}, k2:{other}");
    assert_eq!(
        keys(&two, &[active("k2")]).expect("accepted").value.tokens.keys.len(),
        2
    );
    let es256 = ("AUTHARA_JWT_ALGORITHM", "ES256");
    let p256 = generate_p256();
    let p256 = p256.expose();
    for (key, algorithm, taken) in [(long, hs256, Algorithm::Hs256), (p256, es256, Algorithm::Es256)] {
        let read = keys(&format!("k:{key}"), &[algorithm]).expect("accepted").value;
        assert_eq!(read.tokens.algorithm, taken);
    }

    for (text, more, words) in [
        (two.as_str(), &[][..], "AUTHARA_JWT_ACTIVE_KEY_ID: is not set"),
        (&two, &[active("k3")], "must be the id of one of AUTHARA_JWT_KEYS"),
        (&format!("k:{long}"), &[], "EdDSA needs exactly 32"),
        (&format!("k:{p256}"), &[], "EdDSA needs exactly 32"),
        (&format!("k:{SECRET}"), &[es256], "authara key generate --es256"),
        // What `openssl genpkey -outform DER` writes (SEC 1).
        (&format!("k:{SEC1}"), &[es256], "authara key generate --es256"),
        ("k:c2hvcnQ=", &[hs256], "HS256 needs at least 32"),
        ("k:!", &[], "key 1 is not base64"),
        (SECRET, &[], "key 1 has no id"),
        (&format!("k 1:{SECRET}"), &[], "key 1 needs an id"),
        (
            &format!("k:{SECRET},k:{other}"),
            &[],
            "key 2 has the id of an earlier one",
        ),
        (&format!("k:{SECRET},"), &[], "key 2 has no id"),
        (
            "k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            &[],
            "key 1 is an example value",
        ),
    ] {
        let problems = keys(text, more).expect_err(text).to_string();
        assert!(problems.contains(words), "{text}: {problems}");
    }
    assert!(problems(&[hs256]).contains("AUTHARA_JWT_ALGORITHM=HS256 needs it"));
    assert!(problems(&[active("k")]).contains("AUTHARA_JWT_KEYS is not"));
}

#[test]
fn r130_example_secrets_do_not_start() {
    for (text, words) in [
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "is an example value"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "is an example value"),
        ("c2hvcnQ=", "must be base64 of 32 bytes"),
    ] {
        let text = problems(&[("AUTHARA_SECRET_KEY", text)]);
        assert!(text.contains(words), "{text}");
    }
}
