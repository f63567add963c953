//! The cookies of this server: their names, how they are read, how they are set.
//!
//! Names and attributes are the contract's (http.md, section 2). `Secure` follows the public URL.

use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{COOKIE, HeaderValue};
use time::macros::format_description;

use crate::config::Config;
use crate::domain::{Secret, Timestamp};

/// One of our cookies, as a name without prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cookie {
    name: &'static str,
    is_readable_by_scripts: bool,
    /// Whether it only changes how pages look, so that it does not matter who set it.
    is_cosmetic: bool,
}

/// The access token.
pub const ACCESS: Cookie = Cookie::hidden("authara_access");
/// The refresh token.
pub const REFRESH: Cookie = Cookie::hidden("authara_refresh");
/// The CSRF value; the one cookie that scripts must be able to read.
pub const CSRF: Cookie = Cookie {
    is_readable_by_scripts: true,
    ..Cookie::hidden("authara_csrf")
};
/// A notice for the next page.
pub const FLASH: Cookie = Cookie::cosmetic("authara_flash");

/// How often somebody who is signed in came to the sign-in page within seconds.
pub const ARRIVALS: Cookie = Cookie::cosmetic("authara_arrivals");

/// The browser itself, once somebody has signed in with it.
pub const DEVICE: Cookie = Cookie::hidden("authara_device");

/// The language that somebody chose on a page.
pub const LANGUAGE: Cookie = Cookie::cosmetic("authara_lang");

/// Light or dark, if somebody chose one of them on a page.
pub const THEME: Cookie = Cookie::cosmetic("authara_theme");

/// An attempt to get in that needs more than one step.
pub const ENTRY: Cookie = Cookie::hidden("authara_entry");

/// Every cookie this server reads.
pub const ALL: [Cookie; 9] = [ACCESS, REFRESH, CSRF, FLASH, ARRIVALS, DEVICE, LANGUAGE, THEME, ENTRY];

impl Cookie {
    const fn hidden(name: &'static str) -> Self {
        Self {
            name,
            is_readable_by_scripts: false,
            is_cosmetic: false,
        }
    }

    const fn cosmetic(name: &'static str) -> Self {
        Self {
            is_cosmetic: true,
            ..Self::hidden(name)
        }
    }

    /// Whether it only changes how pages look.
    pub const fn is_cosmetic(self) -> bool {
        self.is_cosmetic
    }

    /// The name without the configured prefix.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// Our cookies as one request brought them.
#[derive(Debug, Default)]
pub struct Jar {
    values: Vec<(Cookie, Secret)>,
}

impl Jar {
    /// Picks our cookies from a request; all others are somebody else's.
    pub fn read(headers: &HeaderMap, prefix: &str) -> Self {
        let mut jar = Self::default();
        let pairs = headers
            .get_all(COOKIE)
            .iter()
            .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        for pair in pairs {
            let mut halves = pair.trim_ascii().splitn(2, |byte| *byte == b'=');
            let (Some(name), Some(value)) = (halves.next(), halves.next()) else {
                continue;
            };
            let Some(name) = name.strip_prefix(prefix.as_bytes()) else {
                continue;
            };
            let Some(cookie) = ALL.into_iter().find(|cookie| cookie.name.as_bytes() == name) else {
                continue;
            };
            jar.values.push((cookie, Secret::new(String::from_utf8_lossy(value))));
        }
        jar
    }

    /// The value of a cookie. Empty counts as absent, and so does one that came twice.
    pub fn get(&self, cookie: Cookie) -> Option<&str> {
        let mut found = self.values.iter().filter(|(found, _)| *found == cookie);
        let (Some((_, value)), None) = (found.next(), found.next()) else {
            return None;
        };
        Some(value.expose()).filter(|value| !value.is_empty())
    }

    /// Whether there is none of ours.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Those that came twice. A sibling domain may have planted the second, and there is no telling
    /// which is which (RFC 6265, 8.6), so neither is used.
    pub fn doubles(&self) -> impl Iterator<Item = Cookie> + '_ {
        let count = |cookie| self.values.iter().filter(|(found, _)| *found == cookie).count();
        ALL.into_iter().filter(move |cookie| count(*cookie) > 1)
    }
}

/// A cookie to be set or cleared.
#[derive(Debug, Clone)]
pub struct SetCookie {
    cookie: Cookie,
    value: Secret,
    max_age: Duration,
    /// The path of the request, where every form of the cookie is meant that this host may clear,
    /// and not only ours.
    everywhere_on: Option<String>,
}

impl SetCookie {
    /// Sets `cookie` for `max_age`.
    pub fn new(cookie: Cookie, value: impl Into<String>, max_age: Duration) -> Self {
        Self {
            cookie,
            value: Secret::new(value),
            max_age,
            everywhere_on: None,
        }
    }

    /// Removes `cookie`.
    pub fn clear(cookie: Cookie) -> Self {
        Self::new(cookie, "", Duration::ZERO)
    }

