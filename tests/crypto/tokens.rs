//! Access tokens: what is accepted, and every way in which one can be wrong.

use std::time::Duration;

use authara::crypto::jwt::{self, Rejected};
use authara::crypto::keys::{KeySet, generate_p256};
use authara::crypto::recall::Recall;
use authara::domain::organization::OrganizationRole;
use authara::domain::{Algorithm, Audience, Claims, Email, Method, PlatformRole, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use ed25519_dalek::Signer as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://example.com/auth";
const SEED: [u8; 32] = *b"a seed that only this test knows";

fn keys(algorithm: Algorithm) -> KeySet {
    let mut keys = [("current".to_owned(), SEED.to_vec()), ("older".to_owned(), vec![9; 32])];
    if algorithm == Algorithm::Es256 {
        for (_, key) in &mut keys {
            *key = STANDARD.decode(generate_p256().expose()).expect("base64");
        }
    }
    KeySet::from_settings(algorithm, &keys, "current").expect("a key set")
}

fn claims(audience: Audience) -> Claims {
    Claims {
        token: Some("0190b5a0-0000-7000-8000-000000000001".parse().expect("an id")),
        user: "0190b5a0-0000-7000-8000-000000000002".parse().expect("an id"),
        session: "0190b5a0-0000-7000-8000-000000000003".parse().expect("an id"),
        audience,
        organization: "0190b5a0-0000-7000-8000-000000000004".parse().expect("an id"),
        organization_role: OrganizationRole::Owner,
        roles: vec![PlatformRole::Admin],
        email: Some(Email::parse("ada@example.com").expect("an address")),
        email_verified: false,
        authenticated_at: NOW - Duration::from_secs(5000),
        methods: Method::Password.into(),
        issued_at: NOW,
        expires_at: NOW + Duration::from_mins(10),
    }
}

/// Checks a token that is new, and one that has been seen before, which must come to the same.
fn verify(token: &str) -> Result<Claims, Rejected> {
    let keys = keys(Algorithm::EdDsa);
    let verified = jwt::verify(&keys, ISSUER, Audience::App, token, NOW);
    let recall = Recall::default();
    for _ in 0..2 {
        assert_eq!(recall.verify(&keys, ISSUER, Audience::App, token, NOW), verified);
    }
    verified
}

/// The two JSON parts of a token.
fn parts(token: &str) -> (Value, Value) {
    let part = |at| {
        let text = token.split('.').nth(at).expect("a part");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
    };
    (part(0), part(1))
}

/// A token with a right signature of the current key over whatever parts it is given.
fn signed(header: &str, payload: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    signed_raw(&encode(header), &encode(payload))
}

fn signed_raw(header: &str, payload: &str) -> String {
    let message = format!("{header}.{payload}");
    let signature = ed25519_dalek::SigningKey::from_bytes(&SEED).sign(message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
}

fn good_parts() -> (Value, Value) {
    let token = jwt::sign(&keys(Algorithm::EdDsa), ISSUER, &claims(Audience::Admin));
    parts(token.expose())
}

#[test]
fn a_token_says_what_the_contract_wants() {
    let token = jwt::sign(&keys(Algorithm::EdDsa), ISSUER, &claims(Audience::Admin));

    let (header, payload) = parts(token.expose());

    assert_eq!(header, json!({ "alg": "EdDSA", "kid": "current", "typ": "JWT" }));
    assert_eq!(
        payload,
        json!({
            "iss": ISSUER,
            "sub": "0190b5a0-0000-7000-8000-000000000002",
            "aud": ["admin", "app"],
            "iat": 1_800_000_000,
            "exp": 1_800_000_600,
            "jti": "0190b5a0-0000-7000-8000-000000000001",
            "sid": "0190b5a0-0000-7000-8000-000000000003",
            "org_id": "0190b5a0-0000-7000-8000-000000000004",
            "org_role": "owner",
            "roles": ["authara:admin"],
            "email": "ada@example.com",
            "email_verified": false,
            "auth_time": 1_799_995_000,
            "amr": ["pwd"],
        })
    );
}

#[test]
fn what_was_signed_is_read_again_with_every_algorithm() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256] {
        for audience in Audience::ALL {
            let keys = keys(algorithm);
            let claims = Claims {
                roles: vec![],
                ..claims(audience)
            };
            let token = jwt::sign(&keys, ISSUER, &claims);

            let read = jwt::verify(&keys, ISSUER, audience, token.expose(), NOW);

            assert_eq!(read, Ok(claims));
        }
    }
}

