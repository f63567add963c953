//! The small application at `/` that `authara dev` serves in place of yours.
//!
//! It knows of the server beside it what an application may know: the public keys, the issuer, the
//! names of two cookies, and a few addresses to link to. It opens no database and calls no flow.

mod token;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use hyper::{Method, Request, Response, StatusCode};
use sailfish::TemplateSimple;
use serde_json::{Map, Value};

use crate::app::App;
use crate::domain::{Audience, Timestamp};
use crate::flows::entry::sign_up;
use crate::http::Body;
use crate::http::cookies::{self, Jar};
use crate::http::headers::Headers;
use crate::http::pages::errors::{self, Trouble};
use crate::http::pages::layout::{Layout, Link};
use crate::http::pipeline::{Fallback, Service};
use crate::http::site::Site;
use crate::http::theme::Theme;
use crate::words::{Languages, Phrases};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
/// Where strangers are sent from the private page, and come back from.
const SIGN_IN: HeaderValue = HeaderValue::from_static("/auth/login?return_to=%2Fprivate");

/// Answers for every path outside `/auth`.
pub(super) fn application(service: Service) -> Fallback {
    let headers = Arc::new(Headers::new(service.app.config.public_url.is_https));
    Arc::new(move |request, _client| {
        let is_head = *request.method() == Method::HEAD;
        let response = dress(answer(&service.app, &service.site(), &request), is_head, &headers);
        Box::pin(std::future::ready(response))
    })
}

struct Answer {
    status: StatusCode,
    location: Option<HeaderValue>,
    page: String,
}

fn answer(app: &App, site: &Arc<Site>, request: &Request<Incoming>) -> Answer {
    let jar = Jar::read(request.headers(), &app.config.cookie_prefix);
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let answered = match request.uri().path() {
        "/" if is_read => home(app, site, &jar),
        "/private" if is_read => private(app, site, &jar),
        // Browsers ask for it where a site has named no icon.
        "/favicon.ico" if is_read => Ok(Answer {
            status: StatusCode::NO_CONTENT,
            location: None,
            page: String::new(),
        }),
        path => Ok(nothing_here(app, site, &jar, path)),
    };
    answered.unwrap_or_else(|_| Answer {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        location: None,
        page: "This page cannot be shown.".to_owned(),
    })
}

/// Says that nothing answers at `upstream`.
pub(super) fn away(app: &App, site: &Arc<Site>, path: &str, upstream: &str) -> Response<Body> {
    let layout = Layout {
        // It stands in the place of theirs.
        brand: site.name.clone(),
        ..bare_layout(app, site, &Jar::default(), path, "Your application does not answer")
    };
    let page = AwayPage { layout, upstream };
    let answer = Answer {
        status: StatusCode::BAD_GATEWAY,
        location: None,
        page: page
            .render_once()
            .unwrap_or_else(|_| "Your application does not answer.".to_owned()),
    };
    dress(answer, false, &Headers::new(app.config.public_url.is_https))
}

fn dress(answer: Answer, is_head: bool, headers: &Headers) -> Response<Body> {
    let mut own = HeaderMap::new();
    if answer.status != StatusCode::NO_CONTENT {
        own.insert(CONTENT_TYPE, HTML);
        own.insert(CONTENT_LENGTH, HeaderValue::from(answer.page.len()));
    }
    if let Some(location) = answer.location {
        own.insert(LOCATION, location);
    }
    headers.complete(&mut own);
    let page = if is_head { String::new() } else { answer.page };
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(page))));
    *response.status_mut() = answer.status;
    *response.headers_mut() = own;
    response
}

#[derive(TemplateSimple)]
#[template(path = "sample/home.stpl")]
struct HomePage {
    layout: Layout,
    visitor: Option<Visitor>,
    may_go_on: bool,
    may_sign_up: bool,
}

#[derive(TemplateSimple)]
#[template(path = "sample/private.stpl")]
struct PrivatePage {
    layout: Layout,
    /// The name of the cookie that was read.
    cookie: String,
    visitor: Visitor,
}

/// What stands where one's own application does not answer.
#[derive(TemplateSimple)]
#[template(path = "sample/away.stpl")]
struct AwayPage<'a> {
    layout: Layout,
    upstream: &'a str,
}

/// Somebody whose token was checked.
struct Visitor {
    email: String,
    claims: Vec<Claim>,
}

/// One row of the table on the private page.
struct Claim {
    name: &'static str,
    value: String,
    words: Option<Cow<'static, str>>,
}

fn home(app: &App, site: &Arc<Site>, jar: &Jar) -> Result<Answer, sailfish::RenderError> {
    let visitor = visitor(app, jar);
    // The access token lives for minutes, the session for days: the sign-in page turns the
    // refresh token into a new access token without asking for anything.
    let may_go_on = visitor.is_none() && jar.get(cookies::REFRESH).is_some();
    let page = HomePage {
        layout: layout(
            app,
            site,
            jar,
            "A small application",
            "/",
            visitor.is_some() || may_go_on,
        ),
        visitor,
        may_go_on,
        may_sign_up: may_sign_up(app),
    };
    shown(page)
}

