//! Bearer tokens, as a request shows them (RFC 6750, 2.1).

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

const SCHEME: &[u8] = b"bearer";

/// A bearer token, or what should have been one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization<'a> {
    /// One token.
    Bearer(&'a str),
    /// None after the word, or several. It is nobody's, and takes the place of all cookies too.
    Malformed,
}

impl<'a> Authorization<'a> {
    /// What the headers say; `None` if they name no bearer token. Other schemes are for whatever
    /// stands in front of this server.
    pub fn read(headers: &'a HeaderMap) -> Option<Self> {
        let lines = headers.get_all(AUTHORIZATION).iter();
        let mut tokens = lines.filter_map(|line| {
            let line = line.as_bytes().trim_ascii();
            let (scheme, rest) = line.split_at(line.len().min(SCHEME.len()));
            let is_bearer = scheme.eq_ignore_ascii_case(SCHEME) && rest.first().is_none_or(u8::is_ascii_whitespace);
            is_bearer.then(|| rest.trim_ascii())
        });
        let first = tokens.next()?;
        let only = tokens.next().is_none().then_some(first);
        let token = only.and_then(|token| std::str::from_utf8(token).ok());
        let token = token.filter(|token| !token.is_empty());
        Some(token.map_or(Self::Malformed, Self::Bearer))
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn read(lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(AUTHORIZATION, HeaderValue::from_static(line));
        }
        format!("{:?}", Authorization::read(&headers))
    }

    #[test]
    fn one_token_is_read_and_everything_like_it_is_malformed() {
        assert_eq!(read(&["Bearer a.b"]), "Some(Bearer(\"a.b\"))");
        assert_eq!(read(&["bEaReR  a.b ", "Basic YTpi"]), "Some(Bearer(\"a.b\"))");
        for lines in [
            &["Bearer"][..],
            &["Bearer "],
            &["Bearer a", "Bearer a"],
            &["Bearer a", "bearer"],
        ] {
            assert_eq!(read(lines), "Some(Malformed)", "{lines:?}");
        }
        for lines in [&[][..], &["Basic YTpi"], &["Bearers a"], &["Bear"], &[""]] {
            assert_eq!(read(lines), "None", "{lines:?}");
        }
    }
}