#[test]
fn every_token_opens_the_application_and_no_area_opens_another() {
    let keys = keys(Algorithm::EdDsa);
    let opens = |has, wanted| {
        let token = jwt::sign(&keys, ISSUER, &claims(has));
        jwt::verify(&keys, ISSUER, wanted, token.expose(), NOW).is_ok()
    };

    for has in Audience::ALL {
        for wanted in Audience::ALL {
            assert_eq!(
                opens(has, wanted),
                wanted == Audience::App || wanted == has,
                "{has:?} for {wanted:?}"
            );
        }
    }
}

#[test]
fn a_token_that_is_remembered_is_refused_once_its_key_or_its_time_is_over() {
    let (ours, recall) = (keys(Algorithm::EdDsa), Recall::default());
    let token = jwt::sign(&ours, ISSUER, &claims(Audience::App));
    let verify = |keys: &KeySet, audience, now| recall.verify(keys, ISSUER, audience, token.expose(), now).is_ok();
    assert!(verify(&ours, Audience::App, NOW));

    assert!(!verify(&ours, Audience::Admin, NOW));
    assert!(!verify(&ours, Audience::App, NOW + Duration::from_secs(630)));
    assert!(!verify(&ours, Audience::App, NOW - Duration::from_secs(31)));
    let others = KeySet::from_settings(Algorithm::EdDsa, &[("older".to_owned(), vec![9; 32])], "older");
    assert!(!verify(&others.expect("a key set"), Audience::App, NOW));
    assert!(verify(&ours, Audience::App, NOW));
}

#[test]
fn only_so_many_tokens_are_remembered_and_each_is_accepted_all_the_same() {
    let (keys, recall) = (keys(Algorithm::Hs256), Recall::default());
    for number in 0..40_000_u32 {
        let claims = Claims {
            issued_at: NOW - Duration::from_secs(number.into()),
            ..claims(Audience::App)
        };
        let token = jwt::sign(&keys, ISSUER, &claims);
        let verified = recall.verify(&keys, ISSUER, Audience::App, token.expose(), NOW);
        assert_eq!(verified, Ok(claims));
    }
    assert!(recall.len() <= 32_768, "{}", recall.len());
}

#[test]
fn r043_a_token_lives_until_its_end_and_half_a_minute() {
    let keys = keys(Algorithm::EdDsa);
    let token = jwt::sign(&keys, ISSUER, &claims(Audience::App));
    let at = |seconds: i64| {
        let now = Timestamp::from_seconds(NOW.seconds() + seconds);
        jwt::verify(&keys, ISSUER, Audience::App, token.expose(), now).is_ok()
    };

    assert!(!at(-31));
    assert!(at(-30));
    assert!(at(0));
    assert!(at(629));
    assert!(!at(630));
    assert!(!at(i64::MAX / 2_000_000));
}

#[test]
fn another_issuer_is_refused() {
    let keys = keys(Algorithm::EdDsa);
    let token = jwt::sign(&keys, "https://example.org/auth", &claims(Audience::App));

    assert_eq!(verify(token.expose()), Err(Rejected));
}

#[test]
fn r042_every_claim_is_of_its_type_and_those_that_decide_are_required() {
    // A token of an older version may lack these, and no request is decided by them alone.
    const OPTIONAL: [&str; 5] = ["jti", "auth_time", "amr", "email", "email_verified"];

    let (header, payload) = good_parts();
    let names: Vec<String> = payload.as_object().expect("claims").keys().cloned().collect();
    assert_eq!(names.len(), 14);
    assert!(verify(&signed(&header.to_string(), &payload.to_string())).is_ok());

    for name in names {
        let mut without = payload.clone();
        without.as_object_mut().expect("claims").remove(&name);
        let read = verify(&signed(&header.to_string(), &without.to_string()));
        assert_eq!(read.is_ok(), OPTIONAL.contains(&name.as_str()), "no {name}");
        if name == "auth_time" {
            // Nobody is taken to have proved anything a short while ago.
            assert_eq!(
                read.map(|claims| claims.authenticated_at),
                Ok(Timestamp::from_seconds(0))
            );
        }

        for wrong in [
            json!(null),
            json!({}),
            json!([]),
            json!(""),
            json!("x"),
            json!(1.5),
            json!([null]),
            json!([["app"]]),
            json!(payload[&name].to_string()),
            json!([payload[&name]]),
        ] {
            // Lists of names: none is right, and one that only a newer version knows is passed over.
            let is_list = name == "roles" || name == "amr";
            if is_list && wrong.as_array().is_some_and(|names| names.iter().all(Value::is_string)) {
                continue;
            }
            let mut changed = payload.clone();
            changed[&name] = wrong.clone();
            let token = signed(&header.to_string(), &changed.to_string());
            assert!(verify(&token).is_err(), "{name}: {wrong}");
        }
    }
}

