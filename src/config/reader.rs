//! Reads typed values by name and collects everything that is wrong.

use std::time::Duration;

use crate::config::given::Given;
use crate::config::kubernetes;
use crate::config::older::{self, Older};
use crate::config::problem::{Problem, Problems};
use crate::config::text;
use crate::config::var::{Default, Kind, Var};
use crate::config::vars;
use crate::domain::Secret;

/// Hands out values. `None` always means that a problem has been noted or that nothing is set;
/// [`Reader::finish`] tells the two apart for good.
pub(super) struct Reader<'a> {
    given: &'a Given,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// Starts with what is wrong already: how settings were given, and names that are none.
    pub(super) fn new(given: &'a Given) -> Self {
        let mut reader = Self {
            given,
            problems: given.problems().to_vec(),
            warnings: Vec::new(),
        };
        for name in given.of_kubernetes() {
            reader.warn(name, kubernetes::WORDS);
        }
        for (name, value) in given.iter() {
            if vars::find(name).is_some() {
                continue;
            }
            match Older::find(name) {
                Some(older) if older.is_harmless(value) => reader.warn(name, older.words()),
                Some(older) => reader.problem(name, format!("{}; remove it", older.words())),
                None => reader.problem(name, older::unknown(name)),
            }
        }
        reader
    }

    /// Starts without a look at the other settings.
    pub(super) fn of_one(given: &'a Given) -> Self {
        Self {
            given,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The value, if nothing was wrong with anything.
    pub(super) fn finish<T>(mut self, value: Option<T>) -> Result<(T, Vec<Problem>), Problems> {
        match value {
            Some(value) if self.problems.is_empty() => Ok((value, self.warnings)),
            _ => {
                self.problems.sort_by(|one, other| one.name.cmp(&other.name));
                Err(Problems(self.problems))
            }
        }
    }

    pub(super) fn problem(&mut self, name: &str, text: impl Into<String>) {
        self.problems.push(Problem::new(name, text));
    }

    pub(super) fn warn(&mut self, name: &str, text: impl Into<String>) {
        self.warnings.push(Problem::new(name, text));
    }

    /// Whether it is given, not merely defaulted.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.given.get(name).is_some()
    }

    /// Its text or its default. A secret whose file could not be read is empty and has been reported.
    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let value = self.given.get(name).or(match var(name).default {
            Default::Is(text) => Some(text),
            Default::None | Default::Depends(_) => None,
        });
        value.filter(|value| !value.is_empty())
    }

    /// Its text; a problem if there is none.
    pub(super) fn required(&mut self, name: &str) -> Option<&'a str> {
        let text = self.text(name);
        if text.is_none() && !self.is_set(name) {
            self.problem(name, format!("is not set: {}", lowered(var(name).help)));
        }
        text
    }

    pub(super) fn secret(&mut self, name: &str) -> Option<Secret> {
        self.required(name).map(Secret::new)
    }

    /// Reads a text with a form of its own; `read` says what would be right.
    pub(super) fn parse<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(self.text(name)?) {
            Ok(value) => Some(value),
            Err(right) => {
                self.problem(name, right);
                None
            }
        }
    }

    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        debug_assert_eq!(var(name).kind, Kind::Bool);
        self.parse(name, |text| {
            text::boolean(text).ok_or_else(|| "must be true or false".to_owned())
        })
    }

    pub(super) fn number(&mut self, name: &str) -> Option<u64> {
        let Kind::Number { from, to, .. } = var(name).kind else {
            unreachable!("{name} is registered as a number")
        };
        self.parse(name, |text| {
            let number = text.parse().ok().filter(|number| (from..=to).contains(number));
            number.ok_or_else(|| format!("must be a whole number from {from} to {to}"))
        })
    }

    pub(super) fn count(&mut self, name: &str) -> Option<usize> {
        self.number(name).and_then(|number| usize::try_from(number).ok())
    }

    pub(super) fn duration(&mut self, name: &str) -> Option<Duration> {
        let Kind::Duration { from, to } = var(name).kind else {
            unreachable!("{name} is registered as a duration")
        };
        let bounds = Duration::from_secs(from)..=Duration::from_secs(to);
        self.parse(name, |text| {
            let duration = text::duration(text).filter(|duration| bounds.contains(duration));
            duration.ok_or_else(|| {
                let (from, to) = (text::seconds(from), text::seconds(to));
                format!("must be a duration from {from} to {to}, such as 90s, 15m or 1h30m")
            })
        })
    }

    /// One of the registered words, each standing for a value.
    pub(super) fn one_of<T: Copy>(&mut self, name: &str, values: &[(&str, T)]) -> Option<T> {
        debug_assert!(
            matches!(var(name).kind, Kind::OneOf(words) if words.iter().eq(values.iter().map(|(word, _)| word)))
        );
        self.parse(name, |text| {
            let is_named = |(word, _): &&(&str, T)| word.eq_ignore_ascii_case(text);
            let found = values.iter().find(is_named).map(|(_, value)| *value);
            found.ok_or_else(|| {
                let words: Vec<&str> = values.iter().map(|(word, _)| *word).collect();
                format!("must be {}", words.join(" or "))
            })
        })
    }
}

fn var(name: &str) -> &'static Var {
    vars::find(name).unwrap_or_else(|| unreachable!("{name} is registered"))
}

/// A sentence that goes on after a colon.
fn lowered(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}
