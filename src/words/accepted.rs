//! What a browser says of its owner's languages.

use crate::words::tag;

/// The tags of an `Accept-Language` header, most wanted first (RFC 9110, 12.5.4). Whatever cannot
/// be read, is longer than any tag, is not wanted (`q=0`) or names any language (`*`) is left out.
pub(super) fn tags(header: &str) -> Vec<&str> {
    // No browser names that many; each costs a comparison with every language.
    const MOST: usize = 20;

    let mut tags: Vec<(&str, f32)> = header
        .split(',')
        .take(MOST)
        .filter_map(|part| {
            let mut part = part.split(';');
            let tag = part.next()?.trim();
            let weight = match part.next() {
                Some(weight) => weight.trim().strip_prefix("q=")?.parse().ok()?,
                None => 1.0,
            };
            let is_tag = (1..=tag::LONGEST).contains(&tag.len()) && tag != "*";
            (is_tag && weight > 0.0).then_some((tag, weight))
        })
        .collect();
    // Stable: of two that are wanted alike, the first.
    tags.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    tags.into_iter().map(|(tag, _)| tag).collect()
}

/// How well `offered` serves somebody who wants `wanted`: `None` for not at all.
pub(super) fn fit(wanted: &str, offered: &str) -> Option<u8> {
    if wanted.eq_ignore_ascii_case(offered) {
        return Some(2);
    }
    let is_same =
        language(wanted).eq_ignore_ascii_case(language(offered)) && is_traditional(wanted) == is_traditional(offered);
    is_same.then_some(1)
}

fn language(tag: &str) -> &str {
    tag.split('-').next().unwrap_or_default()
}

/// Whether a tag stands for Chinese in traditional characters, which a reader of simplified ones
/// does not simply read, nor the other way round.
fn is_traditional(tag: &str) -> bool {
    let has = |name: &str| tag.split('-').skip(1).any(|part| part.eq_ignore_ascii_case(name));
    language(tag).eq_ignore_ascii_case("zh")
        && (has("hant") || (!has("hans") && ["tw", "hk", "mo"].into_iter().any(has)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_comes_first() {
        assert_eq!(tags("de-CH, fr;q=0.5, en;q=0.8, *;q=0.1"), ["de-CH", "en", "fr"]);
        assert_eq!(tags("fr;q=0, ;q=1, x;p=1, de;q=high"), Vec::<&str>::new());
        assert_eq!(tags(""), Vec::<&str>::new());
    }

    #[test]
    fn what_is_longer_than_a_tag_is_passed_over() {
        let longest = format!("de-{}", "x".repeat(32));

        assert_eq!(tags(&format!("{longest}y, {longest}, fr")), [longest.as_str(), "fr"]);
    }

    #[test]
    fn a_region_is_served_by_its_language_but_scripts_are_told_apart() {
        assert_eq!(fit("de-CH", "de"), Some(1));
        assert_eq!(fit("pt", "pt-BR"), Some(1));
        assert_eq!(fit("PT-br", "pt-BR"), Some(2));
        assert_eq!(fit("zh-CN", "zh-Hans"), Some(1));
        assert_eq!(fit("zh-TW", "zh-Hans"), None);
        assert_eq!(fit("ZH-hk", "zh-Hans"), None);
        assert_eq!(fit("zh-Hans-HK", "zh-Hans"), Some(1));
        assert_eq!(fit("zh-Hant-CN", "zh-Hans"), None);
        assert_eq!(fit("den", "de"), None);
    }
}
