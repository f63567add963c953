//! The inbox of `authara dev`: what people would get by mail. Elsewhere there is nothing at these addresses.

use hyper::StatusCode;
use hyper::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use sailfish::TemplateSimple;
use serde::Serialize;

use crate::domain::{Anyone, Refusal};
use crate::flows::Result;
use crate::flows::letters::{self, Entry};
use crate::http::cx::Cx;
use crate::http::headers;
use crate::http::pages::form;
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;
use crate::words::dates::machine;

/// A letter styles itself, as mail must, and can do nothing else but open links in the whole window.
const LETTER_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
     sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation",
);

#[derive(TemplateSimple)]
#[template(path = "inbox/list.stpl")]
struct ListPage {
    layout: Layout,
    entries: Vec<Entry>,
}

#[derive(TemplateSimple)]
#[template(path = "inbox/letter.stpl")]
struct LetterPage {
    layout: Layout,
    entry: Entry,
}

/// The twin of the list, for tests.
#[derive(Serialize)]
struct Letters {
    letters: Vec<Letter>,
}

#[derive(Serialize)]
struct Letter {
    id: String,
    to: String,
    subject: String,
    text: String,
    html: String,
    at: String,
}

impl Letter {
    fn of(entry: Entry) -> Self {
        Self {
            id: entry.id,
            to: entry.to.as_str().to_owned(),
            subject: entry.subject,
            text: entry.text,
            html: entry.html,
            at: entry.at.rfc3339(),
        }
    }
}

/// `GET /auth/dev/mail`: the letters, the newest first; as JSON for those who accept that.
pub async fn list(cx: Cx, _: Anyone) -> Result<Reply> {
    let entries = letters::inbox(&cx.app).ok_or(Refusal::NotFound)?;
    let accepted = cx.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    if accepted.is_some_and(|accepted| accepted.contains("application/json")) {
        let letters = entries.into_iter().map(Letter::of).collect();
        return Ok(Reply::json(StatusCode::OK, &Letters { letters }));
    }
    let page = ListPage {
        layout: Layout {
            shape: "wide",
            ..Layout::bare(&cx).titled("Mail")
        },
        entries,
    };
    form::render(StatusCode::OK, page)
}

/// `GET /auth/dev/mail/{letter}`: one letter, as a page and as text.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    let entry = find(&cx)?;
    let page = LetterPage {
        layout: Layout {
            shape: "wide",
            ..Layout::bare(&cx).titled(entry.subject.clone())
        },
        entry,
    };
    let reply = form::render(StatusCode::OK, page)?;
    Ok(reply.header(CONTENT_SECURITY_POLICY, headers::policy_in_frames()))
}

/// `GET /auth/dev/mail/{letter}/html`: the letter itself, for the frame in that page.
pub async fn html(cx: Cx, _: Anyone) -> Result<Reply> {
    Ok(letter(find(&cx)?.html))
}

/// A letter by itself, which a page of this site may show in a frame.
pub(super) fn letter(html: String) -> Reply {
    Reply::html(StatusCode::OK, html)
        .header(CONTENT_SECURITY_POLICY, LETTER_POLICY)
        .header(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"))
}

fn find(cx: &Cx) -> Result<Entry> {
    let id: String = cx.path("letter")?;
    let entries = letters::inbox(&cx.app).unwrap_or_default();
    let found = entries.into_iter().find(|entry| entry.id == id);
    Ok(found.ok_or(Refusal::NotFound)?)
}
