//! Settings and secrets in files.

use super::*;

/// A file that is removed when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &str, mode: u32) -> Self {
        let path = std::env::temp_dir().join(format!("authara-config-{}-{name}", std::process::id()));
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn r130_a_secret_can_come_from_a_file_of_its_owner() {
    let from = |path: &str| read(&[("AUTHARA_SECRET_KEY", ""), ("AUTHARA_SECRET_KEY_FILE", path)]);
    let good = Scratch::new("good", &format!("{SECRET}\r\n"), 0o600);
    let open = Scratch::new("open", SECRET, 0o640);
    let empty = Scratch::new("empty", "\n", 0o600);
    let two_lines = Scratch::new("two", &format!("{SECRET}\n\n"), 0o400);

    assert_eq!(from(good.path()).expect("accepted").value.secret_key.expose(), SECRET);
    for (path, words) in [
        (open.path(), "chmod 600"),
        (empty.path(), "which is empty"),
        (two_lines.path(), "must be base64 of 32 bytes"),
        ("/nowhere/secret", "cannot be read"),
        ("/tmp", "which is not a file"),
    ] {
        let text = from(path).expect_err(path).to_string();
        assert!(text.contains(words), "{path}: {text}");
        assert!(!text.contains("is not set"), "{path}: {text}");
    }
    let both = problems(&[("AUTHARA_SECRET_KEY_FILE", good.path())]);
    assert_eq!(
        both,
        "AUTHARA_SECRET_KEY_FILE: is set, and so is AUTHARA_SECRET_KEY; keep one of the two"
    );
    assert!(problems(&[("AUTHARA_LISTEN_FILE", "/x")]).contains("is not a setting"));
}

#[test]
fn an_env_file_is_read_and_a_missing_one_named() {
    let file = Scratch::new(
        "env",
        "PUBLIC_URL='https://file.example'\nAUTHARA_NO=1\nOTHER=2\n",
        0o644,
    );

    let given = Given::from_environment(Some(&file.0)).expect("read");
    let text = Config::read(&given).expect_err("incomplete").to_string();
    let missing = Given::from_environment(Some(Path::new("/nowhere.env")));

    assert!(text.contains("AUTHARA_NO: is not a setting"), "{text}");
    assert!(!text.contains("PUBLIC_URL") && !text.contains("OTHER"), "{text}");
    assert!(
        missing
            .err()
            .expect("missing")
            .to_string()
            .starts_with("/nowhere.env: cannot be read")
    );
}

/// Every setting as an operator might have it, with something behind: what is left when a line break is lost.
fn with_something_behind(something: &str) -> impl Iterator<Item = (String, String)> {
    VARS.iter().flat_map(move |var| {
        let known = match var.default {
            authara::config::var::Default::Is(text) => text,
            _ => match var.name {
                "DATABASE_URL" => "sqlite:///var/lib/authara.db",
                "PUBLIC_URL" | "AUTHARA_TERMS_URL" | "AUTHARA_ISSUER_URL" => "https://example.com",
                "AUTHARA_JWT_KEYS" => "k1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                _ => "x",
            },
        };
        let of_file = var
            .is_secret
            .then(|| (format!("{}_FILE", var.name), format!("/nowhere/x{something}")));
        [(var.name.to_owned(), format!("{known}{something}"))]
            .into_iter()
            .chain(of_file)
    })
}

#[test]
fn a_lost_line_break_is_found_in_every_setting() {
    for lost in [
        "AUTHARA_SECRET_KEY",
        "POSTGRESQL_PASSWORD",
        "AUTHARA_JWT_KEYS_FILE",
        "AUTHARA_UNHEARD_OF",
    ] {
        for (name, value) in with_something_behind(&format!("{lost}=hunter2/Planted")) {
            let text = problems(&[(&name, &value)]);

            assert!(
                text.contains(&format!("{name}: holds the name of another setting")),
                "{name}: {text}"
            );
            assert!(!text.contains("hunter2"), "{name}: {text}");
        }
    }
}

#[test]
fn no_message_shows_what_a_setting_is() {
    for something in [
        "hunter2Planted",
        " hunter2Planted",
        ",hunter2Planted",
        ":hunter2Planted",
        "\nhunter2Planted",
    ] {
        for (name, value) in with_something_behind(something) {
            let text = match read(&[(&name, &value)]) {
                Ok(checked) => Problems(checked.warnings).to_string(),
                Err(problems) => problems.to_string(),
            };

            assert!(!text.contains("hunter2"), "{name}={value:?}: {text}");
        }
    }
}

#[test]
fn disposable_domains_come_from_a_file_and_a_wrong_line_is_named() {
    const NAME: &str = "AUTHARA_DISPOSABLE_DOMAINS_FILE";
    let good = Scratch::new("domains", "# throw-away\nmailer.example\n\nother.example\n", 0o644);
    let wrong = Scratch::new("no-domains", "mailer.example\nsecret word\n", 0o644);

    assert_eq!(config(&[(NAME, good.path())]).accounts.disposable.count(), 2);
    assert_eq!(config(&[]).accounts.disposable.count(), 0);
    let text = problems(&[(NAME, wrong.path())]);
    assert!(
        text.contains("whose line 2 is no domain") && !text.contains("secret"),
        "{text}"
    );
    assert!(problems(&[(NAME, "/nowhere")]).contains("cannot be read"));
}
