//! The languages that a server offers, and which of them somebody gets.

use std::sync::Arc;

use crate::words::phrases::Phrases;
use crate::words::tag::is_tag;
use crate::words::{accepted, tag};

/// The languages built in, in the order in which they are listed.
const BUILT_IN: [&str; 6] = ["en", "de", "fr", "es", "pt-BR", "zh-Hans"];

/// A file of messages that a site brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageFile {
    /// The language's tag, which is the file's name without `.json`.
    pub tag: String,
    /// Keys and texts; a message that counts has two keys, ending in `.one` and `.other`.
    pub messages: Vec<(String, String)>,
}

/// What keeps languages from being offered, as a sentence that names the file or the tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unusable {
    /// About a file.
    File(String),
    /// About a tag in the list of those to offer.
    Tag(String),
}

/// The languages offered; there is at least one.
#[derive(Debug, Clone)]
pub struct Languages {
    first: Arc<Phrases>,
    rest: Vec<Arc<Phrases>>,
}

impl Default for Languages {
    /// Every language built in, English first.
    fn default() -> Self {
        let mut all = BUILT_IN.iter().filter_map(|tag| Phrases::built_in(tag)).map(Arc::new);
        Self {
            first: all.next().unwrap_or_else(|| Arc::new(Phrases::english("en"))),
            rest: all.collect(),
        }
    }
}

impl Languages {
    /// Every language built in and every one that a file brings, with the messages of the files in
    /// place of ours. If `offered` is not empty, only those, in that order.
    ///
    /// `Err` has everything that is wrong.
    pub fn new(offered: &[String], files: &[MessageFile]) -> Result<Self, Vec<Unusable>> {
        let mut problems = Vec::new();
        let mut all = Self::default().all().cloned().collect();
        for (at, file) in files.iter().enumerate() {
            let is_same = |other: &&MessageFile| other.tag.eq_ignore_ascii_case(&file.tag);
            if let Some(other) = files[..at].iter().find(is_same) {
                let text = format!("{}.json and {}.json are the same language", other.tag, file.tag);
                problems.push(Unusable::File(text));
            }
            let wrong = take_over(&mut all, file).into_iter();
            problems.extend(wrong.map(|problem| Unusable::File(format!("{}.json: {problem}", file.tag))));
        }
        if !offered.is_empty() {
            all = pick(&all, offered, &mut problems);
        }
        let mut all = all.into_iter();
        match all.next() {
            Some(first) if problems.is_empty() => Ok(Self {
                first,
                rest: all.collect(),
            }),
            _ => Err(problems),
        }
    }

    /// All of them; the first is what people get whose languages are not offered.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Phrases>> {
        std::iter::once(&self.first).chain(&self.rest)
    }

    /// The language for somebody who once chose `chosen` here and whose browser sends
    /// `accept_language`.
    pub fn choose(&self, chosen: Option<&str>, accept_language: Option<&str>) -> &Arc<Phrases> {
        let chosen = chosen.filter(|tag| tag.len() <= tag::LONGEST).into_iter();
        let accepted = accept_language.map(accepted::tags).unwrap_or_default();
        chosen
            .chain(accepted)
            .find_map(|wanted| self.best(wanted))
            .unwrap_or(&self.first)
    }

    /// The language of exactly that tag.
    pub fn named(&self, tag: &str) -> Option<&Arc<Phrases>> {
        self.all().find(|phrases| phrases.tag() == tag)
    }

    fn best(&self, wanted: &str) -> Option<&Arc<Phrases>> {
        let fitting = self
            .all()
            .filter_map(|phrases| Some((accepted::fit(wanted, phrases.tag())?, phrases)));
        // The first of the best; `max_by_key` takes the last.
        fitting
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, phrases)| phrases)
    }
}

/// Puts a file's messages in place of those of its language, which may be new, and says what is wrong with them.
fn take_over(all: &mut Vec<Arc<Phrases>>, file: &MessageFile) -> Vec<String> {
    let at = all.iter().position(|known| known.tag().eq_ignore_ascii_case(&file.tag));
    let mut phrases = at.map_or_else(|| Phrases::english(&file.tag), |at| Phrases::clone(&all[at]));
    let mut said = vec![at.is_some(); Phrases::count()];
    let mut problems = Vec::new();
    for (key, text) in &file.messages {
        match phrases.replace(key, text) {
            Ok(at) => said[at] = true,
            Err(wrong) => problems.extend(wrong.into_iter().map(|problem| format!("{key}: {problem}"))),
        }
    }
    phrases.settle(|at| !said[at]);
    phrases.note_lacking(|at| !said[at]);
    match at {
        Some(at) => all[at] = Arc::new(phrases),
        None => all.push(Arc::new(phrases)),
    }
    problems
}

/// What to call the language at a place of the list. What is no short tag may be a secret that ended
/// up in the wrong setting.
fn named(at: usize, tag: &str) -> String {
    let is_short = tag.split('-').next().is_some_and(|language| language.len() <= 3);
    if is_short && is_tag(tag) {
        tag.to_owned()
    } else {
        format!("language {}, which must be a tag, as in pt-BR", at + 1)
    }
}

