//! One request, as a handler sees it.

use std::str::FromStr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{ACCEPT_LANGUAGE, REFERER};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method, Version};

use crate::app::App;
use crate::domain::device::Device;
use crate::domain::return_to::ReturnTo;
use crate::domain::{Audience, By, Client, Refusal, Secret, Timestamp, UserId};
use crate::flows::Result;
use crate::http::answers::Answers;
use crate::http::authorization::Authorization;
use crate::http::cookies::{self, Cookie, Jar, SetCookie};
use crate::http::flash::{Flash, FlashKind};
use crate::http::form::Form;
use crate::http::site::Site;
use crate::http::theme::Theme;
use crate::words::Phrases;

/// How long a browser remembers that an account was signed in to with it; every sign-in starts it afresh.
pub(super) const DEVICE_LIFETIME: Duration = Duration::from_hours(365 * 24);

/// App and request. Cheap to clone; all clones are the same request.
#[derive(Clone)]
pub struct Cx {
    /// The running program.
    pub app: Arc<App>,
    /// What makes its pages this site's.
    pub site: Arc<Site>,
    request: Arc<Request>,
}

struct Request {
    head: Parts,
    client: Client,
    now: OnceLock<Timestamp>,
    jar: Jar,
    path: OnceLock<PathMatch>,
    body: OnceLock<Bytes>,
    form: OnceLock<std::result::Result<Form, Refusal>>,
    csrf: OnceLock<String>,
    user: OnceLock<UserId>,
    refreshed: OnceLock<Secret>,
    say: OnceLock<Arc<Phrases>>,
    staged: OnceLock<Staged>,
    pending: Mutex<Vec<SetCookie>>,
}

/// What a page is shown with in place of what the browser's cookies and headers say.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The language.
    pub say: Arc<Phrases>,
    /// Light or dark.
    pub theme: Theme,
    /// The notice from an earlier answer.
    pub notice: Option<Flash>,
}

/// The pattern that a path fits, and what stands in its places.
#[derive(Debug)]
pub struct PathMatch {
    /// The pattern, for the log.
    pub pattern: &'static str,
    /// The pattern to use in its place, if it is an older spelling.
    pub moved_to: Option<&'static str>,
    /// What its rows answer with.
    pub answers: Answers,
    /// Whether GET on the same path shows something.
    pub has_page: bool,
    /// Name and text of each place.
    pub places: Vec<(&'static str, String)>,
}

impl Cx {
    /// For a request whose head has been read.
    pub fn new(app: Arc<App>, site: Arc<Site>, head: Parts, client: Client) -> Self {
        let request = Request {
            jar: Jar::read(&head.headers, &app.config.cookie_prefix),
            now: OnceLock::new(),
            head,
            client,
            path: OnceLock::new(),
            body: OnceLock::new(),
            form: OnceLock::new(),
            csrf: OnceLock::new(),
            user: OnceLock::new(),
            refreshed: OnceLock::new(),
            say: OnceLock::new(),
            staged: OnceLock::new(),
            pending: Mutex::default(),
        };
        Self {
            app,
            site,
            request: Arc::new(request),
        }
    }

    /// Where the request comes from.
    pub fn client(&self) -> &Client {
        &self.request.client
    }

    /// A person who is not known yet, in this request: the first argument of flows for strangers.
    pub fn by(&self) -> By {
        By::nobody(self.client(), self.now()).reading(self.say().tag())
    }

    /// Names the request in the log, in the answer's `X-Request-Id` and in error pages.
    pub fn request_id(&self) -> &str {
        &self.request.client.request_id
    }

    /// The one reading of the clock for the request. It is taken when somebody first asks, which is
    /// after the body has come: whoever holds it back gains no time.
    pub fn now(&self) -> Timestamp {
        *self.request.now.get_or_init(|| self.app.now())
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.request.head.method
    }

    /// The path as sent.
    pub fn url_path(&self) -> &str {
        self.request.head.uri.path()
    }

    /// The header.
    pub fn headers(&self) -> &HeaderMap {
        &self.request.head.headers
    }

    /// The version of HTTP.
    pub fn version(&self) -> Version {
        self.request.head.version
    }

