//! Where a browser goes after a step: a path on this origin, safe by construction.

/// A checked redirect target: path, query and fragment on the same origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// Characters a target may have.
    const LONGEST: usize = 2000;

    /// Accepts a path that every browser reads as a path on this origin (contract, http.md 6.1;
    /// WHATWG URL parsing). `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        let is_plain = |c: char| !c.is_control() && c != '\\' && !c.is_whitespace();
        if text.len() > Self::LONGEST || !text.chars().all(is_plain) || rest.starts_with('/') {
            return None;
        }
        // Dot segments before a slash would leave `//host` behind once a browser has removed them.
        let path = text.split(['?', '#']).next().unwrap_or(text);
        let dotted = |segment: &str| {
            let segment = segment.to_ascii_lowercase().replace("%2e", ".");
            segment == "." || segment == ".."
        };
        if path.contains("//") || path.split('/').any(dotted) {
            return None;
        }
        Some(Self(text.to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_query_and_fragment_is_kept() {
        for text in ["/", "/private", "/a/b?x=//y&z=%2f#top", "/ä?q=http://x", "/a..b/.c"] {
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
            "/a//b",
        ] {
            assert!(ReturnTo::parse(text).is_none(), "{text:?}");
        }
        assert!(ReturnTo::parse(&format!("/{}", "a".repeat(3000))).is_none());
    }
}
