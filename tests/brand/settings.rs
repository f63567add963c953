//! What the settings may say, and the words for what they may not.

use authara::config::{Problems, Support, Target};
use authara::look::Format;

use super::{ICO, PNG, SVG, brand, file, read};
use crate::kit::database::Folder;

fn problems(settings: &[(&str, &str)]) -> String {
    match read(settings) {
        Ok(_) => panic!("{settings:?}: accepted"),
        Err(problems) => problems.to_string(),
    }
}

fn warnings(settings: &[(&str, &str)]) -> String {
    Problems(read(settings).expect("accepted").warnings).to_string()
}

#[test]
fn without_settings_a_site_is_called_by_its_host_and_looks_plain() {
    let brand = brand(&[]);

    assert_eq!(brand.product_name, "login.example.com");
    assert!(brand.logo.is_none() && brand.favicon.is_none() && brand.accent.is_none() && brand.css.is_none());
    assert!(brand.terms.is_none() && brand.privacy.is_none() && brand.imprint.is_none() && brand.support.is_none());
    assert_eq!(warnings(&[]), "");
}

#[test]
fn everything_can_be_set() {
    let folder = Folder::new();

    let brand = brand(&[
        ("AUTHARA_PRODUCT_NAME", " Stadtrad – Zürich "),
        ("AUTHARA_LOGO_FILE", &file(&folder, "logo.png", SVG)),
        ("AUTHARA_FAVICON_FILE", &file(&folder, "icon.svg", ICO)),
        ("AUTHARA_ACCENT_COLOR", "#15C"),
        ("AUTHARA_TERMS_URL", "https://example.com/terms"),
        ("AUTHARA_PRIVACY_URL", "/privacy"),
        ("AUTHARA_IMPRINT_URL", "/imprint"),
        ("AUTHARA_SUPPORT", "help@example.com"),
        (
            "AUTHARA_CUSTOM_CSS_FILE",
            &file(&folder, "own.css", "\u{feff}.card{border:0}".as_bytes()),
        ),
    ]);

    assert_eq!(brand.product_name, "Stadtrad – Zürich");
    // Whatever the names of the files say.
    assert_eq!(brand.logo.unwrap().format, Format::Svg);
    assert_eq!(brand.favicon.unwrap().format, Format::Ico);
    assert_eq!(brand.accent.unwrap().given.to_string(), "#1155cc");
    assert_eq!(
        brand.terms.as_ref().map(Target::as_str),
        Some("https://example.com/terms")
    );
    assert_eq!(brand.privacy.as_ref().map(Target::as_str), Some("/privacy"));
    assert_eq!(
        brand.support.as_ref().map(Support::href).as_deref(),
        Some("mailto:help@example.com")
    );
    assert_eq!(brand.css.as_deref(), Some(".card{border:0}"));
}

