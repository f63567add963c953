//! Text on its way into a log line or onto a terminal. Strangers write some of it: names of programs,
//! addresses, members of a body.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// Characters of one value that are kept.
const LONGEST: usize = 2000;

/// Adds text to a line, and a visible escape in place of whatever could end the line, speak to a
/// terminal or turn the reading direction around. The escapes are JSON's.
pub(super) struct Escaped<'l> {
    line: &'l mut String,
    in_quotes: bool,
    left: usize,
}

impl<'l> Escaped<'l> {
    /// For a text that stands between quotes.
    pub(super) const fn quoted(line: &'l mut String) -> Self {
        Self {
            line,
            in_quotes: true,
            left: LONGEST,
        }
    }

    /// For a text that stands by itself.
    pub(super) const fn bare(line: &'l mut String) -> Self {
        Self {
            line,
            in_quotes: false,
            left: LONGEST,
        }
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '"' | '\\' if self.in_quotes => self.line.extend(['\\', letter]),
            '\n' => self.line.push_str("\\n"),
            '\r' => self.line.push_str("\\r"),
            '\t' => self.line.push_str("\\t"),
            letter if is_odd(letter) => escape(self.line, letter),
            letter => self.line.push(letter),
        }
    }
}

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        if text.len() <= self.left && text.bytes().all(is_plain) {
            self.left -= text.len();
            self.line.push_str(text);
            return Ok(());
        }
        for letter in text.chars() {
            if self.left == 0 {
                return Ok(());
            }
            self.left -= 1;
            if self.left == 0 {
                self.line.push('…');
            } else {
                self.letter(letter);
            }
        }
        Ok(())
    }
}

/// The same text with escapes for whatever could speak to a terminal or turn the reading direction
/// around. Lines stay lines; inside the strings of JSON the escapes are JSON's.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    let is_odd = |letter: char| letter != '\n' && is_odd(letter);
    if !text.contains(is_odd) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_odd(letter) {
            escape(&mut harmless, letter);
        } else {
            harmless.push(letter);
        }
    }
    Cow::Owned(harmless)
}

/// JSON's escape: four digits, twice for what lies beyond.
fn escape(line: &mut String, letter: char) {
    for half in letter.encode_utf16(&mut [0; 2]) {
        // Writing to a string cannot fail.
        let _ = write!(line, "\\u{half:04x}");
    }
}

/// Controls, separators of lines, marks of direction, and letters that nobody sees.
const fn is_odd(letter: char) -> bool {
    matches!(
        letter,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mislead_a_reader_is_shown_as_an_escape() {
        assert!(matches!(harmless("Böwser/1 日本 🦀\nnext"), Cow::Borrowed(_)));
        for (text, shown) in [
            ("a\u{202e}b", "a\\u202eb"),
            ("\x1b[2J", "\\u001b[2J"),
            ("a\rb", "a\\u000db"),
            ("a\u{9b}b", "a\\u009bb"),
            ("a\u{200b}\u{2066}\u{feff}", "a\\u200b\\u2066\\ufeff"),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(harmless(text), shown);
        }
        let json = serde_json::json!({ "a": "\u{202e}\u{e0041}\u{7f}" });
        let shown = format!("{json:#}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&harmless(&shown)).ok(),
            Some(json)
        );
    }
}