    /// The part of the path at `{name}`; a text that is no `T` is a bad request.
    pub fn path<T: FromStr>(&self, name: &str) -> Result<T> {
        let places = self.request.path.get().map_or(&[][..], |path| &path.places);
        let text = places.iter().find(|(known, _)| *known == name).map(|(_, text)| text);
        let value = text.and_then(|text| text.parse().ok());
        Ok(value.ok_or(Refusal::BadRequest("the path has a part that cannot be read"))?)
    }

    /// The first value of a query parameter, decoded.
    pub fn query(&self, name: &str) -> Option<String> {
        self.queries(name).next()
    }

    /// All values of a query parameter.
    pub fn queries<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let query = self.request.head.uri.query().unwrap_or("");
        form_urlencoded::parse(query.as_bytes())
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }

    /// The query parameter `audience`; the application without one. Routes that take it have had
    /// it checked before.
    pub fn audience(&self) -> Audience {
        let named = self.query("audience");
        named.as_deref().and_then(Audience::parse).unwrap_or(Audience::App)
    }

    /// The form in the body.
    pub fn form(&self) -> Result<&Form> {
        let parse = || Form::parse(self.headers(), self.body());
        match self.request.form.get_or_init(parse) {
            Ok(form) => Ok(form),
            Err(refusal) => Err(refusal.clone().into()),
        }
    }

    /// The whole body; empty until it has been read, and on routes that take none.
    pub fn body(&self) -> &[u8] {
        self.request.body.get().map_or(&[], |body| body)
    }

    /// One of our cookies, e.g. `cx.cookie(cookies::ACCESS)`.
    pub fn cookie(&self, cookie: Cookie) -> Option<&str> {
        self.request.jar.get(cookie)
    }

    /// Whether one of our cookies came, once or more.
    pub fn has_cookies(&self) -> bool {
        !self.request.jar.is_empty()
    }

    /// Our cookies as they came.
    pub(super) fn jar(&self) -> &Jar {
        &self.request.jar
    }

    /// The bearer token on a JSON route; there it takes the place of all cookies.
    pub fn bearer(&self) -> Option<&str> {
        match self.authorization() {
            Some(Authorization::Bearer(token)) => Some(token),
            Some(Authorization::Malformed) | None => None,
        }
    }

