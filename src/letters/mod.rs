//! Floor 3: what mail says. A letter is written when it is sent, from its kind and its values, in the words and the look
//! of that day. Nothing is decided or sent here.

mod kinds;

use std::collections::BTreeMap;
use std::sync::Arc;

use sailfish::{RenderError, TemplateSimple};

use crate::config::{Brand, Config};
use crate::domain::Timestamp;
use crate::domain::letter::Letter;
use crate::look::{Accent, Colour};
use crate::words::{self, Phrases};

/// A letter in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As a page.
    pub html: String,
    /// The tag of its language.
    pub language: String,
}

/// Writes a letter.
pub fn write(config: &Config, letter: &Letter, values: &BTreeMap<String, String>) -> Result<Written, RenderError> {
    let languages = &config.languages;
    let say = languages
        .named(&letter.language)
        .unwrap_or_else(|| languages.choose(None, None));
    let say = Arc::clone(say);
    let content = kinds::content(&Facts {
        say: &say,
        site: &config.brand.product_name,
        origin: &config.public_url.origin,
        letter,
        values,
    });
    let why = kinds::why(letter.kind, &say, &config.brand.product_name);
    let frame = Frame::new(&config.brand, &say, &content, why);
    let html = HtmlLetter { frame: &frame }.render_once()?;
    let text = TextLetter { frame: &frame }.render_once()?;
    Ok(Written {
        subject: words::plain(&content.subject),
        text: words::plain(&text),
        html: words::printed(html),
        language: say.tag().to_owned(),
    })
}

/// What a letter is written from.
struct Facts<'a> {
    say: &'a Phrases,
    site: &'a str,
    origin: &'a str,
    letter: &'a Letter,
    values: &'a BTreeMap<String, String>,
}

impl Facts<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// When it happened.
    fn at(&self) -> Timestamp {
        let micros = self.value("at").and_then(|text| text.parse().ok());
        micros.map_or(self.letter.created_at, Timestamp::from_micros)
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// What stands in a letter.
struct Content {
    subject: String,
    /// The sense of it, for the line beside the subject in a list. Never a code: it stands on locked screens.
    preview: String,
    title: String,
    blocks: Vec<Block>,
}

/// A part of a letter, below the one before.
enum Block {
    /// A paragraph.
    Text(String),
    /// A code to type.
    Code(String),
    /// What is known of an event: names and values.
    Facts(Vec<(String, String)>),
    /// A link that looks like a button; its address stands below it.
    Button { words: String, url: String },
}

/// What all letters have in common.
struct Frame<'a> {
    say: &'a Phrases,
    site: &'a str,
    content: &'a Content,
    /// Why the recipient gets it.
    why: String,
    /// Where people get help: what they read, and the link.
    support: Option<(String, String)>,
    fill: String,
    on_fill: String,
    link: String,
    link_in_the_dark: String,
}

/// As the style sheet of the pages has it, where a site has no colour of its own.
const ACCENT: Colour = Colour::new(0x17_64_4f);

impl<'a> Frame<'a> {
    fn new(brand: &'a Brand, say: &'a Phrases, content: &'a Content, why: String) -> Self {
        let accent = brand.accent.unwrap_or_else(|| Accent::of(ACCENT));
        let support = brand.support.as_ref();
        Self {
            say,
            site: &brand.product_name,
            content,
            why,
            support: support.map(|support| (support.words().to_owned(), support.href())),
            fill: accent.light.fill.to_string(),
            on_fill: accent.light.on_fill.to_string(),
            link: accent.light.text.to_string(),
            link_in_the_dark: accent.dark.text.to_string(),
        }
    }
}

#[derive(TemplateSimple)]
#[template(path = "email/letter.html.stpl")]
struct HtmlLetter<'a> {
    frame: &'a Frame<'a>,
}

#[derive(TemplateSimple)]
#[template(path = "email/letter.txt.stpl", escape = false)]
struct TextLetter<'a> {
    frame: &'a Frame<'a>,
}
