//! Where a browser goes after a step: a path on this origin, safe by construction.

use percent_encoding::percent_decode_str;

/// A checked redirect target: path, query and fragment on the same origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Characters a target may have.
    const LONGEST: usize = 2000;

    /// Accepts a path that every browser reads as a path on this origin (contract, http.md 6.1;
    /// WHATWG URL parsing), also after something in between has decoded it once. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        if text.len() > Self::LONGEST || !text.chars().all(is_plain) || text.contains('\\') {
            return None;
        }
        let path = text.split(['?', '#']).next().unwrap_or(text);
        let is_safe = is_rooted(path.as_bytes()) && is_rooted(&decoded(path));
        is_safe.then(|| Self(text.to_owned()))
    }

    /// The target, to be put in `Location` or a link.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Only the path.
    pub fn path(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or(&self.0)
    }
}

/// Whether a path begins with one slash, and does so however it is tidied up: dot segments before a
/// slash would leave `//host` behind once a browser has removed them.
fn is_rooted(path: &[u8]) -> bool {
    let is_plain = |byte: &u8| !byte.is_ascii_control() && *byte != b'\\';
    let is_dotted = |segment: &[u8]| matches!(&*decoded_dots(segment), b"." | b"..");
    path.first() == Some(&b'/')
        && path.iter().all(is_plain)
        && !path.windows(2).any(|two| two == b"//")
        && !path.split(|byte| *byte == b'/').any(is_dotted)
}

/// A segment with `%2e` as browsers read it.
fn decoded_dots(segment: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(segment).to_ascii_lowercase();
    text.replace("%2e", ".").into_bytes()
}

/// A path with its escapes taken away once.
fn decoded(path: &str) -> Vec<u8> {
    percent_decode_str(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_query_and_fragment_is_kept() {
        for text in [
            "/",
            "/private",
            "/a/b?x=//y&z=%2f#top",
            "/ä?q=http://x",
            "/a..b/.c",
            "/files/a%2Fb%20c/100%",
            "/%c3%a4/%zz",
            "/@evil.example",
            "/a:b",
        ] {
            assert_eq!(ReturnTo::parse(text).expect(text).as_str(), text);
        }
    }

    #[test]
    fn nothing_that_could_leave_the_origin_passes() {
        for text in [
            "",
            "a",
            "//evil",
            "///evil",
            "/\\evil",
            "\\/evil",
            "https://evil",
            "javascript:alert(1)",
            " /a",
            "/a ",
            "/\t/evil",
            "/a\n",
            "/a\0",
            "/\u{85}",
            "/.//evil",
            "/a/..//evil",
            "/%2e%2e//evil",
            "/%2E/",
            "/./x",
            "/\u{7f}",
            "/\u{2028}/evil",
            "/a//b",
            "/%2fevil",
            "/%2F/evil",
            "/%5cevil",
            "/%5C/evil",
            "/%09/evil",
            "/%0d%0aset-cookie:x",
            "/a%00",
            "/x%2f..%2f%2fevil",
            "/%2e%2e%2f%2fevil",
            "/%252e%252e/x",
            "http:/evil",
            "https:evil",
            ":evil",
            "@evil",
            "?//evil",
            "#//evil",
        ] {
            assert!(ReturnTo::parse(text).is_none(), "{text:?}");
        }
        assert!(ReturnTo::parse(&format!("/{}", "a".repeat(3000))).is_none());
    }

    /// Where a browser goes from here, read by the letter of WHATWG's rules, or a program that tidies
    /// paths up before it redirects.
    fn leaves(text: &str) -> bool {
        let text = text.trim_matches(|c: char| c <= ' ').replace(['\t', '\n', '\r'], "");
        let path = text.split(['?', '#']).next().unwrap_or("").replace('\\', "/");
        if !path.starts_with('/') || path.starts_with("//") {
            return true;
        }
        let mut kept: Vec<&str> = Vec::new();
        for segment in path[1..].split('/') {
            match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
                "." => {}
                ".." => drop(kept.pop()),
                _ => kept.push(segment),
            }
        }
        kept.len() > 1 && kept[0].is_empty()
    }

    #[test]
    fn r065_no_combination_of_tricks_passes() {
        let tricks = [
            "/", "\\", ".", "..", "\t", " ", "%2e", "%2F", "%5c", "%09", "%", "2f", "@", ":", "?", "#", "a",
        ];
        let mut texts = vec![String::new()];
        let mut taken = 0;
        for _ in 0..4 {
            texts = texts
                .iter()
                .flat_map(|text| tricks.map(|trick| format!("{text}{trick}")))
                .collect();
            for text in texts.iter().filter_map(|text| ReturnTo::parse(&format!("/{text}"))) {
                let once_more = String::from_utf8_lossy(&decoded(text.path())).into_owned();
                assert!(!leaves(text.as_str()) && !leaves(&once_more), "{}", text.as_str());
                taken += 1;
            }
        }
        assert!(taken > 1000, "it is not so that nothing passes: {taken}");
    }
}
