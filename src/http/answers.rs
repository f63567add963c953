//! What a route answers with.

/// Who reads the answers of a route, and so what a refusal there looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// A person: pages, and JSON for a page's own scripts.
    Page,
    /// A program: JSON in, JSON out, never a page.
    Json,
    /// A machine that watches: JSON, and nothing about a person.
    Probe,
    /// A browser that loads what pages are made of. It may keep the answer, so no cookie is set.
    File,
}

impl Answers {
    /// For a path that no route has: the one look at a path.
    pub fn of_unknown(path: &str) -> Self {
        let is_below = |root: &str| {
            let rest = path.strip_prefix(root);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if is_below("/auth/api") || is_below("/auth/internal") {
            Self::Json
        } else {
            Self::Page
        }
    }
}
