//! What did not work, shown to a program as JSON and to a person as a page: what happened, and what
//! to do now.

use hyper::StatusCode;
use hyper::header::{HeaderValue, LOCATION, RETRY_AFTER};
use sailfish::TemplateSimple;
use serde::Serialize;

use crate::domain::Refusal;
use crate::http::answers::Answers;
use crate::http::cx::Cx;
use crate::http::faces::Face;
use crate::http::pages::layout::Layout;
use crate::http::pages::refusals;
use crate::http::reply::{Reply, VERIFY_EMAIL};
use crate::words::{self, Phrases};

/// Shows a face to a script as JSON, to a person as a page.
pub fn show(cx: &Cx, face: &Face) -> Reply {
    let is_for_program = matches!(cx.answers(), Answers::Json | Answers::Probe);
    if is_for_program || cx.is_script_fetch() {
        return show_as_json(cx, face);
    }
    with_retry(face, Reply::html(face.status, page_of(cx, face, cx.request_id())))
}

/// Shows a face as JSON to every caller.
pub fn show_as_json(cx: &Cx, face: &Face) -> Reply {
    with_retry(face, envelope(cx, face))
}

/// What a program needs to go on: when to try again, or where its person can (contract v0.22, section 2.0).
fn with_retry(face: &Face, reply: Reply) -> Reply {
    if face.refusal == Some(Refusal::EmailUnproved) {
        return reply.header(LOCATION, HeaderValue::from_static(VERIFY_EMAIL));
    }
    match face.retry_after {
        Some(seconds) => reply.header(RETRY_AFTER, HeaderValue::from(seconds)),
        None => reply,
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
}

fn envelope(cx: &Cx, face: &Face) -> Reply {
    let with_reference;
    let message = if face.status == StatusCode::INTERNAL_SERVER_ERROR {
        with_reference = format!("{} (reference {})", face.words, cx.request_id());
        &with_reference
    } else {
        face.words.as_ref()
    };
    let error = Told {
        code: face.code,
        message,
    };
    Reply::json(face.status, &Envelope { error })
}

/// The error page. `reference` finds the request in the log.
fn page_of(cx: &Cx, face: &Face, reference: &str) -> String {
    let status = face.status.as_u16();
    // Every other status says by itself what happened.
    let says_more = matches!(status, 400 | 401 | 403 | 409);
    let refusal = face.refusal.as_ref().filter(|_| says_more);
    let happened = refusal.map(|refusal| refusals::words(cx.say(), refusal));
    let trouble = Trouble {
        status,
        happened: happened.as_deref(),
        detail: match refusal {
            Some(Refusal::BadRequest(detail)) => Some(detail),
            _ => None,
        },
        reference: (face.status == StatusCode::INTERNAL_SERVER_ERROR).then_some(reference),
        retry_after: face.retry_after,
        is_final: refusal.is_some_and(is_final),
    };
    let mut layout = Layout::bare(cx);
    if let Some(Refusal::OtherAddress { site, .. }) = refusal {
        layout.home = format!("{site}/auth/login");
    }
    page(layout, &trouble)
}

/// Whether trying again helps nobody: the words say what does, or nothing does.
pub(super) fn is_final(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::OtherAddress { .. } | Refusal::CookiesBlocked | Refusal::AudienceRefused | Refusal::AccountDisabled
    )
}

#[derive(TemplateSimple)]
#[template(path = "error.stpl")]
struct ErrorPage<'a> {
    layout: Layout,
    status: u16,
    heading: &'a str,
    happened: &'a str,
    advice: &'a str,
    detail: Option<&'a str>,
    reference: Option<&'a str>,
    /// Whether somebody else can do more about it than the person who reads this.
    asks_for_help: bool,
}

/// What went wrong, as far as a page tells it.
#[derive(Debug, Clone, Copy)]
pub struct Trouble<'a> {
    /// The status of the answer.
    pub status: u16,
    /// The words of the refusal, in the reader's language, where they say more than the status does.
    pub happened: Option<&'a str>,
    /// What is wrong with a request, in English, for the author of the program that sent it.
    pub detail: Option<&'a str>,
    /// What finds the cause in the log.
    pub reference: Option<&'a str>,
    /// Seconds after which trying again may help.
    pub retry_after: Option<u32>,
    /// Whether trying again does not.
    pub is_final: bool,
}

/// The page. `layout` comes with any title; it is replaced.
pub fn page(layout: Layout, trouble: &Trouble<'_>) -> String {
    let say = layout.say.clone();
    let (heading, happened, advice) = said(&say, trouble.status);
    let wait = trouble.retry_after.map(|seconds| refusals::wait(&say, seconds));
    let page = ErrorPage {
        layout: Layout {
            title: heading.to_owned(),
            ..layout
        },
        status: trouble.status,
        heading,
        happened: trouble.happened.or(happened).unwrap_or(""),
        advice: wait.as_deref().unwrap_or(if trouble.is_final { "" } else { advice }),
        detail: trouble.detail,
        reference: trouble.reference,
        asks_for_help: matches!(trouble.status, 403 | 409 | 500..),
    };
    // A page that cannot be rendered is itself the error: there is nothing better left to show.
    words::printed(page.render_once().unwrap_or_else(|_| heading.to_owned()))
}

/// Heading, what happened where nothing says it better, and what to do, for each status a
/// browser can meet here.
fn said(say: &Phrases, status: u16) -> (&str, Option<&str>, &str) {
    match status {
        400 => (say.error_400_title(), Some(say.error_400_what()), say.error_400_do()),
        401 => (say.error_401_title(), Some(say.error_401_what()), say.error_401_do()),
        403 => (say.error_403_title(), None, say.error_403_do()),
        404 => (say.error_404_title(), Some(say.error_404_what()), say.error_404_do()),
        405 => (say.error_405_title(), Some(say.error_405_what()), say.error_405_do()),
        408 => (say.error_408_title(), Some(say.error_408_what()), say.error_408_do()),
        409 => (say.error_409_title(), None, say.error_409_do()),
        413 => (say.error_413_title(), Some(say.error_413_what()), say.error_413_do()),
        429 => (say.error_429_title(), Some(say.error_429_what()), say.wait_moment()),
        503 => (say.error_503_title(), Some(say.error_503_what()), say.wait_moment()),
        _ => (say.error_500_title(), Some(say.error_500_what()), say.error_500_do()),
    }
}
