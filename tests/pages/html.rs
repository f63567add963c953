//! Just enough HTML to look at our own pages. Strict: what is not written as we write it panics.

/// A start or end tag, and the text that follows it.
#[derive(Debug)]
pub(crate) struct Tag {
    /// In small letters; an end tag's begins with `/`.
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Tag {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name)?;
        Some(&found.1)
    }
}

/// Every tag of a page in its order. An attribute without quotes panics.
pub(crate) fn tags(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if rest.starts_with('!') {
            continue;
        }
        let (inside, after) = split_at_end(rest);
        // Shapes of a picture close themselves.
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let text = after.find('<').map_or(after, |end| &after[..end]);
        tags.push(Tag {
            name: name.to_owned(),
            attributes: read_attributes(attributes),
            text: unescape(text),
        });
        rest = after;
    }
    tags
}

/// What a person reads.
pub(crate) fn text(html: &str) -> String {
    let text: String = tags(html).iter().map(|tag| tag.text.as_str()).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The inside of a tag and what follows it. A `>` in quotes ends nothing.
fn split_at_end(text: &str) -> (&str, &str) {
    let mut is_quoted = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '"' => is_quoted = !is_quoted,
            '>' if !is_quoted => return (&text[..at], &text[at + 1..]),
            _ => {}
        }
    }
    panic!("a tag without end: {text}");
}

fn read_attributes(mut text: &str) -> Vec<(String, String)> {
    let mut attributes = Vec::new();
    loop {
        text = text.trim_start();
        if text.is_empty() {
            return attributes;
        }
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
        let end = text.find(|letter| !is_name(letter)).unwrap_or(text.len());
        assert!(end > 0, "no attribute: {text}");
        let (name, rest) = text.split_at(end);
        text = rest;
        let mut value = "";
        if let Some(rest) = text.strip_prefix('=') {
            let quoted = rest
                .strip_prefix('"')
                .unwrap_or_else(|| panic!("no quotes: {name}{text}"));
            (value, text) = quoted.split_once('"').expect("quotes come in pairs");
        }
        attributes.push((name.to_owned(), unescape(value)));
    }
}

fn unescape(text: &str) -> String {
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#039;", "'"),
        ("&amp;", "&"),
    ];
    pairs
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}
