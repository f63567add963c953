//! What an operator types to find people. Only what an index can answer, so that it takes as long among
//! a million as among ten.

/// A search among users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Whose address has this domain, all of it.
    Domain(String),
    /// Whose address or username begins with this.
    Beginning(String),
}

impl Search {
    /// Reads a search, letters in any case: `@example.com` is a domain, anything else a beginning.
    /// `None` if no address and no username can fit.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        Some(match text.strip_prefix('@') {
            Some(domain) => Self::Domain(domain.to_owned()),
            None => Self::Beginning(text),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_for_a_domain_or_a_beginning() {
        assert_eq!(
            Search::parse(" @Example.com"),
            Some(Search::Domain("example.com".to_owned()))
        );
        assert_eq!(Search::parse("Ada_L%"), Some(Search::Beginning("ada_l%".to_owned())));
        for text in ["ä", "ada l", "a\0"] {
            assert_eq!(Search::parse(text), None, "{text:?}");
        }
    }
}
