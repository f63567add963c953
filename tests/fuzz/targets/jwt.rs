//! Access tokens: nothing is accepted that was not signed, and what was signed means one thing.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use authara::crypto::jwt;
use authara::crypto::keys::{KeySet, generate_p256};
use authara::domain::Algorithm;
use authara::crypto::recall::Recall;
use authara::domain::organization::OrganizationRole;
use authara::domain::{Audience, Claims, Email, Method, PlatformRole, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ISSUER: &str = "https://example.com/auth";

static SETS: LazyLock<[(KeySet, String); 3]> = LazyLock::new(|| {
    [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Hs256].map(|algorithm| {
        let mut keys = [("a".to_owned(), vec![7; 32]), ("b".to_owned(), vec![9; 32])];
        if algorithm == Algorithm::Es256 {
            for (_, key) in &mut keys {
                *key = STANDARD.decode(generate_p256().expose()).unwrap();
            }
        }
        let keys = KeySet::from_settings(algorithm, &keys, "a").unwrap();
        let token = jwt::sign(&keys, ISSUER, &claims()).expose().to_owned();
        (keys, token)
    })
});

fn claims() -> Claims {
    Claims {
        token: Some("0190b5a0-0000-7000-8000-000000000001".parse().unwrap()),
        user: "0190b5a0-0000-7000-8000-000000000002".parse().unwrap(),
        session: "0190b5a0-0000-7000-8000-000000000003".parse().unwrap(),
        audience: Audience::Admin,
        organization: "0190b5a0-0000-7000-8000-000000000004".parse().unwrap(),
        organization_role: OrganizationRole::Owner,
        roles: vec![PlatformRole::Admin],
        email: Email::parse("ada@example.com"),
        email_verified: true,
        authenticated_at: NOW,
        methods: Method::Password.into(),
        issued_at: NOW,
        expires_at: NOW + Duration::from_secs(600),
    }
}

fuzz_target!(|data: &[u8]| {
    for (keys, token) in &*SETS {
        let recall = Recall::default();
        let verify = |text: &str| {
            let verdict = jwt::verify(keys, ISSUER, Audience::App, text, NOW);
            for _ in 0..2 {
                assert_eq!(recall.verify(keys, ISSUER, Audience::App, text, NOW), verdict);
            }
            verdict
        };
        assert!(verify(token).is_ok());

        if let Ok(text) = std::str::from_utf8(data) {
            assert!(verify(text).is_err() || text == token);
        }
        if let Some(changed) = changed(token, data) {
            assert!(verify(&changed).is_err() || changed == *token, "{changed}");
        }
        // A payload of the fuzzer's, rightly signed: if it is taken, what it says can be said again.
        let header = token.split('.').next().unwrap();
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(data));
        let signature = authara::crypto::fuzzing::signature(keys, signed.as_bytes());
        let whole = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
        if let Ok(claims) = verify(&whole) {
            assert!(claims.expires_at + Duration::from_secs(30) > NOW);
            assert!(claims.issued_at <= NOW + Duration::from_secs(30));
            let again = jwt::sign(keys, ISSUER, &claims);
            assert_eq!(verify(again.expose()), Ok(claims));
        }
    }
});

/// The token with letters replaced, removed or put in: three bytes say where, how, and which.
fn changed(token: &str, data: &[u8]) -> Option<String> {
    let mut letters = token.as_bytes().to_vec();
    for change in data.chunks_exact(3).take(8) {
        let at = (usize::from(change[0]) * 3 + usize::from(change[1] >> 6)) % letters.len().max(1);
        match change[1] % 4 {
            0 => letters[at] = change[2],
            1 => letters.insert(at, change[2]),
            2 => drop(letters.remove(at)),
            _ => letters.swap(at, 0),
        }
        if letters.is_empty() {
            return None;
        }
    }
    String::from_utf8(letters).ok()
}
