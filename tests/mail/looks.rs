//! What letters look like: every kind in every language.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use authara::config::Config;
use authara::crypto::keys::generate_seed;
use authara::domain::letter::{Kind, Letter};
use authara::domain::{Email, LetterId};
use authara::letters::{Written, write};
use uuid::Uuid;

use super::NOW;
use crate::pages::html::{Tag, tags};

/// Bytes of a letter that Gmail shows whole.
const CLIPPED: usize = 100_000;
/// Beyond so many characters a subject is folded, and cut off in lists (RFC 5322, section 2.1.1).
const LONGEST_SUBJECT: usize = 78;
/// What mail programs show beside a list of letters.
const WIDEST: u32 = 600;
const ORIGIN: &str = "https://login.example.com";
const CODE: &str = "048190";

fn written(kind: Kind, language: &str) -> Written {
    let mut config = Config::dev(8080, &PathBuf::from("."), &generate_seed()).unwrap();
    ORIGIN.clone_into(&mut config.public_url.origin);
    let letter = Letter {
        id: LetterId::new(Uuid::nil()),
        kind,
        user: None,
        to: Email::parse("ada@example.com").unwrap(),
        language: language.to_owned(),
        sealed: Vec::new(),
        created_at: NOW,
        deadline: NOW + Duration::from_mins(10),
    };
    let values = [
        ("at", NOW.micros().to_string()),
        ("address", "203.0.113.7".to_owned()),
        ("program", "<b>&\"' Firefox/145.0 (X11; Linux)".to_owned()),
        ("roles", "admin".to_owned()),
        ("code", CODE.to_owned()),
    ];
    let values = values.map(|(name, value)| (name.to_owned(), value));
    write(&config, &letter, &BTreeMap::from(values)).unwrap()
}

fn languages() -> Vec<String> {
    let config = Config::dev(8080, &PathBuf::from("."), &generate_seed()).unwrap();
    config.languages.all().map(|say| say.tag().to_owned()).collect()
}

/// Every kind in every language, with a name for messages.
fn all() -> impl Iterator<Item = (String, String, Written)> {
    languages().into_iter().flat_map(|language| {
        Kind::ALL.iter().map(move |kind| {
            let name = format!("{} in {language}", kind.name());
            (name, language.clone(), written(*kind, &language))
        })
    })
}

/// The style sheet of a letter, and the letter without it.
fn parted(html: &str) -> (&str, String) {
    let (before, rest) = html.split_once("<style>").unwrap();
    let (sheet, after) = rest.split_once("</style>").unwrap();
    (sheet, format!("{before}{after}"))
}

#[test]
fn every_letter_is_built_as_mail_programs_want_it() {
    for (name, language, letter) in all() {
        let (_, html) = parted(&letter.html);

        assert!(letter.html.len() < CLIPPED, "{name}");
        for forbidden in [
            "<script",
            "<style",
            "<link",
            "<img",
            "<svg",
            "src=",
            "background=",
            "position:",
            "flex",
            "grid",
            "url(",
            "@import",
            "http-equiv",
            "\u{fdd0}",
        ] {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
        assert!(
            html.contains("<meta name=\"color-scheme\" content=\"light dark\">"),
            "{name}"
        );
        let tags = tags(&html);
        let root = tags.iter().find(|tag| tag.name == "html").unwrap();
        assert_eq!(root.attribute("lang"), Some(language.as_str()), "{name}");
        assert_eq!(letter.language, language, "{name}");
        let title = tags.iter().find(|tag| tag.name == "title").unwrap();
        assert_eq!(title.text, letter.subject, "{name}");
        for tag in &tags {
            let is_styled = ["p", "td", "h1", "a", "body", "div"].contains(&tag.name.as_str());
            assert!(!is_styled || tag.attribute("style").is_some(), "{name}: {}", tag.name);
            assert!(
                tag.name != "table" || tag.attribute("role") == Some("presentation"),
                "{name}"
            );
            for width in widths(tag) {
                assert!(width <= WIDEST, "{name}: {} is {width} px wide", tag.name);
            }
        }
        assert!(!html.contains("<b>&"), "{name}: a program's name is escaped");
    }
}

/// Widths in pixels that a tag asks for.
fn widths(tag: &Tag) -> Vec<u32> {
    let attribute = tag.attribute("width").and_then(|width| width.parse().ok());
    let style = tag.attribute("style").unwrap_or_default().split(';');
    let declared = style.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_width = name.trim().ends_with("width") && !name.contains("border");
        is_width.then(|| value.trim().strip_suffix("px")?.parse().ok())?
    });
    attribute.into_iter().chain(declared).collect()
}

/// Gmail and others drop the style sheet whole: nothing but the colours of the dark may stand in it.
#[test]
fn a_style_sheet_only_makes_a_letter_dark() {
    for (name, _, letter) in all() {
        let (sheet, _) = parted(&letter.html);
        let (scheme, dark) = sheet.split_once("@media (prefers-color-scheme: dark)").unwrap();
        assert_eq!(scheme.trim(), ":root { color-scheme: light dark; }", "{name}");
        for rule in dark.split('}').filter_map(|rule| rule.split_once(" { ")) {
            for declaration in rule.1.split(';').filter(|text| !text.trim().is_empty()) {
                let (property, value) = declaration.split_once(':').unwrap();
                assert!(property.trim().ends_with("color"), "{name}: {property}");
                assert!(value.contains('#') && value.contains("!important"), "{name}: {value}");
            }
        }
    }
}

#[test]
fn the_text_of_a_letter_says_what_its_page_says() {
    for (name, _, letter) in all() {
        let tags = tags(&parted(&letter.html).1);
        for tag in tags.iter().filter(|tag| tag.name == "a") {
            let target = tag.attribute("href").unwrap();
            assert!(target.starts_with(&format!("{ORIGIN}/auth/")), "{name}: {target}");
            assert!(letter.text.contains(target), "{name}: the text lacks {target}");
        }
        assert_eq!(letter.html.contains(CODE), letter.text.contains(CODE), "{name}");
        let is_read = |tag: &&Tag| ["h1", "p", "td"].contains(&tag.name.as_str()) && !tag.text.trim().is_empty();
        for tag in tags.iter().filter(is_read).skip(1) {
            assert!(
                letter.text.contains(tag.text.trim()),
                "{name}: the text lacks {}",
                tag.text
            );
        }
        assert!(letter.text.lines().all(|line| line.len() <= 998), "{name}");
        assert!(!letter.text.contains("</"), "{name}");
        assert!(!letter.text.contains("\n\n\n"), "{name}: {}", letter.text);
    }
}

#[test]
fn no_letter_has_words_that_are_none() {
    for (name, _, letter) in all() {
        let subject = &letter.subject;
        assert!(!subject.is_empty() && !subject.contains('\n'), "{name}");
        assert!(subject.chars().count() < LONGEST_SUBJECT, "{name}: {subject}");
        assert!(!subject.contains(CODE), "{name}: a code stands on no locked screen");
        for text in [subject, &letter.text, &parted(&letter.html).1] {
            assert!(
                !text.contains(['{', '}', '\u{fdd0}']),
                "{name}: a placeholder was left: {text}"
            );
            assert!(!text.contains("letter."), "{name}: a key was left: {text}");
        }
        let tags = tags(&letter.html);
        let preview = tags.iter().find(|tag| {
            tag.attribute("style")
                .is_some_and(|style| style.starts_with("display:none"))
        });
        let preview = &preview.unwrap().text;
        assert!(!preview.is_empty() && !preview.contains(CODE), "{name}: {preview}");
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
