//! Answers, before headers and cookies are put on.
//!
//! `Clear-Site-Data` is deliberately absent: every answer about a person is `no-store` already, and
//! the header would empty the application's cache as well.

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, VARY};
use hyper::{HeaderMap, StatusCode};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::domain::device::Device;
use crate::domain::return_to::ReturnTo;
use crate::domain::{PasswordMark, UserId};
use crate::flows::tokens::{FreshTokens, Renewed, SignedIn, Tokens};
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::{self, Cx};
use crate::http::flash::{Flash, FlashKind};

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) cookies: Vec<SetCookie>,
}

impl Reply {
    /// Nothing but a status.
    pub fn empty(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            cookies: Vec::new(),
        }
    }

    /// A body of some type.
    pub fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut reply = Self::empty(status);
        reply
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        reply.body = body.into();
        reply
    }

    /// A JSON value.
    ///
    /// # Panics
    /// If the value has no JSON form: our types are structs of text, numbers and lists, which have.
    pub fn json<T: Serialize>(status: StatusCode, value: &T) -> Self {
        let mut body = serde_json::to_vec(value).expect("plain structs have a JSON form");
        body.push(b'\n');
        Self::bytes(status, "application/json", body)
    }

    /// A page, or a part of one for HTMX.
    pub fn html(status: StatusCode, body: String) -> Self {
        Self::bytes(status, "text/html; charset=utf-8", body).header(VARY, HeaderValue::from_static("hx-request"))
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds a header, replacing one of the same name.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets a cookie.
    #[must_use]
    pub fn cookie(mut self, cookie: SetCookie) -> Self {
        self.cookies.retain(|other| other.cookie() != cookie.cookie());
        self.cookies.push(cookie);
        self
    }

    /// Gives the browser of somebody who has just signed in their tokens, and lets it be known again.
    #[must_use]
    pub fn signed_in(self, cx: &Cx, signed_in: &SignedIn) -> Self {
        cx.note_user(signed_in.user.id);
        self.tokens(cx, &signed_in.tokens)
            .known_to(cx, signed_in.user.id, signed_in.password)
    }

    /// Lets the browser be known again to an account whose password was proved with it.
    fn known_to(self, cx: &Cx, user: UserId, password: Option<PasswordMark>) -> Self {
        let Some(mark) = password else { return self };
        let device = cx.device().unwrap_or_else(|| cx.app.new_device());
        self.cookie(device_cookie(cx, &device.after_sign_in(user, mark)))
    }

    /// Gives the browser a pair of tokens and starts the CSRF cookie's life afresh.
    #[must_use]
    pub fn tokens(self, cx: &Cx, tokens: &Tokens) -> Self {
        cx.renew_csrf();
        let [access, refresh] = pair(tokens);
        self.cookie(access).cookie(refresh)
    }

    /// Gives the browser the fresh tokens of a session that goes on, and lets it be known again.
    #[must_use]
    pub fn renewed(self, cx: &Cx, renewed: &Renewed) -> Self {
        let reply = match &renewed.tokens {
            FreshTokens::Pair(tokens) => self.tokens(cx, tokens),
            FreshTokens::Access { token, ttl } => self.cookie(SetCookie::new(cookies::ACCESS, token.expose(), *ttl)),
        };
        reply.known_to(cx, renewed.user, renewed.password)
    }

    /// Takes the tokens from the browser. The CSRF value stays: it belongs to the browser, not to the session.
    #[must_use]
    pub fn clear_session(self, _cx: &Cx) -> Self {
        self.cookie(SetCookie::clear(cookies::ACCESS))
            .cookie(SetCookie::clear(cookies::REFRESH))
    }

    /// Takes from the browser of somebody whose account is no more whatever it knows of them.
    #[must_use]
    pub fn forgets(self, cx: &Cx, user: UserId) -> Self {
        let reply = self.clear_session(cx);
        let Some(device) = cx.device() else { return reply };
        reply.cookie(match device.without(user) {
            Some(device) => device_cookie(cx, &device),
            None => SetCookie::clear(cookies::DEVICE),
        })
    }

    /// Leaves a notice for the next page of this browser.
    #[must_use]
    pub fn flash(self, cx: &Cx, kind: FlashKind, text: &str) -> Self {
        let value = Flash::wrap(&cx.app, kind, text, &cx.csrf(), cx.now());
        self.cookie(SetCookie::new(cookies::FLASH, value, Flash::LIFETIME))
    }

    /// The status.
    pub const fn status(&self) -> StatusCode {
        self.status
    }
}

