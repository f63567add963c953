//! Tags of languages (BCP 47), e.g. `pt-BR`.

/// Bytes of the longest tag; what is longer is no tag (RFC 5646, 4.4.1).
pub(super) const LONGEST: usize = 35;

/// Whether a text has the shape of a tag: a language, then perhaps a script, a region and variants.
/// Private, extended and grandfathered tags are none: no browser asks for a page in one.
pub fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-').peekable();
    let is_language = parts
        .next()
        .is_some_and(|part| is_letters(part) && matches!(part.len(), 2 | 3 | 5..=8));
    parts.next_if(|part| is_letters(part) && part.len() == 4);
    parts.next_if(|part| is_region(part));
    text.len() <= LONGEST && is_language && parts.all(is_variant)
}

fn is_letters(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_region(part: &str) -> bool {
    (part.len() == 2 && is_letters(part)) || (part.len() == 3 && part.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_variant(part: &str) -> bool {
    let is_long = match part.len() {
        4 => part.as_bytes()[0].is_ascii_digit(),
        length => (5..=8).contains(&length),
    };
    is_long && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_looks_like_a_tag_is_none() {
        for tag in [
            "en",
            "gsw",
            "pt-BR",
            "zh-Hans",
            "zh-Hant-TW",
            "es-419",
            "de-CH-1996",
            "sl-rozaj-biske",
        ] {
            assert!(is_tag(tag), "{tag}");
        }
        for text in [
            "",
            "-",
            "e",
            "en-",
            "-en",
            "en--US",
            "en-old",
            "x-house",
            "i-klingon",
            "de.json",
            "de_DE",
            "de-a-extend",
            "abcd",
            "12",
            "en-US-Latn",
            "dé",
            "de-1x9!",
            "languages-in-general",
        ] {
            assert!(!is_tag(text), "{text}");
        }
        assert!(is_tag("de-abcdefgh-abcdefgh-abcdefgh-abcde"));
        assert!(!is_tag("de-abcdefgh-abcdefgh-abcdefgh-abcdef"), "too long");
    }
}
