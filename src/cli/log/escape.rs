//! Text on its way into a log line.

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
            letter if is_odd(letter) => {
                // Every odd one has four digits, and writing to a string cannot fail.
                let _ = write!(self.line, "\\u{:04x}", u32::from(letter));
            }
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

/// Controls, separators of lines, and marks of direction.
const fn is_odd(letter: char) -> bool {
    matches!(
        letter,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
    )
}
