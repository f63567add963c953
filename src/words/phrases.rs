//! All messages in one language.

use std::borrow::Cow;
use std::fmt::{self, Display, Write as _};

use crate::domain::client::is_for_programs;
use crate::words::foreign;

include!(concat!(env!("OUT_DIR"), "/phrases.rs"));

/// The messages of one language, each as a method.
#[derive(Clone)]
pub struct Phrases {
    tag: String,
    texts: Vec<Cow<'static, str>>,
    lacking: usize,
}

impl Phrases {
    /// The language built in under this tag, with English for whatever it lacks.
    pub(super) fn built_in(tag: &str) -> Option<Self> {
        let (tag, texts) = BUILT_IN.iter().find(|(known, _)| *known == tag)?;
        let mut phrases = Self::english(tag);
        for (at, text) in texts.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            phrases.texts[at] = Cow::Borrowed(text);
        }
        phrases.settle(|at| texts[at].is_empty());
        Some(phrases)
    }

    /// Another language, in English so far.
    pub(super) fn english(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            texts: english().iter().map(|text| Cow::Borrowed(*text)).collect(),
            lacking: 0,
        }
    }

    /// A language that has one form only leaves the other out.
    pub(super) fn settle(&mut self, is_missing: impl Fn(usize) -> bool) {
        for at in COUNTED {
            if is_missing(at) && !is_missing(at + 1) {
                let only = self.texts[at + 1].clone();
                self.texts[at] = only;
            }
        }
    }

    /// Counts what is said in English for want of something better, and marks it; one of two forms
    /// is enough.
    pub(super) fn note_lacking(&mut self, is_missing: impl Fn(usize) -> bool) {
        let is_lacking = |at: &usize| is_missing(*at) && !COUNTED.contains(at);
        self.lacking = (0..Self::count()).filter(is_lacking).count();
        if self.language() == "en" {
            return;
        }
        for at in (0..Self::count()).filter(|at| is_missing(*at)) {
            let is_given = COUNTED.contains(&at) && !is_missing(at + 1);
            if !is_given && has_words(&self.texts[at]) {
                self.texts[at] = Cow::Owned(foreign::marked(&self.texts[at]));
            }
        }
    }

    /// How many messages are in English although the language is another.
    pub fn lacking(&self) -> usize {
        self.lacking
    }

    /// Replaces one message. `Err` says what is wrong with it, without naming it.
    pub(super) fn replace(&mut self, key: &str, text: &str) -> Result<usize, Vec<String>> {
        let Some(at) = KEYS.iter().position(|known| *known == key) else {
            return Err(vec!["there is no such message".to_owned()]);
        };
        let problems = problems(at, text);
        if !problems.is_empty() {
            return Err(problems);
        }
        self.texts[at] = Cow::Owned(text.to_owned());
        Ok(at)
    }

    /// How many messages there are.
    pub(super) const fn count() -> usize {
        KEYS.len()
    }

    /// The language's tag (BCP 47), e.g. `pt-BR`.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// Which way it is written, for the attribute `dir`: no language built in needs it, but one that
    /// a site brings along may.
    pub fn direction(&self) -> &'static str {
        match self.language().as_str() {
            "ar" | "ckb" | "dv" | "fa" | "he" | "ps" | "ug" | "ur" | "yi" => "rtl",
            _ => "ltr",
        }
    }

    /// The tag without script, region and variants.
    fn language(&self) -> String {
        let language = self.tag.split('-').next();
        language.unwrap_or_default().to_ascii_lowercase()
    }

    /// A whole number with the language's separator of thousands.
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::with_capacity(digits.len() + digits.len() / 3);
        for (at, digit) in digits.char_indices() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text += self.number_group();
            }
            text.push(digit);
        }
        text
    }

    fn text(&self, at: usize) -> &str {
        self.texts.get(at).map_or("", |text| text)
    }

    fn filled(&self, at: usize, values: &[(&str, &dyn Display)]) -> String {
        fill(self.text(at), values)
    }

    fn counted(&self, at: usize, count: u64, values: &[(&str, &dyn Display)]) -> String {
        let text = self.text(if self.is_one(count) { at } else { at + 1 });
        let number = self.number(count);
        let values: Vec<(&str, &dyn Display)> = values.iter().copied().chain([("count", &number as _)]).collect();
        fill(text, &values)
    }

    /// Whether a count takes the form `one`. Right for the languages built in (as in Unicode CLDR, for
    /// whole numbers below a million). Any other has the same two forms, `one` for exactly 1: one
    /// that by its grammar has more must be worded so that two suffice.
    fn is_one(&self, count: u64) -> bool {
        match self.tag.as_str() {
            "fr" | "pt-BR" => count <= 1,
            "zh-Hans" => false,
            _ => count == 1,
        }
    }
}

