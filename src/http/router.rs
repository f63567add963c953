//! From method and path to a row of the table. Paths are compared as they were sent: nothing is
//! decoded, cleaned or completed, so no two spellings lead to one place.

use std::collections::HashMap;

use hyper::Method;

use crate::http::cx::PathMatch;
use crate::http::route::Route;

/// The table, ready to be asked.
pub struct Router {
    routes: Vec<Route>,
    /// Patterns without places, by their text.
    fixed: HashMap<&'static str, Vec<usize>>,
    /// Patterns with places, in segments.
    open: Vec<(Vec<&'static str>, usize)>,
}

/// What the table says.
pub enum Found<'r> {
    /// This row.
    Route(&'r Route, PathMatch),
    /// The path is known; these methods fit it, for `Allow`.
    OtherMethods(String, PathMatch),
    /// No such path.
    Nothing,
}

impl Router {
    /// Prepares a table.
    pub fn new(routes: Vec<Route>) -> Self {
        let mut fixed: HashMap<_, Vec<_>> = HashMap::new();
        let mut open = Vec::new();
        for (index, route) in routes.iter().enumerate() {
            if route.pattern.contains('{') {
                open.push((route.pattern.split('/').collect(), index));
            } else {
                fixed.entry(route.pattern).or_default().push(index);
            }
        }
        Self { routes, fixed, open }
    }

    /// Asks for a row. HEAD is answered by the row for GET. A pattern without places comes before those with some.
    pub fn find(&self, method: &Method, path: &str) -> Found<'_> {
        let fitting: Vec<usize> = match self.fixed.get(path) {
            Some(fixed) => fixed.clone(),
            None if is_plain(path) => self.fitting(path),
            None => Vec::new(),
        };
        if fitting.is_empty() {
            return Found::Nothing;
        }
        let wanted = if method == Method::HEAD { &Method::GET } else { method };
        let routes = || fitting.iter().map(|index| &self.routes[*index]);
        routes().find(|route| route.method == *wanted).map_or_else(
            || {
                Found::OtherMethods(
                    allow(routes().map(|route| &route.method)),
                    path_match(&self.routes[fitting[0]], path, false),
                )
            },
            |route| {
                let has_page = routes().any(|route| route.method == Method::GET);
                Found::Route(route, path_match(route, path, has_page))
            },
        )
    }

    fn fitting(&self, path: &str) -> Vec<usize> {
        let segments: Vec<&str> = path.split('/').collect();
        self.open
            .iter()
            .filter(|(pattern, _)| fits(pattern, &segments))
            .map(|(_, index)| *index)
            .collect()
    }
}

/// Whether a path has one reading only: no escapes, no empty or dotted segments.
fn is_plain(path: &str) -> bool {
    let is_odd = |segment: &str| matches!(segment, "" | "." | "..");
    !path.contains(['%', '\\']) && !path.split('/').skip(1).any(is_odd)
}

fn fits(pattern: &[&str], segments: &[&str]) -> bool {
    pattern.len() == segments.len()
        && pattern
            .iter()
            .zip(segments)
            .all(|(pattern, segment)| pattern.starts_with('{') || pattern == segment)
}

fn path_match(route: &Route, path: &str, has_page: bool) -> PathMatch {
    let pattern = route.pattern;
    let name = |segment: &'static str| segment.strip_prefix('{')?.strip_suffix('}');
    let places = pattern
        .split('/')
        .zip(path.split('/'))
        .filter_map(|(pattern, segment)| Some((name(pattern)?, segment.to_owned())))
        .collect();
    PathMatch {
        pattern,
        moved_to: route.older.map(|older| older.now),
        answers: route.rules.answers,
        has_page,
        places,
    }
}

fn allow<'a>(methods: impl Iterator<Item = &'a Method>) -> String {
    let mut names: Vec<&str> = methods.map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use super::*;
    use crate::domain::Anyone;
    use crate::flows::Result;
    use crate::http::cx::Cx;
    use crate::http::reply::Reply;
    use crate::http::route::anyone;

    async fn nothing(_: Cx, _: Anyone) -> Result<Reply> {
        Ok(Reply::empty(StatusCode::OK))
    }

    fn router() -> Router {
        Router::new(vec![
            anyone().get("/auth/login", nothing),
            anyone().post("/auth/login", nothing),
            anyone().post("/auth/sessions/revoke", nothing),
            anyone().post("/auth/sessions/{session}/revoke", nothing),
            anyone().post("/auth/members/{member}", nothing),
            anyone().post("/auth/members/others", nothing),
        ])
    }

    fn found(method: &Method, path: &str) -> String {
        match router().find(method, path) {
            Found::Route(_, path) => format!("{} {:?}", path.pattern, path.places),
            Found::OtherMethods(allow, _) => format!("allow {allow}"),
            Found::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn a_row_is_found_by_method_and_path() {
        assert_eq!(found(&Method::POST, "/auth/login"), "/auth/login []");
        assert_eq!(
            found(&Method::POST, "/auth/sessions/abc/revoke"),
            "/auth/sessions/{session}/revoke [(\"session\", \"abc\")]"
        );
        assert_eq!(
            found(&Method::POST, "/auth/sessions/revoke"),
            "/auth/sessions/revoke []"
        );
    }

    #[test]
    fn a_pattern_without_places_comes_first() {
        assert_eq!(found(&Method::POST, "/auth/members/others"), "/auth/members/others []");
        assert_eq!(
            found(&Method::POST, "/auth/members/a"),
            "/auth/members/{member} [(\"member\", \"a\")]"
        );
    }

    #[test]
    fn head_is_answered_where_get_is() {
        assert_eq!(found(&Method::HEAD, "/auth/login"), "/auth/login []");
        assert_eq!(found(&Method::HEAD, "/auth/sessions/revoke"), "allow POST");
    }

    #[test]
    fn another_method_is_told_which_ones_fit() {
        assert_eq!(found(&Method::TRACE, "/auth/login"), "allow GET, HEAD, POST");
        assert_eq!(found(&Method::GET, "/auth/sessions/a/revoke"), "allow POST");
    }

    #[test]
    fn no_second_spelling_of_a_path_leads_anywhere() {
        for path in [
            "/auth/login/",
            "//auth/login",
            "/auth//login",
            "/auth/./login",
            "/auth/x/../login",
            "/auth/%6cogin",
            "/auth%2flogin",
            "/AUTH/login",
            "/auth/login;x",
            "/auth/sessions//revoke",
            "/auth/sessions/%61/revoke",
            "/auth/sessions/../revoke",
            "/auth/sessions/a%2fb/revoke",
            "/auth/sessions/a\\b/revoke",
            "/auth/sessions/a/b/revoke",
            "*",
            "",
        ] {
            assert_eq!(found(&Method::POST, path), "nothing", "{path}");
        }
    }
}
