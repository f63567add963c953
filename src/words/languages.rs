//! The languages that a server offers, and which of them somebody gets.

use std::sync::Arc;

use crate::words::accepted;
use crate::words::phrases::Phrases;

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
    /// Every problem is a sentence about one file or tag, which it names.
    pub fn new(offered: &[String], files: &[MessageFile]) -> Result<Self, Vec<String>> {
        let mut all = Self::default().all().cloned().collect::<Vec<_>>();
        let mut problems = Vec::new();
        for file in files {
            let at = all.iter().position(|known| known.tag().eq_ignore_ascii_case(&file.tag));
            let mut phrases = at.map_or_else(|| Phrases::english(&file.tag), |at| Phrases::clone(&all[at]));
            let mut said = vec![at.is_some(); Phrases::count()];
            for (key, text) in &file.messages {
                match phrases.replace(key, text) {
                    Ok(at) => said[at] = true,
                    Err(problem) => problems.push(format!("{}.json: {key}: {problem}", file.tag)),
                }
            }
            phrases.settle(|at| !said[at]);
            phrases.note_lacking(|at| !said[at]);
            match at {
                Some(at) => all[at] = Arc::new(phrases),
                None => all.push(Arc::new(phrases)),
            }
        }
        if !offered.is_empty() {
            let known = std::mem::take(&mut all);
            for tag in offered {
                match known.iter().find(|known| known.tag().eq_ignore_ascii_case(tag)) {
                    Some(phrases) => all.push(Arc::clone(phrases)),
                    None => problems.push(format!("there are no messages in {tag}")),
                }
            }
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
        let chosen = chosen.into_iter();
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

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(
            languages.choose(None, None).sign_up_title(),
            "Sign up",
            "not translated yet"
        );
    }

    #[test]
    fn what_cannot_be_used_is_said_all_at_once() {
        let own = [file("de", &[("sign_in.titel", "x"), ("sign_in.lead", "nach {ort}")])];
        let problems = Languages::new(&["xx".to_owned()], &own).expect_err("wrong");

        assert_eq!(
            problems,
            [
                "de.json: sign_in.titel: there is no such message",
                "de.json: sign_in.lead: {ort} stands for nothing there",
                "there are no messages in xx",
            ]
        );
    }
}