/// Where people prove the address of their account (contract v0.22, section 3).
pub(super) const VERIFY_EMAIL: &str = "/auth/verify-email";

impl Cx {
    /// Sends the browser on: 303, or `HX-Redirect` for HTMX, which would otherwise swap the target
    /// page into the present one.
    pub fn redirect(&self, target: &ReturnTo) -> Reply {
        let target = ascii(target.as_str());
        let Ok(target) = HeaderValue::try_from(target) else {
            return Reply::empty(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let reply = if self.is_htmx() {
            Reply::empty(StatusCode::OK).header(HeaderName::from_static("hx-redirect"), target)
        } else {
            Reply::empty(StatusCode::SEE_OTHER).header(LOCATION, target)
        };
        reply.header(VARY, HeaderValue::from_static("hx-request"))
    }

    /// The way to the sign-in page and from there to `target`.
    pub fn by_login(&self, target: Option<&ReturnTo>) -> ReturnTo {
        self.by_way_of("/auth/login", target)
    }

    /// The way to the page where one proves the address of one's account, and from there to `target`.
    pub fn by_proof_of_address(&self, target: Option<&ReturnTo>) -> ReturnTo {
        self.by_way_of(VERIFY_EMAIL, target)
    }

    pub(super) fn by_way_of(&self, page: &str, target: Option<&ReturnTo>) -> ReturnTo {
        let with_target = target.and_then(|target| {
            let target: String = form_urlencoded::byte_serialize(target.as_str().as_bytes()).collect();
            ReturnTo::parse(&format!("{page}?return_to={target}"))
        });
        with_target
            .or_else(|| ReturnTo::parse(page))
            .unwrap_or_else(|| self.app.config.default_return_to.clone())
    }
}

fn device_cookie(cx: &Cx, device: &Device) -> SetCookie {
    SetCookie::new(
        cookies::DEVICE,
        cx.app.device.wrap(&device.text(), "", cx.now()),
        cx::DEVICE_LIFETIME,
    )
}

/// The two cookies of a session.
pub(super) fn pair(tokens: &Tokens) -> [SetCookie; 2] {
    [
        SetCookie::new(cookies::ACCESS, tokens.access.expose(), tokens.access_ttl),
        SetCookie::new(cookies::REFRESH, tokens.refresh.expose(), tokens.refresh_ttl),
    ]
}

/// A target as a header can carry it: everything beyond ASCII in its percent form.
fn ascii(target: &str) -> String {
    const NOT_GRAPHIC: &AsciiSet = &CONTROLS.add(b' ');

    utf8_percent_encode(target, NOT_GRAPHIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_beyond_ascii_travels_in_its_percent_form() {
        assert_eq!(ascii("/ä?q=%20&x=ö#z"), "/%C3%A4?q=%20&x=%C3%B6#z");
        assert_eq!(ascii("/a b\u{7f}~\"%"), "/a%20b%7F~\"%");
    }

    #[test]
    fn json_ends_with_a_line_feed_and_has_its_type() {
        let reply = Reply::json(StatusCode::OK, &["a"]);

        assert_eq!(&reply.body[..], b"[\"a\"]\n");
        assert_eq!(reply.headers[CONTENT_TYPE], "application/json");
    }
}
