//! The form of an `--env-file`: one `NAME=value` in each line.

use std::collections::BTreeMap;

use crate::config::problem::{Problem, Problems};

/// Reads `NAME=value` lines: comments with `#`, an optional `export`, values bare or in quotes.
pub(super) fn lines(file: &str, text: &str) -> Result<BTreeMap<String, String>, Problems> {
    let mut pairs = BTreeMap::new();
    let mut problems = Vec::new();
    // Editors of Windows put a mark before the first line.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match pair(line) {
            Ok((name, value)) if !pairs.contains_key(name) => {
                pairs.insert(name.to_owned(), value);
            }
            Ok((name, _)) => problems.push(Problem::new(file, format!("line {number}: {name} is set twice"))),
            // The line itself may hold a secret, so it is not shown.
            Err(text) => problems.push(Problem::new(file, format!("line {number}: {text}"))),
        }
    }
    if problems.is_empty() {
        Ok(pairs)
    } else {
        Err(Problems(problems))
    }
}

fn pair(line: &str) -> Result<(&str, String), &'static str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=').ok_or("has no `=`")?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_name {
        return Err("has no name before the `=`");
    }
    Ok((name, unquoted(value.trim())?))
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    if let Some(rest) = value.strip_prefix('\'') {
        let (text, after) = rest.split_once('\'').ok_or("has a quote that does not end")?;
        return only_comment(after).map(|()| text.to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        return if value.contains(" #") {
            Err("has ` #` in a bare value; put the value in quotes or the comment on its own line")
        } else {
            Ok(value.to_owned())
        };
    };
    let mut text = String::new();
    let mut letters = rest.chars();
    loop {
        match letters.next().ok_or("has a quote that does not end")? {
            '"' => return only_comment(letters.as_str()).map(|()| text),
            '\\' => match letters.next().ok_or("has a quote that does not end")? {
                'n' => text.push('\n'),
                letter @ ('"' | '\\' | '$') => text.push(letter),
                _ => return Err("has an unknown escape; known are \\\\ \\\" \\$ \\n"),
            },
            letter => text.push(letter),
        }
    }
}

fn only_comment(after: &str) -> Result<(), &'static str> {
    let after = after.trim();
    if after.is_empty() || after.starts_with('#') {
        Ok(())
    } else {
        Err("has something after the closing quote")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_comments_and_quotes() {
        let text = "\u{feff}# comment\n\n A=1 \nexport B = two words\nC='single # \"quoted\"' # why\nD=\"a\\\"b\\\\c\\nd#\"\r\nE=\nF=x#y=z\n";

        let pairs = lines("f", text).expect("pairs");

        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(
            pairs,
            [
                ("A", "1"),
                ("B", "two words"),
                ("C", "single # \"quoted\""),
                ("D", "a\"b\\c\nd#"),
                ("E", ""),
                ("F", "x#y=z"),
            ]
        );
    }

    #[test]
    fn broken_lines_are_named_by_number_without_their_content() {
        let text = "secret\n=secret\nA B=secret\nA='secret\nA=\"secret\nA=\"secret\\x\"\nA='secret' secret\nA=secret #x\nB=secret\nB=secret";

        let Err(problems) = lines("f.env", text) else {
            panic!("accepted")
        };

        assert_eq!(problems.0.len(), 9);
        let text = problems.to_string();
        assert!(!text.contains("secret"), "{text}");
        assert!(text.contains("f.env: line 1: has no `=`"), "{text}");
        assert!(text.contains("line 10: B is set twice"), "{text}");
    }
}