    /// Removes `cookie` in whatever form this host may and a browser sends to `path`: as ours, of the
    /// paths on the way there, and of every domain above this host.
    pub fn clear_everywhere(cookie: Cookie, path: &str) -> Self {
        Self {
            everywhere_on: Some(path.to_owned()),
            ..Self::clear(cookie)
        }
    }

    /// Whether it clears more than our own form of the cookie.
    pub(super) fn is_everywhere(&self) -> bool {
        self.everywhere_on.is_some()
    }

    /// Which cookie it is about.
    pub const fn cookie(&self) -> Cookie {
        self.cookie
    }

    /// The `Set-Cookie` lines: one, or one for each form to clear and ours last. None if the value does
    /// not fit a header, which no value of ours does.
    pub fn lines(&self, config: &Config, now: Timestamp) -> Vec<HeaderValue> {
        let others = self.everywhere_on.iter().flat_map(|path| {
            let forms = forms(&config.cookie_prefix, &config.public_url.host, path);
            forms.into_iter().map(|form| self.clearing(&form, config))
        });
        let lines = others.chain(std::iter::once(self.line(config, now)));
        let lines = lines.filter_map(|line| HeaderValue::try_from(line).ok());
        lines
            .map(|mut line| {
                line.set_sensitive(true);
                line
            })
            .collect()
    }

    fn line(&self, config: &Config, now: Timestamp) -> String {
        let mut line = format!(
            "{}{}={}; Path=/; Max-Age={}; Expires={}; SameSite=Lax",
            config.cookie_prefix,
            self.cookie.name,
            self.value.expose(),
            self.max_age.as_secs(),
            expires(self.max_age, now),
        );
        if !self.cookie.is_readable_by_scripts {
            line.push_str("; HttpOnly");
        }
        if config.public_url.is_https {
            line.push_str("; Secure");
        }
        line
    }

    /// Removes another form of the cookie. There are many such lines, and proxies that take few kilobytes.
    fn clearing(&self, form: &Form, config: &Config) -> String {
        let mut line = format!("{}{}={}; Max-Age=0", config.cookie_prefix, self.cookie.name, form.place);
        if form.is_partitioned {
            line.push_str("; Secure; Partitioned");
        } else if config.public_url.is_https {
            line.push_str("; Secure");
        }
        line
    }
}

/// To a browser, cookies of one name that differ in these are two.
struct Form {
    /// `Path` and `Domain`.
    place: String,
    /// Whether it is kept apart for each site it is embedded in (CHIPS). We set none, a neighbour may.
    is_partitioned: bool,
}

/// The forms of a cookie that a browser sends to `path` on this host and lets it clear: of each folder on
/// the way, three at most, of the path itself, and of each domain above, both partitioned and not. Browsers
/// pass over the domains that are nobody's, such as `com`.
fn forms(prefix: &str, host: &str, path: &str) -> Vec<Form> {
    /// Segments that no route of ours has more of without a place in it.
    const DEEPEST: usize = 3;

    // Such a name has our form only, which comes last anyway.
    if prefix == "__Host-" {
        return Vec::new();
    }
    let is_name = host.parse::<std::net::IpAddr>().is_err() && !host.contains(':');
    let dots = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
    let domains = std::iter::once(host)
        .chain(dots)
        .filter(|domain| is_name && domain.contains('.'));
    let domains = domains.map(|domain| format!("; Domain={domain}"));
    let domains: Vec<String> = std::iter::once(String::new()).chain(domains).collect();
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
    // Each folder on the way, with and without its last slash: to a browser those are two.
    let folders = path.match_indices('/').skip(1).flat_map(|(at, _)| [at, at + 1]);
    let ends = folders
        .take(2 * DEEPEST)
        .chain([path.len()])
        .filter(|end| is_plain && *end > 1);
    let mut paths: Vec<&str> = std::iter::once("/").chain(ends.map(|end| &path[..end])).collect();
    paths.dedup();
    let places = || {
        let of_path = |path| domains.iter().map(move |domain| format!("; Path={path}{domain}"));
        paths.iter().flat_map(of_path)
    };
    let form = |is_partitioned| move |place| Form { place, is_partitioned };
    places().map(form(true)).chain(places().map(form(false))).collect()
}

