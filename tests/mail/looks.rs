//! What letters look like: every kind in every language.

use std::collections::BTreeMap;
use std::path::PathBuf;

use authara::config::Config;
use authara::crypto::keys::generate_seed;
use authara::domain::letter::{Kind, Letter};
use authara::domain::{Email, LetterId};
use authara::letters::{Written, write};
use uuid::Uuid;

use super::NOW;
use crate::pages::html::tags;

/// Bytes of a letter that Gmail shows whole.
const CLIPPED: usize = 100_000;

fn written(kind: Kind, language: &str) -> Written {
    let config = Config::dev(8080, &PathBuf::from("."), &generate_seed()).unwrap();
    let letter = Letter {
        id: LetterId::new(Uuid::nil()),
        kind,
        user: None,
        to: Email::parse("ada@example.com").unwrap(),
        language: language.to_owned(),
        sealed: Vec::new(),
        created_at: NOW,
        deadline: NOW,
    };
    let values = [
        ("at", NOW.micros().to_string()),
        ("address", "203.0.113.7".to_owned()),
        ("program", "<b>&\"' Firefox/145.0 (X11; Linux)".to_owned()),
        ("roles", "admin".to_owned()),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value));
    write(&config, &letter, &BTreeMap::from(values)).unwrap()
}

fn languages() -> Vec<String> {
    let config = Config::dev(8080, &PathBuf::from("."), &generate_seed()).unwrap();
    config.languages.all().map(|say| say.tag().to_owned()).collect()
}

#[test]
fn every_letter_is_built_as_mail_programs_want_it() {
    for language in languages() {
        for kind in Kind::ALL {
            let letter = written(*kind, &language);
            let name = format!("{} in {language}", kind.name());
            let html = &letter.html;

            assert!(html.len() < CLIPPED, "{name}");
            assert!(html.starts_with("<!doctype html>\n<html lang=\""), "{name}");
            assert!(
                html.contains("width=\"560\"") && html.contains("max-width:560px"),
                "{name}"
            );
            assert!(
                html.contains("<meta name=\"color-scheme\" content=\"light dark\">"),
                "{name}"
            );
            for forbidden in [
                "<script",
                "<img",
                "<svg",
                "position:",
                "flex",
                "grid",
                "url(",
                "http-equiv",
                "\u{fdd0}",
            ] {
                assert!(!html.contains(forbidden), "{name}: {forbidden}");
            }
            for tag in tags(html) {
                let styled = ["p", "td", "h1", "a", "body", "table"].contains(&tag.name.as_str());
                assert!(
                    !styled || tag.attribute("style").is_some() || tag.name == "table",
                    "{name}: {}",
                    tag.name
                );
                if tag.name == "a" {
                    let target = tag.attribute("href").unwrap();
                    assert!(target.starts_with("http://localhost:8080/auth/"), "{name}: {target}");
                    assert!(letter.text.contains(target), "{name}: the text lacks {target}");
                }
                if tag.name == "table" {
                    assert_eq!(tag.attribute("role"), Some("presentation"), "{name}");
                }
            }
            assert!(
                !letter.subject.is_empty() && !letter.subject.contains(['\n', '\u{fdd0}']),
                "{name}"
            );
            assert!(letter.text.lines().all(|line| line.len() <= 998), "{name}");
            assert!(
                !letter.text.contains("\u{fdd0}") && !letter.text.contains("</"),
                "{name}"
            );
            assert!(!letter.text.contains("\n\n\n"), "{name}: {}", letter.text);
            assert!(!html.contains("<b>&"), "{name}: a program's name is escaped");
        }
    }
}

#[test]
fn every_language_has_words_of_its_own() {
    let languages = languages();
    assert!(languages.len() >= 6);
    for kind in Kind::ALL {
        let texts: std::collections::BTreeSet<_> =
            languages.iter().map(|language| written(*kind, language).text).collect();
        assert_eq!(texts.len(), languages.len(), "{}", kind.name());
    }
}

/// For eyes: `AUTHARA_LETTERS=FOLDER cargo test --test all letters_can_be_looked_at`.
#[test]
fn letters_can_be_looked_at() {
    #[expect(clippy::disallowed_methods, reason = "said by who runs it")]
    let Ok(folder) = std::env::var("AUTHARA_LETTERS") else {
        return;
    };
    for language in languages() {
        for kind in Kind::ALL {
            let letter = written(*kind, &language);
            let path = PathBuf::from(&folder).join(format!("{}-{language}", kind.name()));
            std::fs::write(path.with_extension("html"), letter.html).unwrap();
            std::fs::write(
                path.with_extension("txt"),
                format!("{}\n\n{}", letter.subject, letter.text),
            )
            .unwrap();
        }
    }
}