#[test]
fn claims_out_of_their_range_are_refused() {
    let (header, payload) = good_parts();
    let now = NOW.seconds();
    for (name, wrong) in [
        ("exp", json!(now - 30)),
        ("exp", json!(-1)),
        ("exp", json!(u64::MAX)),
        ("iat", json!(now + 31)),
        ("nbf", json!(now + 31)),
        ("nbf", json!("0")),
        ("nbf", json!(null)),
        ("aud", json!(["admin"])),
        ("aud", json!(["app", "admin"])),
        ("aud", json!(["app", "app"])),
        ("aud", json!("app")),
        ("org_role", json!("Owner")),
        ("amr", json!("pwd")),
        ("amr", json!(["pwd", 1])),
        ("amr", json!(["p w d"])),
        ("jti", json!("1")),
        ("email", json!("Ada@example.com")),
        ("sub", json!("0190b5a0000070008000000000000002")),
    ] {
        let mut changed = payload.clone();
        changed[name] = wrong.clone();
        let token = signed(&header.to_string(), &changed.to_string());
        assert!(verify(&token).is_err(), "{name}: {wrong}");
    }
    for (name, right) in [
        ("exp", json!(now - 29)),
        ("iat", json!(now + 30)),
        // The session began before the clock was set back.
        ("auth_time", json!(now + 100_000)),
        ("nbf", json!(now + 30)),
        ("aud", json!(["app"])),
        ("aud", json!(["operator", "app"])),
        ("some_claim_of_a_newer_version", json!({ "a": [1] })),
    ] {
        let mut changed = payload.clone();
        changed[name] = right.clone();
        let token = signed(&header.to_string(), &changed.to_string());
        assert!(verify(&token).is_ok(), "{name}: {right}");
    }
}

#[test]
fn r039_r040_a_header_that_is_not_exactly_ours_is_refused() {
    let (_, payload) = good_parts();
    let payload = payload.to_string();
    for header in [
        r#"{"alg":"EdDSA","kid":"current"}"#,
        r#"{"alg":"EdDSA","typ":"JWT"}"#,
        r#"{"kid":"current","typ":"JWT"}"#,
        r#"{"alg":"none","kid":"current","typ":"JWT"}"#,
        r#"{"alg":"eddsa","kid":"current","typ":"JWT"}"#,
        r#"{"alg":"Ed25519","kid":"current","typ":"JWT"}"#,
        r#"{"alg":"HS256","kid":"current","typ":"JWT"}"#,
        r#"{"alg":"RS256","kid":"current","typ":"JWT"}"#,
        r#"{"alg":["EdDSA"],"kid":"current","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"jwt"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"at+jwt"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":null}"#,
        r#"{"alg":"EdDSA","kid":"older","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"Current","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"../current","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"' OR 1=1 --","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":["current"],"typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":0,"typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","crit":["exp"],"exp":1}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","crit":[]}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","b64":false}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","b64":true}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","jku":"https://evil.example/jwks"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","jwk":{"kty":"OKP"}}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","x5u":"https://evil.example"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","x5c":["x"]}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT","zip":"DEF"}"#,
        r#"{"alg":"EdDSA","alg":"EdDSA","kid":"current","typ":"JWT"}"#,
        r#"{"alg":"none","alg":"EdDSA","kid":"current","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"current","typ":"JWT"}x"#,
        r#"["EdDSA"]"#,
        "null",
        "",
    ] {
        assert!(verify(&signed(header, &payload)).is_err(), "{header}");
    }
    let reordered = r#" {"typ":"JWT","kid":"current","alg":"EdDSA"}"#;
    assert!(verify(&signed(reordered, &payload)).is_ok());
}