#[test]
fn every_wrong_value_is_told_in_words() {
    let folder = Folder::new();
    let folder_path = folder.0.to_str().unwrap();
    let missing = format!("{folder_path}/missing");
    let large = |kib: usize| [PNG, &vec![0; kib * 1024]].concat();
    let name_of_61 = "x".repeat(61);

    for (name, value, words) in [
        (
            "AUTHARA_PRODUCT_NAME",
            name_of_61.as_str(),
            "must be a name of 1 to 60 characters",
        ),
        ("AUTHARA_PRODUCT_NAME", "a\nb", "must be a name"),
        ("AUTHARA_PRODUCT_NAME", "  ", "must be a name"),
        (
            "AUTHARA_LOGO_FILE",
            &missing,
            "names a file that cannot be read: No such file",
        ),
        ("AUTHARA_LOGO_FILE", folder_path, "which is not a file"),
        ("AUTHARA_LOGO_FILE", &file(&folder, "empty", b""), "which is empty"),
        (
            "AUTHARA_LOGO_FILE",
            &file(&folder, "large", &large(512)),
            "which is larger than 512 KiB",
        ),
        (
            "AUTHARA_LOGO_FILE",
            &file(&folder, "a.svg", b"<html></html>"),
            "no picture of these kinds: SVG, PNG, WebP, JPEG",
        ),
        (
            "AUTHARA_LOGO_FILE",
            &file(&folder, "a.ico", ICO),
            "no picture of these kinds",
        ),
        (
            "AUTHARA_FAVICON_FILE",
            &file(&folder, "icon", &large(128)),
            "which is larger than 128 KiB",
        ),
        (
            "AUTHARA_FAVICON_FILE",
            &file(&folder, "a.jpg", b"\xff\xd8\xff\xe0"),
            "no picture of these kinds: SVG, PNG, ICO",
        ),
        (
            "AUTHARA_ACCENT_COLOR",
            "green",
            "must be a colour, as in #17644f or #fc0",
        ),
        ("AUTHARA_ACCENT_COLOR", "#12345", "must be a colour"),
        ("AUTHARA_TERMS_URL", "javascript:alert(1)", "must be a web address"),
        ("AUTHARA_PRIVACY_URL", "privacy", "must be a web address"),
        ("AUTHARA_IMPRINT_URL", "//example.com", "must be a web address"),
        ("AUTHARA_SUPPORT", "ask me", "must be an e-mail address, a web address"),
        ("AUTHARA_CUSTOM_CSS_FILE", &missing, "names a file that cannot be read"),
        (
            "AUTHARA_CUSTOM_CSS_FILE",
            &file(&folder, "b.css", b"a{content:'\xff'}"),
            "which is not UTF-8",
        ),
        (
            "AUTHARA_CUSTOM_CSS_FILE",
            &file(&folder, "c.css", &large(256)),
            "which is larger than 256 KiB",
        ),
    ] {
        let text = problems(&[(name, value)]);
        assert!(text.starts_with(&format!("{name}: ")) && text.contains(words), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

#[test]
fn r130_everything_wrong_with_the_looks_is_reported_together_and_with_the_rest() {
    let text = problems(&[
        ("AUTHARA_LISTEN", ":8080"),
        ("AUTHARA_PRODUCT_NAME", "\u{7}"),
        ("AUTHARA_LOGO_FILE", "/nowhere/logo.svg"),
        ("AUTHARA_FAVICON_FILE", "/nowhere/icon.svg"),
        ("AUTHARA_ACCENT_COLOR", "red"),
        ("AUTHARA_TERMS_URL", "x"),
        ("AUTHARA_PRIVACY_URL", "x"),
        ("AUTHARA_IMPRINT_URL", "x"),
        ("AUTHARA_SUPPORT", "x"),
        ("AUTHARA_CUSTOM_CSS_FILE", "/nowhere/own.css"),
    ]);

    assert_eq!(text.lines().count(), 10, "{text}");
}

#[test]
fn a_colour_that_cannot_stay_as_it_is_is_told_with_what_became_of_it() {
    let said = |colour| warnings(&[("AUTHARA_ACCENT_COLOR", colour)]);

    let yellow = said("#ffcc00");
    assert!(
        yellow.starts_with("AUTHARA_ACCENT_COLOR: #ffcc00 is too light for text on a light page (contrast 1.3, needed 4.5); links there use #"),
        "{yellow}"
    );
    assert_eq!(yellow.lines().count(), 1, "{yellow}");
    // It is another one as text on dark pages, as every colour is that reads on light ones.
    assert_eq!(said("#1155cc"), "");
    assert!(
        said("#fff")
            .contains("can hardly be told from a light page (contrast 1, needed 1.4); buttons on a light page use #")
    );
    assert!(said("#111").contains("can hardly be told from a dark page"));
    assert!(
        said("#787878")
            .contains("has neither white nor dark text that can be read on it; buttons on a dark page use #")
    );
}

#[test]
fn rules_that_browsers_would_pass_over_are_told() {
    let folder = Folder::new();
    let said = |css: &str| warnings(&[("AUTHARA_CUSTOM_CSS_FILE", &file(&folder, "own.css", css.as_bytes()))]);

    assert!(said("@IMPORT '/x.css';").starts_with("AUTHARA_CUSTOM_CSS_FILE: has an @import"));
    assert!(said("a{background:URL(\"https://cdn.example/x.png\")}").contains("loads https://cdn.example/x.png"));
    assert_eq!(
        said(
            "/* @import url(http://x) */ a{background:url(/x.png)} b{background:url(https://login.example.com:8443/y)}"
        ),
        ""
    );
}