/// The end of a cookie's life as HTTP writes dates; the epoch for one that is cleared.
fn expires(max_age: Duration, now: Timestamp) -> String {
    let end = if max_age.is_zero() {
        Timestamp::from_seconds(0)
    } else {
        now + max_age
    };
    end.written(format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing;

    fn jar(lines: &[&'static str], prefix: &str) -> Jar {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        Jar::read(&headers, prefix)
    }

    #[test]
    fn our_cookies_are_found_among_others() {
        let jar = jar(
            &["a=b; authara_access=one=two; x", "authara_csrf=c;authara_refresh="],
            "",
        );

        assert_eq!(jar.get(ACCESS), Some("one=two"));
        assert_eq!(jar.get(CSRF), Some("c"));
        assert_eq!(jar.get(REFRESH), None);
        assert_eq!(jar.doubles().count(), 0);
    }

    #[test]
    fn a_cookie_that_comes_twice_is_noticed_whatever_its_values() {
        for lines in [
            &["authara_access=a; authara_access=a"][..],
            &["authara_access=a; authara_access="],
            &["authara_access=; authara_access=a"],
            &["authara_access=a", "b=c; authara_access=d"],
        ] {
            assert_eq!(jar(lines, "").doubles().collect::<Vec<_>>(), [ACCESS], "{lines:?}");
        }
        assert_eq!(jar(&["other=a; other=b"], "").doubles().count(), 0);
    }

    #[test]
    fn of_a_cookie_that_comes_twice_neither_is_used() {
        let jar = jar(&["authara_csrf=a; authara_csrf=a; authara_access=b"], "");

        assert_eq!((jar.get(CSRF), jar.get(ACCESS)), (None, Some("b")));
    }

    #[test]
    fn with_a_prefix_only_prefixed_names_are_ours() {
        let jar = jar(&["authara_access=plain; __Host-authara_access=safe"], "__Host-");

        assert_eq!(jar.get(ACCESS), Some("safe"));
        assert_eq!(jar.doubles().count(), 0);
    }

    #[test]
    fn a_cookie_is_host_only_lax_and_hidden_from_scripts_except_the_csrf_value() {
        let config = testing::config("https://example.com");
        let now = Timestamp::from_seconds(1_700_000_000);
        let line = |cookie| {
            let lines = SetCookie::new(cookie, "v", Duration::from_mins(10)).lines(&config, now);
            lines[0].to_str().expect("text").to_owned()
        };

        assert_eq!(
            line(ACCESS),
            "authara_access=v; Path=/; Max-Age=600; Expires=Tue, 14 Nov 2023 22:23:20 GMT; SameSite=Lax; HttpOnly; Secure"
        );
        assert!(!line(CSRF).contains("HttpOnly"));
        assert!(!line(CSRF).contains("Domain"));
    }

    #[test]
    fn clearing_ends_the_cookie_in_both_ways_browsers_know() {
        let config = testing::config("http://localhost:8080");

        let lines = SetCookie::clear(REFRESH).lines(&config, Timestamp::from_seconds(1_700_000_000));

        assert_eq!(
            lines[0].to_str().expect("text"),
            "authara_refresh=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; SameSite=Lax; HttpOnly"
        );
    }

    #[test]
    fn what_clears_other_forms_is_short_and_comes_before_our_own() {
        let config = testing::config("http://localhost:8080");

        let lines = SetCookie::clear_everywhere(CSRF, "/auth").lines(&config, Timestamp::from_seconds(0));

        let lines: Vec<_> = lines.iter().map(|line| line.to_str().expect("text")).collect();
        assert_eq!(
            lines[..4],
            [
                "authara_csrf=; Path=/; Max-Age=0; Secure; Partitioned",
                "authara_csrf=; Path=/auth; Max-Age=0; Secure; Partitioned",
                "authara_csrf=; Path=/; Max-Age=0",
                "authara_csrf=; Path=/auth; Max-Age=0",
            ]
        );
        assert!(
            lines[4].starts_with("authara_csrf=; Path=/; Max-Age=0; Expires="),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 5);
    }

    #[test]
    fn a_planted_cookie_is_cleared_wherever_this_host_may() {
        let all = |prefix, host, path| {
            let (partitioned, others): (Vec<_>, Vec<_>) = forms(prefix, host, path)
                .into_iter()
                .partition(|form| form.is_partitioned);
            let places = |forms: Vec<Form>| forms.into_iter().map(|form| form.place).collect::<Vec<_>>().join(" ");
            let others = places(others);
            assert_eq!(places(partitioned), others);
            others
        };

        assert_eq!(
            all("", "login.example.com", "/auth/login"),
            "; Path=/ ; Path=/; Domain=login.example.com ; Path=/; Domain=example.com \
             ; Path=/auth ; Path=/auth; Domain=login.example.com ; Path=/auth; Domain=example.com \
             ; Path=/auth/ ; Path=/auth/; Domain=login.example.com ; Path=/auth/; Domain=example.com \
             ; Path=/auth/login ; Path=/auth/login; Domain=login.example.com ; Path=/auth/login; Domain=example.com"
        );
        for host in ["localhost", "127.0.0.1", "[::1]"] {
            assert_eq!(all("", host, "/auth/"), "; Path=/ ; Path=/auth ; Path=/auth/", "{host}");
        }
        assert_eq!(
            all("", "localhost", "/auth/api/v1/user"),
            "; Path=/ ; Path=/auth ; Path=/auth/ ; Path=/auth/api ; Path=/auth/api/ ; Path=/auth/api/v1 \
             ; Path=/auth/api/v1/ ; Path=/auth/api/v1/user"
        );
        assert_eq!(all("", "localhost", "/a;b"), "; Path=/");
        assert_eq!(all("__Host-", "login.example.com", "/auth/login"), "");
    }
}