fn private(app: &App, site: &Arc<Site>, jar: &Jar) -> Result<Answer, sailfish::RenderError> {
    let Some(visitor) = visitor(app, jar) else {
        return Ok(Answer {
            status: StatusCode::FOUND,
            location: Some(SIGN_IN),
            page: String::new(),
        });
    };
    let csrf = jar.get(cookies::CSRF).unwrap_or_default().to_owned();
    let page = PrivatePage {
        layout: Layout {
            csrf,
            ..layout(app, site, jar, "The private page", "/private", true)
        },
        cookie: format!("{}{}", app.config.cookie_prefix, cookies::ACCESS.name()),
        visitor,
    };
    shown(page)
}

fn shown(page: impl TemplateSimple) -> Result<Answer, sailfish::RenderError> {
    Ok(Answer {
        status: StatusCode::OK,
        location: None,
        page: page.render_once()?,
    })
}

fn nothing_here(app: &App, site: &Arc<Site>, jar: &Jar, path: &str) -> Answer {
    let trouble = Trouble {
        status: StatusCode::NOT_FOUND.as_u16(),
        happened: None,
        detail: None,
        reference: None,
        retry_after: None,
        is_final: false,
    };
    Answer {
        status: StatusCode::NOT_FOUND,
        location: None,
        page: errors::page(bare_layout(app, site, jar, path, ""), &trouble),
    }
}

fn layout(app: &App, site: &Arc<Site>, jar: &Jar, title: &str, path: &str, is_signed_in: bool) -> Layout {
    let link = |target: &str, words: &str| Link {
        is_here: target == path,
        target: target.to_owned(),
        words: words.to_owned(),
    };
    let private = link("/private", "Private page");
    Layout {
        shape: "wide",
        is_private: is_signed_in,
        links: if is_signed_in {
            vec![private, link("/auth/account", "Account")]
        } else {
            let sign_up = may_sign_up(app).then(|| link("/auth/signup?return_to=%2F", "Sign up"));
            let links = [private, link("/auth/login?return_to=%2F", "Sign in")];
            links.into_iter().chain(sign_up).collect()
        },
        ..bare_layout(app, site, jar, path, title)
    }
}

fn may_sign_up(app: &App) -> bool {
    sign_up::is_open(app).is_ok()
}

fn bare_layout(app: &App, site: &Arc<Site>, jar: &Jar, path: &str, title: &str) -> Layout {
    Layout {
        brand: "Sample application".to_owned(),
        home: "/".to_owned(),
        languages: Vec::new(),
        theme: jar.get(cookies::THEME).and_then(Theme::parse).unwrap_or_default(),
        here: path.to_owned(),
        ..Layout::new(&app.config, site, english(), title)
    }
}

/// Whoever tries this out is a developer, and the sample speaks one language.
fn english() -> &'static Arc<Phrases> {
    static LANGUAGES: LazyLock<Languages> = LazyLock::new(Languages::default);
    LANGUAGES.choose(None, None)
}

/// Who is calling, as the access cookie says.
///
/// An application of its own would fetch `/auth/.well-known/jwks.json` once and keep it; this one
/// runs in the server's process, so it takes the same text from there. Nothing else is shared.
fn visitor(app: &App, jar: &Jar) -> Option<Visitor> {
    let keys = app.keys();
    let expected = token::Expected {
        jwks: keys.jwks(),
        issuer: &app.config.tokens.issuer,
        audience: Audience::App.name(),
        now: app.now().seconds(),
    };
    // Of a cookie that comes twice neither is given: a neighbour may have planted it.
    let token = jar.get(cookies::ACCESS)?;
    let claims = token::claims(token, &expected)?;
    Some(Visitor {
        email: claims.get("email")?.as_str()?.to_owned(),
        claims: table(&claims),
    })
}

/// What each claim means, in the order in which a person would ask.
const MEANINGS: [(&str, Meaning); 14] = [
    ("sub", Meaning::Words("the user; it never changes")),
    ("email", Meaning::Nothing),
    ("email_verified", Meaning::Words("whether the address was proven")),
    ("roles", Meaning::Words("roles on the whole platform")),
    ("org_id", Meaning::Words("the organization the user is acting in")),
    ("org_role", Meaning::Words("the role there")),
    ("sid", Meaning::Words("the session this token belongs to")),
    ("auth_time", Meaning::Moment("last signed in")),
    ("amr", Meaning::Words("how: pwd is a password")),
    ("iss", Meaning::Words("who made this token")),
    ("aud", Meaning::Words("what it opens")),
    ("iat", Meaning::Moment("made")),
    ("exp", Meaning::Moment("ends")),
    ("jti", Meaning::Words("this one token")),
];

enum Meaning {
    Nothing,
    Words(&'static str),
    Moment(&'static str),
}

fn table(claims: &Map<String, Value>) -> Vec<Claim> {
    let row = |(name, meaning): &(&'static str, Meaning)| {
        let value = claims.get(*name)?;
        let words = match meaning {
            Meaning::Nothing => None,
            Meaning::Words(words) => Some(Cow::Borrowed(*words)),
            Meaning::Moment(what) => {
                let at = Timestamp::from_seconds(value.as_i64()?);
                Some(Cow::Owned(format!("{what} {}", english().moment(at))))
            }
        };
        Some(Claim {
            name,
            value: value.as_str().map_or_else(|| value.to_string(), str::to_owned),
            words,
        })
    };
    MEANINGS.iter().filter_map(row).collect()
}
