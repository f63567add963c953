//! What may be chosen.

use super::{Outcome, WAYS, Way, address, opens};
use crate::kit::app::TestApp;
use crate::kit::database::{Database, both};

/// Sets `password` on every way and asserts that each refuses it in words that have `why` in them.
async fn refused_everywhere(app: &TestApp, number: usize, password: &str, why: &str) {
    for way in WAYS {
        let email = address(way, number);
        match way.set(app, &email, password).await {
            Outcome::Refused(words) => assert!(words.contains(why), "{way:?} {password:?}: {words}"),
            Outcome::Taken => panic!("{way:?} took {password:?}"),
        }
        assert!(!opens(app, &email, password).await, "{way:?} {password:?}");
    }
}

/// Sets `password` on every way and asserts that it then opens the account.
async fn taken_everywhere(app: &TestApp, number: usize, password: &str) {
    for way in WAYS {
        let email = address(way, number);
        assert_eq!(
            way.set(app, &email, password).await,
            Outcome::Taken,
            "{way:?} {password:?}"
        );
        assert!(opens(app, &email, password).await, "{way:?} {password:?}");
    }
}

both!(r003_length_is_counted_in_code_points, async |db: &Database| {
    let app = TestApp::start(db).await;

    for (number, letter) in ["é", "\u{1f511}", "e\u{301}", "한"].into_iter().enumerate() {
        refused_everywhere(&app, number, &letter.repeat(7), "at least 8").await;
        taken_everywhere(&app, number + 100, &letter.repeat(8)).await;
    }
});

both!(r004_long_passwords_count_to_their_last_letter, async |db: &Database| {
    let app = TestApp::start(db).await;
    let head = "é".repeat(36);
    let (one, other) = (format!("{head}{}", "ä".repeat(64)), format!("{head}{}", "ö".repeat(64)));
    assert!(one.len() == 200 && one[..72] == other[..72]);

    taken_everywhere(&app, 1, &"x".repeat(64)).await;
    taken_everywhere(&app, 2, &"\u{1f511}".repeat(128)).await;
    refused_everywhere(&app, 3, &"y".repeat(129), "at most 128").await;
    refused_everywhere(&app, 4, &"z".repeat(20_000), "at most 128").await;
    taken_everywhere(&app, 5, &one).await;
    for way in WAYS {
        assert!(!opens(&app, &address(way, 5), &other).await, "{way:?}");
        assert!(!opens(&app, &address(way, 5), &head).await, "{way:?}");
    }
});

both!(
    r007_nothing_has_to_be_in_a_password_and_only_nul_must_not,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let odd = [
            "ccccccccdddd",
            "        ",
            "\"';--<>&%00",
            "\u{1f511}\u{1f40e}\u{1f50b} \u{1f9f2}\u{1f40e}\u{1f50b}\u{1f511}",
        ];

        for (number, password) in odd.into_iter().enumerate() {
            taken_everywhere(&app, number, password).await;
        }

        refused_everywhere(&app, 100, "abcdefgh\0ijkl", "cannot be used").await;
        for way in WAYS {
            assert!(!opens(&app, &address(way, 100), "abcdefgh").await, "{way:?}");
        }
    }
);

both!(r008_common_passwords_are_refused, async |db: &Database| {
    let app = TestApp::start(db).await;
    let common = [
        "password",
        "12345678",
        "123456789",
        "1234567890",
        "qwertyuiop",
        "iloveyou",
        "password1",
        "Password123",
        "princess",
        "sunshine",
        "football",
        "baseball",
        "superman",
        "trustno1",
        "1q2w3e4r",
        "qwerty123",
        "abcd1234",
        "WELCOME1",
        "passw0rd",
        "monkey123",
    ];

    for (number, password) in common.into_iter().enumerate() {
        refused_everywhere(&app, number, password, "most common").await;
    }
});

both!(r009_the_names_around_an_account_are_refused, async |db: &Database| {
    let app = TestApp::start(db).await;

    for (number, password) in ["authara2026!", "AUTHARA1", "mail.example.com", "example-2026"]
        .into_iter()
        .enumerate()
    {
        refused_everywhere(&app, number, password, "name of a site").await;
    }
    for way in WAYS {
        for (number, decoration) in ["", "!2026"].into_iter().enumerate() {
            let email = address(way, 100 + number);
            let local = email.split('@').next().unwrap();
            let told = way.set(&app, &email, &format!("{local}{decoration}")).await;
            assert!(
                matches!(&told, Outcome::Refused(words) if words.contains("e-mail address")),
                "{told:?}"
            );
        }
    }
});

both!(r009_the_host_and_the_username_are_refused, async |db: &Database| {
    let app = TestApp::with(db, |config| {
        config.public_url.host = "login.stadtrad.example".to_owned();
    })
    .await;
    let client = app.user("ada.l@example.com").await;
    let username = client.get("/auth/api/v1/user").await.json()["username"]
        .as_str()
        .unwrap()
        .to_owned();

    for password in [
        "Stadtrad1",
        "login.stadtrad.example",
        &username,
        &format!("{username}!"),
    ] {
        let body = serde_json::json!({ "password": password });
        let answer = client.put_json("/auth/api/v1/users/password", &body).await;
        assert_eq!(answer.refusal(), (400, "invalid_request".into()), "{password}");
    }
    let sign_up = Way::JsonSignUp.set(&app, "bob@example.com", "2026stadtrad").await;
    assert!(matches!(sign_up, Outcome::Refused(_)));
});
