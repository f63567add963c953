//! The root secret and the keys of tokens.

use super::*;

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
    assert!(
        keys(&format!("k:{long}"), &[hs256])
            .expect("accepted")
            .value
            .tokens
            .hs256
    );

    for (text, more, words) in [
        (two.as_str(), &[][..], "AUTHARA_JWT_ACTIVE_KEY_ID: is not set"),
        (&two, &[active("k3")], "must be the id of one of AUTHARA_JWT_KEYS"),
        (&format!("k:{long}"), &[], "EdDSA needs exactly 32"),
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
