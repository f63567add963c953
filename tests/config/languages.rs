//! Languages and messages of a site of its own.

use super::*;

/// A folder of message files, removed when the test ends.
struct Messages(PathBuf);

impl Messages {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("messages-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn setting(&self) -> (&str, &str) {
        ("AUTHARA_MESSAGES_DIR", self.0.to_str().unwrap())
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_site_brings_its_own_words_and_languages() {
    let messages = Messages::new(
        "own",
        &[
            ("en.json", r#"{ "sign_in.title": "Welcome back" }"#),
            (
                "it.json",
                r#"{ "sign_in.title": "Accedi", "ago.minutes": { "one": "un minuto fa", "other": "{count} minuti fa" } }"#,
            ),
            ("README.txt", "not a message file"),
        ],
    );

    let warned = warnings(&[messages.setting()]);
    let plain = config(&[]).languages;
    let own = config(&[messages.setting(), ("AUTHARA_LANGUAGES", "it, en")]).languages;
    let tags: Vec<_> = own.all().map(|phrases| phrases.tag()).collect();

    assert!(
        warned.starts_with("AUTHARA_MESSAGES_DIR: it.json does not have ") && !warned.contains("en.json"),
        "{warned}"
    );
    assert_eq!(plain.all().count(), 6);
    assert_eq!(plain.choose(None, None).tag(), "en");
    assert_eq!(tags, ["it", "en"]);
    assert_eq!(own.choose(None, Some("en")).sign_in_title(), "Welcome back");
    assert_eq!(own.choose(None, Some("fr")).sign_in_title(), "Accedi");
    assert_eq!(own.choose(None, None).ago_minutes(1), "un minuto fa");
    assert_eq!(
        words::plain(own.choose(None, None).sign_up_title()),
        "Sign up",
        "not translated yet"
    );
}

#[test]
fn messages_that_cannot_be_used_are_problems() {
    for (name, file, text, words) in [
        (
            "key",
            "de.json",
            r#"{ "sign_in.titel": "x" }"#,
            "de.json: sign_in.titel: there is no such message",
        ),
        (
            "place",
            "de.json",
            r#"{ "sign_in.lead": "{ort}" }"#,
            "{ort} stands for nothing there",
        ),
        ("broken", "de.json", "{", "de.json is not JSON"),
        ("list", "de.json", "[]", "must be one JSON object"),
        (
            "number",
            "de.json",
            r#"{ "sign_in.title": 1 }"#,
            "sign_in.title is neither a text nor a pair of forms",
        ),
        ("name", "de_DE!.json", "{}", "the name must be a language tag"),
        (
            "old",
            "en-old.json",
            "{}",
            "en-old.json: the name must be a language tag",
        ),
        (
            "private",
            "x-house.json",
            "{}",
            "x-house.json: the name must be a language tag",
        ),
        (
            "twice",
            "de.json.json",
            "{}",
            "de.json.json: the name must be a language tag",
        ),
        (
            "empty",
            "de.json",
            r#"{ "sign_in.title": " " }"#,
            "sign_in.title: is empty",
        ),
    ] {
        let messages = Messages::new(name, &[(file, text)]);
        let text = problems(&[messages.setting()]);

        assert!(
            text.starts_with("AUTHARA_MESSAGES_DIR: ") && text.contains(words),
            "{text}"
        );
    }
    let missing = problems(&[("AUTHARA_MESSAGES_DIR", "/nowhere"), ("AUTHARA_ORG_MODE", "none")]);
    let unknown = problems(&[("AUTHARA_LANGUAGES", "en, tlh")]);

    assert!(
        missing.contains("names a folder that cannot be read") && missing.contains("AUTHARA_ORG_MODE"),
        "{missing}"
    );
    assert_eq!(unknown, "AUTHARA_LANGUAGES: there are no messages in tlh");
}

#[test]
fn r130_everything_wrong_with_languages_is_reported_together() {
    let messages = Messages::new(
        "all",
        &[
            (
                "de.json",
                r#"{ "sign_in.titel": "x", "sign_in.title": 1, "ago.days": { "one": 1, "other": [] } }"#,
            ),
            ("en-old.json", "{}"),
            ("fr.json", "{"),
            ("it.json", "[]"),
        ],
    );

    let listed = problems(&[messages.setting(), ("AUTHARA_LANGUAGES", "it, tlh.json: x, de, DE")]);
    let nowhere = problems(&[("AUTHARA_MESSAGES_DIR", "/nowhere"), ("AUTHARA_LANGUAGES", "tlh")]);

    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "AUTHARA_LANGUAGES: there are no messages in language 2, which must be a tag, as in pt-BR",
            "AUTHARA_LANGUAGES: names de twice",
            "AUTHARA_MESSAGES_DIR: de.json: ago.days: one is not a text",
            "AUTHARA_MESSAGES_DIR: de.json: ago.days: other is not a text",
            "AUTHARA_MESSAGES_DIR: de.json: sign_in.title is neither a text nor a pair of forms",
            "AUTHARA_MESSAGES_DIR: en-old.json: the name must be a language tag, as in pt-BR.json",
            "AUTHARA_MESSAGES_DIR: fr.json is not JSON: EOF while parsing an object at line 1 column 1",
            "AUTHARA_MESSAGES_DIR: it.json must be one JSON object of keys and texts",
            "AUTHARA_MESSAGES_DIR: de.json: sign_in.titel: there is no such message",
        ]
    );
    assert!(
        nowhere.contains("names a folder that cannot be read") && nowhere.contains("there are no messages in tlh"),
        "{nowhere}"
    );
}