/// Those to offer, in that order.
fn pick(all: &[Arc<Phrases>], offered: &[String], problems: &mut Vec<Unusable>) -> Vec<Arc<Phrases>> {
    let mut picked = Vec::new();
    for (at, tag) in offered.iter().enumerate() {
        let is_same = |other: &&String| other.eq_ignore_ascii_case(tag);
        let mut earlier = offered[..at].iter().filter(is_same);
        match (earlier.next(), earlier.next()) {
            (None, _) => match all.iter().find(|known| known.tag().eq_ignore_ascii_case(tag)) {
                Some(phrases) => picked.push(Arc::clone(phrases)),
                None => problems.push(Unusable::Tag(format!("there are no messages in {}", named(at, tag)))),
            },
            (Some(first), None) => problems.push(Unusable::Tag(format!("names {} twice", named(at, first)))),
            (Some(_), Some(_)) => {} // said already
        }
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::plain;

    fn file(tag: &str, messages: &[(&str, &str)]) -> MessageFile {
        let own = |&(key, text): &(&str, &str)| (key.to_owned(), text.to_owned());
        MessageFile {
            tag: tag.to_owned(),
            messages: messages.iter().map(own).collect(),
        }
    }

    #[test]
    fn a_choice_wins_over_the_browser_and_the_browser_over_the_first() {
        let languages = Languages::default();
        let tag = |chosen, accepted| languages.choose(chosen, accepted).tag().to_owned();

        assert_eq!(tag(Some("de"), Some("fr")), "de");
        assert_eq!(tag(Some("xx"), Some("fr-CA, de;q=0.9")), "fr");
        assert_eq!(tag(None, Some("it, pt;q=0.5")), "pt-BR");
        assert_eq!(tag(None, Some("it")), "en");
        assert_eq!(tag(None, None), "en");
    }

    #[test]
    fn a_site_says_it_in_its_own_words() {
        let own = [file("de", &[("sign_in.title", "Willkommen")])];
        let languages = Languages::new(&[], &own).expect("sound");
        let german = languages.choose(Some("de"), None);

        assert_eq!(german.sign_in_title(), "Willkommen");
        assert_eq!(german.month_3(), "März");
        assert_eq!(languages.choose(None, None).sign_in_title(), "Sign in");
    }

    #[test]
    fn a_site_brings_a_language_of_its_own_and_offers_only_some() {
        let own = [file("it", &[("sign_in.title", "Accedi")])];
        let offered = ["it".to_owned(), "fr".to_owned()];
        let languages = Languages::new(&offered, &own).expect("sound");
        let tags: Vec<_> = languages.all().map(|phrases| phrases.tag()).collect();

        assert_eq!(tags, ["it", "fr"]);
        assert_eq!(languages.choose(None, Some("de")).sign_in_title(), "Accedi");
    }

    #[test]
    fn what_a_language_of_ones_own_lacks_is_marked_as_english() {
        let own = [
            file("he", &[("sign_in.title", "x"), ("ago.days.other", "{count} x")]),
            file("en-GB", &[]),
        ];
        let languages = Languages::new(&[], &own).expect("sound");
        let hebrew = languages.choose(Some("he"), None);
        let marked = |text: &str| text != plain(text);

        assert_eq!((hebrew.sign_in_title(), hebrew.ago_days(1).as_str()), ("x", "1 x"));
        assert_eq!(plain(hebrew.sign_up_title()), "Sign up");
        for english in [hebrew.sign_up_title(), &hebrew.ago_hours(2), &hebrew.ago_hours(1)] {
            assert!(marked(english), "{english}");
        }
        assert!(!marked(&hebrew.number(1_000_000)), "a number is in no language");
        assert!(!marked(&hebrew.account_organization_role("a", "b")), "only values");
        assert!(!marked(languages.choose(Some("en-GB"), None).sign_up_title()));
    }

    #[test]
    fn what_cannot_be_used_is_said_all_at_once() {
        let own = [
            file(
                "DE",
                &[("sign_in.titel", "x"), ("sign_in.lead", "nach {ort}{}, {site}, {site}")],
            ),
            file("de", &[]),
        ];
        let offered = ["xx", "de", "DE", "De", "fr"].map(str::to_owned);
        let problems = Languages::new(&offered, &own).expect_err("wrong");
        let (file, tag) = (
            |text: &str| Unusable::File(text.to_owned()),
            |text: &str| Unusable::Tag(text.to_owned()),
        );

        assert_eq!(
            problems,
            [
                file("DE.json: sign_in.titel: there is no such message"),
                file("DE.json: sign_in.lead: {ort} stands for nothing there"),
                file("DE.json: sign_in.lead: {} stands for nothing there"),
                file("DE.json: sign_in.lead: {site} is there twice"),
                file("DE.json and de.json are the same language"),
                tag("there are no messages in xx"),
                tag("names de twice"),
            ]
        );
    }

    #[test]
    fn a_choice_that_is_no_tag_is_passed_over() {
        let long = format!("de-{}", "x".repeat(33));

        assert_eq!(Languages::default().choose(Some(&long), Some("fr")).tag(), "fr");
    }

    #[test]
    fn a_text_that_would_break_a_page_is_refused() {
        let problem = |key, text| match Languages::new(&[], &[file("de", &[(key, text)])]) {
            Ok(_) => String::new(),
            Err(problems) => format!("{problems:?}"),
        };

        for blank in ["", " \u{a0}"] {
            assert!(problem("sign_in.title", blank).contains("is empty"), "{blank:?}");
        }
        for control in ["An\nmelden", "\u{0}", "\u{9b}x"] {
            assert!(
                problem("sign_in.title", control).contains("control character"),
                "{control:?}"
            );
        }
        assert_eq!(problem("number.group", "\u{202f}"), "", "French has it");
        assert_eq!(problem("number.group", ""), "", "some languages do not group");
    }

    #[test]
    fn both_forms_of_a_message_may_say_how_many() {
        let own = [file("it", &[("session.others_ended.one", "Terminata {count} altra")])];
        let languages = Languages::new(&[], &own).expect("sound");

        assert_eq!(
            languages.choose(Some("it"), None).session_others_ended(1),
            "Terminata 1 altra"
        );
        let odd = [file("it", &[("sign_in.title", "{count}")])];
        assert!(Languages::new(&[], &odd).is_err(), "nothing is counted there");
    }
}