impl fmt::Debug for Phrases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phrases({})", self.tag)
    }
}

/// Puts values in place of their names in braces. A value is never looked into.
fn fill(text: &str, values: &[(&str, &dyn Display)]) -> String {
    let mut filled = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        filled += before;
        if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
            // Writing to a string cannot fail.
            let _ = write!(filled, "{value}");
        }
        rest = after;
    }
    filled + rest
}

/// Whether a text is in any language at all: some only say in which order their values stand.
fn has_words(text: &str) -> bool {
    fill(text, &[]).chars().any(char::is_alphabetic)
}

/// What every language falls back to.
fn english() -> &'static [&'static str] {
    let english = BUILT_IN.iter().find(|(tag, _)| *tag == "en");
    english.map_or(&[], |(_, texts)| &texts[..])
}

/// What keeps a text from standing for the message at `at`.
fn problems(at: usize, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    // Some languages put a space between thousands, some nothing.
    if text.trim().is_empty() && KEYS[at] != "number.group" {
        problems.push("is empty".to_owned());
    }
    if text.contains(|letter: char| letter.is_control() || is_for_programs(letter)) {
        problems.push("has a control character, such as a line break".to_owned());
    }
    // Each form may say what either says: English counts in words where there is one.
    let forms = match COUNTED.iter().find(|&&one| one == at || one + 1 == at) {
        Some(&one) => one..=one + 1,
        None => at..=at,
    };
    let known: Vec<&str> = forms.flat_map(|form| placeholders(english()[form])).collect();
    let names = placeholders(text);
    for (nth, name) in names.iter().enumerate() {
        if !known.contains(name) {
            problems.push(format!("{{{name}}} stands for nothing there"));
        } else if names[..nth].contains(name) {
            problems.push(format!("{{{name}}} is there twice"));
        }
    }
    problems
}

/// The names in braces.
fn placeholders(text: &str) -> Vec<&str> {
    let parts = text.split('{').skip(1);
    parts.filter_map(|part| Some(part.split_once('}')?.0)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn phrases(tag: &str) -> Phrases {
        Phrases::built_in(tag).expect("built in")
    }

    #[test]
    fn every_language_says_everything_with_the_same_placeholders() {
        let names = |text| placeholders(text).into_iter().collect::<BTreeSet<_>>();
        let mut wrong = Vec::new();

        for (tag, texts) in BUILT_IN {
            let has_one = phrases(tag).is_one(1);
            for (at, key) in KEYS.iter().enumerate() {
                if texts[at].is_empty() && (has_one || !COUNTED.contains(&at)) {
                    wrong.push(format!("{tag}: {key} is missing"));
                } else if !texts[at].is_empty() && names(texts[at]) != names(english()[at]) {
                    wrong.push(format!("{tag}: {key} has other placeholders: {}", texts[at]));
                }
            }
        }

        assert_eq!(BUILT_IN.len(), 6);
        assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    }

    #[test]
    fn no_language_has_a_message_that_nobody_asks_for() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/messages");

        for (tag, _) in BUILT_IN {
            let text = std::fs::read_to_string(folder.join(format!("{tag}.json"))).expect("a file");
            let messages: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("an object");
            for key in messages.keys() {
                let is_known = KEYS
                    .iter()
                    .any(|known| known == key || known.strip_suffix(".other") == Some(key));
                assert!(is_known, "{tag}: {key}");
            }
        }
    }

    #[test]
    fn a_value_is_put_in_as_it_is() {
        let text = fill("to {site}, {site}{x}!", &[("site", &"{x} {site"), ("x", &1)]);

        assert_eq!(text, "to {x} {site, {x} {site1!");
    }

    #[test]
    fn counting_follows_the_language() {
        let minutes = |tag, count| phrases(tag).wait_minutes(count);

        assert_eq!(minutes("en", 1), "Please try again in 1 minute.");
        assert_eq!(minutes("en", 2), "Please try again in 2 minutes.");
        assert!(phrases("fr").is_one(0) && phrases("pt-BR").is_one(0) && !phrases("de").is_one(0));
        assert!(!minutes("zh-Hans", 1).is_empty());
        for tag in ["it", "ja", "pt-PT", "ru"] {
            let own = Phrases::english(tag);
            assert!(
                own.is_one(1) && ![0, 2, 21].into_iter().any(|count| own.is_one(count)),
                "{tag}"
            );
        }
    }

    #[test]
    fn some_languages_are_written_from_the_right() {
        assert_eq!(Phrases::english("he-IL").direction(), "rtl");
        assert_eq!(Phrases::english("AR").direction(), "rtl");
        assert_eq!(phrases("zh-Hans").direction(), "ltr");
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(phrases("en").number(1_234_567), "1,234,567");
        assert_eq!(phrases("de").number(1234), "1.234");
        assert_eq!(phrases("fr").number(999), "999");
    }
}
