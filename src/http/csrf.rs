//! Whether a request that changes something was meant by the person whose cookies it carries
//! (product, section 7).

use std::time::Duration;

use hyper::header::COOKIE;
use subtle::ConstantTimeEq;

use crate::domain::Refusal;
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::Cx;

/// The header that carries the value.
pub const HEADER: &str = "x-csrf-token";
/// The form field that carries it.
pub const FIELD: &str = "csrf_token";

/// How long a browser keeps the CSRF value; every new pair of tokens starts it afresh.
const LIFETIME: Duration = Duration::from_hours(30 * 24);
/// When a page hands out a new value. Until one does, the old one is good for as long again.
const RENEWED: Duration = Duration::from_hours(30 * 24);

/// What a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Csrf {
    /// Nothing: the method changes nothing.
    Safe,
    /// The proof.
    Required,
    /// The proof, unless a bearer token stands for the caller: no other site can make a browser send one.
    RequiredWithoutBearer,
    /// The proof from a browser that has a cookie of ours; from others only that the request does not
    /// come from another site.
    ///
    /// What a sign-in without cookies could be misused for is to sign a person in to an account of the
    /// attacker's, and for that the answer's cookies must get into their browser. A browser says where
    /// a request comes from (`Sec-Fetch-Site`, `Origin`, on every POST), and another site is refused
    /// by that; it also asks before it sends JSON to another site, and gets no leave. Only programs
    /// say neither, and keep no cookies for anybody else.
    RequiredWithCookies,
    /// Only that the request does not come from another site, for the reason given.
    SameSite(&'static str),
    /// Nothing, for the reason given.
    Waived(&'static str),
}

impl Csrf {
    /// Checks a request against it.
    pub fn check(self, cx: &Cx) -> Result<(), Refusal> {
        match self {
            Self::Safe | Self::Waived(_) => Ok(()),
            Self::RequiredWithoutBearer if cx.bearer().is_some() => Ok(()),
            Self::SameSite(_) => same_site(cx),
            Self::RequiredWithCookies if !cx.has_cookies() => same_site(cx),
            Self::Required | Self::RequiredWithoutBearer | Self::RequiredWithCookies => prove(cx),
        }
    }
}

/// Takes a browser at its word: one that says where a request comes from must name this site.
fn same_site(cx: &Cx) -> Result<(), Refusal> {
    let origin = &cx.app.config.public_url.origin;
    let all_are = |name: &str, allowed: &[&str]| {
        cx.headers()
            .get_all(name)
            .iter()
            .all(|value| allowed.iter().any(|allowed| value.as_bytes() == allowed.as_bytes()))
    };
    if !all_are("sec-fetch-site", &["same-origin", "none"]) || !all_are("origin", &[origin]) {
        return Err(other_address(cx).unwrap_or(Refusal::CrossSite));
    }
    Ok(())
}

/// What to say where the browser vouches that the page was ours, and names another address than the site
/// has: somebody opened 127.0.0.1 in place of localhost, or a name without `www`.
fn other_address(cx: &Cx) -> Option<Refusal> {
    const LONGEST: usize = 100;

    let site = &cx.app.config.public_url.origin;
    let opened =
        only(cx, "origin").filter(|opened| says_same_origin(cx) && is_origin(opened) && opened.len() <= LONGEST)?;
    if cx.app.hourly.is_due("other address", opened, cx.now()) {
        tracing::warn!(
            public_url = site,
            opened,
            "the site is used under another address than PUBLIC_URL"
        );
    }
    Some(Refusal::OtherAddress {
        site: site.clone(),
        opened: opened.to_owned(),
    })
}

/// Scheme, host and perhaps a port, and nothing else.
fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else {
        return false;
    };
    let is_of_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
    matches!(scheme, "http" | "https") && !host.is_empty() && host.bytes().all(is_of_host)
}

fn prove(cx: &Cx) -> Result<(), Refusal> {
    // A page with `Referrer-Policy: no-referrer` makes its browser hide the origin. The browser
    // still tells whether it is the same.
    if !(is_hidden_origin(cx) && says_same_origin(cx)) {
        same_site(cx)?;
    }
    if cx.has_double(cookies::CSRF) {
        return Err(Refusal::CookieTwice);
    }
    // Equality alone proves little: a sibling domain can plant a cookie. It must also be ours.
    let Some(cookie) = cx.csrf_to_prove() else {
        let has_form_without_cookies = !cx.headers().contains_key(COOKIE) && !sent(cx).is_empty();
        return Err(if has_form_without_cookies {
            Refusal::CookiesBlocked
        } else {
            Refusal::CsrfInvalid
        });
    };
    if bool::from(cookie.as_bytes().ct_eq(sent(cx).as_bytes())) {
        Ok(())
    } else {
        Err(Refusal::CsrfInvalid)
    }
}

fn is_hidden_origin(cx: &Cx) -> bool {
    only(cx, "origin") == Some("null")
}

fn says_same_origin(cx: &Cx) -> bool {
    only(cx, "sec-fetch-site") == Some("same-origin")
}

/// The value of a header that came once.
fn only<'a>(cx: &'a Cx, name: &str) -> Option<&'a str> {
    let mut values = cx.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// The value the page or script sent beside the cookie. Never taken from the query string.
fn sent(cx: &Cx) -> &str {
    let mut values = cx.headers().get_all(HEADER).iter();
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => value.to_str().unwrap_or(""),
        (None | Some(_), None) => cx.form().map_or("", |form| form.get(FIELD)),
        (_, Some(_)) => "",
    }
}
impl Cx {
    /// The CSRF value for this browser's forms. Sets its cookie with the answer if the browser has none of ours.
    pub fn csrf(&self) -> String {
        // What is shown in the gallery does nothing: its forms name people who do not exist.
        if self.is_staged() {
            return String::new();
        }
        let find = || {
            let own = self.own_csrf().filter(|(_, age)| *age < RENEWED);
            own.map(|(value, _)| value).map_or_else(
                || {
                    let fresh = self.app.csrf.issue(self.now());
                    self.set_cookie(SetCookie::new(cookies::CSRF, fresh.clone(), LIFETIME));
                    fresh
                },
                str::to_owned,
            )
        };
        self.csrf_given().get_or_init(find).clone()
    }

    /// The CSRF value that the browser has from us, and how old it is.
    fn own_csrf(&self) -> Option<(&str, Duration)> {
        let value = self.cookie(cookies::CSRF)?;
        let age = self.app.csrf.age(value, self.now())?;
        (age < 2 * RENEWED).then_some((value, age))
    }

    /// The CSRF value that a request must prove: the browser's, if it is ours and not too old.
    pub(super) fn csrf_to_prove(&self) -> Option<&str> {
        self.own_csrf().map(|(value, _)| value)
    }

    /// Sets the CSRF cookie with the answer, so that it outlives the session that just began or went on.
    pub(super) fn renew_csrf(&self) {
        let value = self.csrf();
        self.set_cookie(SetCookie::new(cookies::CSRF, value, LIFETIME));
    }
}