    /// What the `Authorization` headers of a JSON request say.
    pub fn authorization(&self) -> Option<Authorization<'_>> {
        self.is_api().then(|| Authorization::read(self.headers()))?
    }

    /// Where to go afterwards, if the query says so and it is a place on this origin.
    pub fn return_to(&self) -> Option<ReturnTo> {
        ReturnTo::parse(&self.query("return_to")?)
    }

    /// Where to go afterwards.
    pub fn return_to_or_default(&self) -> ReturnTo {
        self.return_to()
            .unwrap_or_else(|| self.app.config.default_return_to.clone())
    }

    /// The place that was asked for, to come back to after signing in. Only what changes
    /// nothing can be repeated by a redirect. After anything else it is the page of that form, which
    /// has the same path, or the account page.
    pub fn this_place(&self) -> Option<ReturnTo> {
        let asked = self.request.head.uri.path_and_query()?.as_str();
        let has_page = self.request.path.get().is_some_and(|path| path.has_page);
        let is_good = self.method().is_safe() || has_page;
        ReturnTo::parse(if is_good { asked } else { "/auth/account" })
    }

    /// The page of this origin from which the request was made, if the browser says.
    pub fn referring_place(&self) -> Option<ReturnTo> {
        let referrer = self.headers().get(REFERER)?.to_str().ok()?;
        ReturnTo::parse(referrer.strip_prefix(&self.app.config.public_url.origin)?)
    }

    /// What the route that is asked for answers with.
    pub fn answers(&self) -> Answers {
        let path = self.request.path.get();
        path.map_or_else(|| Answers::of_unknown(self.url_path()), |path| path.answers)
    }

    /// Whether a JSON route is asked for: JSON in, JSON out, never a page.
    pub fn is_api(&self) -> bool {
        self.answers() == Answers::Json
    }

    /// Where the CSRF value stands that this request's pages and answers carry.
    pub(super) fn csrf_given(&self) -> &OnceLock<String> {
        &self.request.csrf
    }

    /// Whether pages are shown with something else than the browser asks for.
    pub(super) fn is_staged(&self) -> bool {
        self.request.staged.get().is_some()
    }

    /// Sets or clears a cookie with whatever answer this request gets. A later call for the same
    /// cookie replaces an earlier one.
    pub fn set_cookie(&self, cookie: SetCookie) {
        let mut pending = self.request.pending.lock().unwrap_or_else(PoisonError::into_inner);
        // What clears other forms of a cookie goes with what sets our own.
        pending.retain(|other| other.cookie() != cookie.cookie() || other.is_everywhere());
        pending.push(cookie);
    }

    /// The cookies to set, at the very end.
    pub(super) fn take_cookies(&self) -> Vec<SetCookie> {
        std::mem::take(&mut *self.request.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The messages in the language of the person who asks.
    pub fn say(&self) -> &Arc<Phrases> {
        if let Some(staged) = self.request.staged.get() {
            return &staged.say;
        }
        let choose = || {
            let accepted = self.headers().get(ACCEPT_LANGUAGE);
            let accepted = accepted.and_then(|value| value.to_str().ok());
            let chosen = self.cookie(cookies::LANGUAGE);
            Arc::clone(self.site.languages.choose(chosen, accepted))
        };
        // Pages ask dozens of times.
        self.request.say.get_or_init(choose)
    }

    /// Light or dark, as somebody chose on a page of ours.
    pub fn theme(&self) -> Theme {
        if let Some(staged) = self.request.staged.get() {
            return staged.theme;
        }
        let chosen = self.cookie(cookies::THEME).and_then(Theme::parse);
        chosen.unwrap_or_default()
    }

    /// Shows pages in this request with something else than the browser asks for.
    pub(super) fn stage(&self, staged: Staged) {
        // Once per request, by the gallery.
        let _ = self.request.staged.set(staged);
    }

    /// The notice that an earlier answer left for this page; shown once.
    pub fn take_flash(&self) -> Option<Flash> {
        if let Some(staged) = self.request.staged.get() {
            return staged.notice.clone();
        }
        if self.request.jar.doubles().any(|cookie| !cookie.is_cosmetic()) {
            return Some(Flash {
                kind: FlashKind::Error,
                text: self.say().cookie_twice().to_owned(),
            });
        }
        let csrf = self.csrf_to_prove().unwrap_or("");
        let flash = Flash::unwrap(&self.app, self.cookie(cookies::FLASH)?, csrf, self.now());
        self.set_cookie(SetCookie::clear(cookies::FLASH));
        flash
    }

    /// The browser, if it is one that somebody has signed in with.
    pub fn device(&self) -> Option<Device> {
        let value = self.cookie(cookies::DEVICE)?;
        let text = self.app.device.unwrap_text(value, "", DEVICE_LIFETIME, self.now())?;
        Device::parse(&text)
    }

    /// The browser's refresh token: what this request got for the cookie's, or else the cookie's.
    pub fn refresh_token(&self) -> Option<Secret> {
        let refreshed = self.request.refreshed.get().cloned();
        refreshed.or_else(|| self.cookie(cookies::REFRESH).map(Secret::new))
    }

    /// Notes the refresh token that the cookie's was exchanged for in this request.
    pub(super) fn note_refreshed(&self, token: Secret) {
        // It is exchanged once.
        let _ = self.request.refreshed.set(token);
    }

    /// Notes who turned out to be calling, for the log line.
    pub fn note_user(&self, user: UserId) {
        // The first to say so is right: one request has one caller.
        let _ = self.request.user.set(user);
    }

    /// Who turned out to be calling.
    pub(super) fn user(&self) -> Option<UserId> {
        self.request.user.get().copied()
    }

    /// The pattern of the route, once one was found.
    pub(super) fn pattern(&self) -> Option<&'static str> {
        self.request.path.get().map(|path| path.pattern)
    }

    /// The pattern to use in place of the route's, if that is an older spelling.
    pub(super) fn moved_to(&self) -> Option<&'static str> {
        self.request.path.get()?.moved_to
    }

    /// Notes the route; done once, by the pipeline.
    pub(super) fn note_path(&self, path: PathMatch) {
        let _ = self.request.path.set(path);
    }

    /// Notes the body; done once, by the pipeline.
    pub(super) fn note_body(&self, body: Bytes) {
        let _ = self.request.body.set(body);
    }
}