#[test]
fn a_duplicate_claim_is_refused_at_any_depth() {
    let (header, payload) = good_parts();
    let payload = payload.to_string();
    let twice = payload.replacen('{', r#"{"sub":"0190b5a0-0000-7000-8000-00000000000f","#, 1);
    let nested = payload.replacen('{', r#"{"extra":[{"a":1,"a":2}],"#, 1);

    assert!(verify(&signed(&header.to_string(), &twice)).is_err());
    assert!(verify(&signed(&header.to_string(), &nested)).is_err());
}

#[test]
fn one_token_has_one_text() {
    let token = jwt::sign(&keys(Algorithm::EdDsa), ISSUER, &claims(Audience::App));
    let token = token.expose();
    let (header, rest) = token.split_once('.').expect("parts");
    let (payload, signature) = rest.split_once('.').expect("parts");
    let (json_header, json_payload) = parts(token);
    let padded = |part: &Value| URL_SAFE.encode(format!("{part}{}", " ".repeat(2 - part.to_string().len() % 3)));
    assert!(padded(&json_header).ends_with('='));
    assert!(verify(token).is_ok());

    for other in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!(".{payload}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!("{token}.x"),
        format!(".{token}"),
        format!("{token}="),
        format!("{token} "),
        format!("{token}\n"),
        format!(" {token}"),
        format!("{token}A"),
        token[..token.len() - 1].to_owned(),
        // 64 bytes leave four unused bits in the last letter.
        format!("{}{}", &token[..token.len() - 1], stray_bits(signature)),
        signed_raw(&padded(&json_header), payload),
        signed_raw(header, &padded(&json_payload)),
        token.replace('.', "_"),
        token.to_uppercase(),
    ] {
        assert_eq!(verify(&other), Err(Rejected), "{other}");
    }
}

/// The last letter of a part with one of its unused bits set.
fn stray_bits(part: &str) -> char {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = part.bytes().last().expect("a letter");
    let at = ALPHABET.iter().position(|letter| *letter == last).expect("base64url");
    char::from(ALPHABET[at | 1])
}

#[test]
fn a_token_with_any_letter_changed_is_refused() {
    let token = jwt::sign(&keys(Algorithm::EdDsa), ISSUER, &claims(Audience::App));
    for at in 0..token.expose().len() {
        let mut letters = token.expose().to_owned().into_bytes();
        letters[at] = if letters[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(letters).expect("ASCII");

        assert_eq!(verify(&changed), Err(Rejected), "letter {at}");
    }
}

#[test]
fn an_overlong_token_is_not_looked_at() {
    let (header, payload) = good_parts();
    let with = |length: usize| {
        let mut longer = payload.clone();
        longer["x"] = json!("x".repeat(length));
        signed(&header.to_string(), &longer.to_string())
    };

    assert!(verify(&with(5000)).is_ok());
    assert!(with(6000).len() > 8192);
    assert!(verify(&with(6000)).is_err());
    assert!(verify(&"a.".repeat(500_000)).is_err());
}

#[test]
fn r044_the_public_key_is_no_shared_secret() {
    let (_, payload) = good_parts();
    let public = ed25519_dalek::SigningKey::from_bytes(&SEED).verifying_key();
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"current","typ":"JWT"}"#);
    let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload.to_string()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(public.as_bytes()).expect("any length");
    mac.update(message.as_bytes());
    let forged = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()));

    assert_eq!(verify(&forged), Err(Rejected));
}

#[test]
fn r039_the_sets_algorithm_decides_and_never_the_tokens() {
    let sets = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256].map(keys);
    for (made, checked) in (0..9).map(|pair| (pair / 3, pair % 3)) {
        let token = jwt::sign(&sets[made], ISSUER, &claims(Audience::App));

        let read = jwt::verify(&sets[checked], ISSUER, Audience::App, token.expose(), NOW);

        assert_eq!(read.is_ok(), made == checked, "{made} {checked}");
    }
}
