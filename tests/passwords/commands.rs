//! What the commands that set a password do by themselves: read it, hash it with the real cost, and
//! say what is wrong with it (R-001, and for what differs from the other ways).

use std::io::Write as _;
use std::process::{Command, Stdio};

use super::{Outcome, opens, stored_hash};
use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};

both!(
    r001_a_hash_has_a_salt_of_its_own_and_costs_enough,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let mut salts = Vec::new();

        for number in 0..3 {
            let email = format!("{number}@example.com");
            assert_eq!(command(&app, db, "add", &email, PASSWORD), Outcome::Taken);
            let hash = stored_hash(&app, &email).await;
            let parts: Vec<&str> = hash.split('$').collect();
            assert_eq!(parts[..3], ["", "scrypt", "ln=15,r=8,p=3"], "{hash}");
            // 16 bytes in base64 without padding, and 32.
            assert_eq!((parts[3].len(), parts[4].len()), (22, 43), "{hash}");
            salts.push((parts[3].to_owned(), parts[4].to_owned()));
        }

        assert!(salts[0] != salts[1] && salts[1] != salts[2] && salts[0] != salts[2]);
        assert!(salts[0].1 != salts[1].1 && salts[1].1 != salts[2].1 && salts[0].1 != salts[2].1);
    }
);

both!(r005_a_command_takes_the_line_as_it_stands, async |db: &Database| {
    let app = TestApp::start(db).await;
    let (first, second) = ("  P ssword' é ", "\tanother one\t");

    assert_eq!(command(&app, db, "add", "ada@example.com", first), Outcome::Taken);
    assert!(opens(&app, "ada@example.com", first).await);
    assert!(!opens(&app, "ada@example.com", first.trim()).await);
    assert_eq!(command(&app, db, "password", "ada@example.com", second), Outcome::Taken);
    assert!(opens(&app, "ada@example.com", second).await);
    assert!(!opens(&app, "ada@example.com", second.trim()).await);
});

both!(
    r008_a_command_says_what_is_wrong_with_a_password,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        app.user("ada@example.com").await;

        for (password, why) in [
            ("1234567", "at least 8"),
            (&"y".repeat(20_000), "at most 128"),
            ("abcdefgh\0ijkl", "cannot be used"),
            ("Password1", "most common"),
            ("their address", "e-mail address"),
            ("authara2026!", "name of a site"),
        ] {
            for (what, email) in [("add", "bob@example.com"), ("password", "ada@example.com")] {
                let password = if password == "their address" { email } else { password };
                let told = command(&app, db, what, email, password);
                assert!(
                    matches!(&told, Outcome::Refused(words) if words.contains(why)),
                    "{what} {why}: {told:?}"
                );
            }
        }
        assert!(opens(&app, "ada@example.com", PASSWORD).await);
    }
);

/// Runs `authara user add` or `authara user password` on the same database.
fn command(app: &TestApp, db: &Database, what: &str, email: &str, password: &str) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_authara"))
        .args(["user", what, email, "--password-stdin"])
        .env_clear()
        .env("DATABASE_URL", db.url())
        .env("PUBLIC_URL", &app.app.config.public_url.origin)
        .env("AUTHARA_SECRET_KEY", app.app.config.secret_key.expose())
        .env("AUTHARA_ORG_MODE", app.app.config.organization_mode.name())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{password}\n").as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    match output.status.code() {
        Some(0) => Outcome::Taken,
        Some(1) => Outcome::Refused(words.trim().trim_start_matches("authara: ").to_owned()),
        other => panic!("{other:?}: {words}"),
    }
}
