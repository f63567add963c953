//! The source of the templates: values are escaped, and stand where escaping protects them.

use std::path::{Path, PathBuf};

use super::html;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn templates(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            templates(&path, found);
        } else {
            found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    templates(&root().join("assets/templates"), &mut found);
    assert!(found.len() > 10);
    found
}

/// The templates that are pages, by their names: what frames and what is part of one aside.
pub(super) fn pages() -> Vec<String> {
    let folder = root().join("assets/templates");
    let name = |(path, _): (String, String)| {
        let name = Path::new(&path).strip_prefix(&folder).unwrap().with_extension("");
        name.to_str().unwrap().to_owned()
    };
    let is_page = |name: &String| !name.starts_with("layout/") && !name.starts_with("parts/");
    all().into_iter().map(name).filter(is_page).collect()
}

/// A template with a letter that no name can have for every value, and without its code.
fn without_code(text: &str) -> String {
    let mut parts = text.split("<%");
    let mut plain = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let (code, rest) = part.split_once("%>").expect("code ends");
        plain += if code.starts_with('=') { "\u{1}" } else { "" };
        plain += rest;
    }
    plain
}

#[test]
fn escaping_is_on() {
    let settings = std::fs::read_to_string(root().join("sailfish.toml")).unwrap();

    assert!(settings.lines().any(|line| line.trim() == "escape = true"));
}

#[test]
fn nothing_is_written_without_escaping() {
    for (name, text) in all() {
        assert!(!text.contains("<%-"), "{name}");
        assert!(!text.contains("| json"), "{name}: made for scripts, not for pages");
    }
}

#[test]
fn values_stand_in_text_or_in_quotes() {
    // Mail programs know no other styles than those in attributes.
    let pages = all().into_iter().filter(|(name, _)| !name.contains("/email/"));
    for (name, text) in pages {
        // Panics for an attribute without quotes, and for a value in place of a name.
        for tag in html::tags(&without_code(&text)) {
            assert!(!tag.name.contains('\u{1}'), "{name}");
            assert!(tag.name != "script" || !tag.text.contains('\u{1}'), "{name}");
            assert_ne!(tag.name, "style", "{name}");
            for (attribute, _) in &tag.attributes {
                assert!(
                    attribute != "style" && !attribute.starts_with("on"),
                    "{name}: {attribute}"
                );
            }
        }
    }
}
