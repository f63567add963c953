//! "This was not me": taking one's account back by the link of a letter. Opening the link changes nothing: mail scanners open
//! every link.

use hyper::StatusCode;
use hyper::header::{HeaderValue, REFERRER_POLICY};
use sailfish::TemplateSimple;

use crate::domain::challenge::Purpose;
use crate::domain::{Anyone, Refusal, Secret};
use crate::flows::{Error, Result, appeals};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{refusals, verify};
use crate::http::reply::Reply;

const FIELD: &str = "link";
const EMAIL: &str = "email";

#[derive(TemplateSimple)]
#[template(path = "not_me.stpl")]
struct NotMePage {
    layout: Layout,
    /// What was typed as the address to which the letter went.
    email: String,
    link: String,
    problems: Problems,
}

#[derive(TemplateSimple)]
#[template(path = "not_me_over.stpl")]
struct OverPage {
    layout: Layout,
    why: String,
}

/// `GET /auth/not-me`, with what stands in the letter in `link`.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    let link = cx.query(FIELD).unwrap_or_default();
    match appeals::check(&cx.app, &cx.by(), &Secret::new(link.as_str())).await {
        Ok(()) => page(&cx, StatusCode::OK, &link, "", Problems::default()),
        Err(Error::Refused(refusal)) => over(&cx, StatusCode::OK, &refusal),
        Err(other) => Err(other),
    }
}

/// `POST /auth/not-me`. A new password is chosen next.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    let form = cx.form()?;
    let (link, email) = (form.get(FIELD), form.get(EMAIL));
    let problems = Problems::empty([(EMAIL, email.trim(), cx.say().field_email_empty())]);
    if !problems.is_empty() {
        return page(&cx, StatusCode::BAD_REQUEST, link, email, problems);
    }
    match appeals::redeem(&cx.app, &cx.by(), &form.secret(FIELD), email).await {
        Ok(id) => {
            let reply = verify::begun(&cx, Purpose::PasswordReset, id);
            Ok(reply.flash(&cx, FlashKind::Success, cx.say().not_me_done()))
        }
        Err(Error::Refused(refusal @ (Refusal::LinkOver | Refusal::EmailElsewhere | Refusal::AccountDisabled))) => {
            over(&cx, StatusCode::UNPROCESSABLE_ENTITY, &refusal)
        }
        Err(Error::Refused(refusal)) => form::refused(&cx, &refusal, |status, problems| {
            page(&cx, status, link, email, problems)
        }),
        Err(other) => Err(other),
    }
}

pub(super) fn page(cx: &Cx, status: StatusCode, link: &str, email: &str, problems: Problems) -> Result<Reply> {
    let problems = problems.within(&[EMAIL]);
    let page = NotMePage {
        layout: Layout::of(cx, cx.say().not_me_title())
            .with(&problems)
            .beginning_at(EMAIL),
        email: email.to_owned(),
        link: link.to_owned(),
        problems,
    };
    Ok(unreferred(form::render(status, page)?))
}

pub(super) fn over(cx: &Cx, status: StatusCode, refusal: &Refusal) -> Result<Reply> {
    let page = OverPage {
        layout: Layout::of(cx, cx.say().not_me_over_title()),
        why: refusals::words(cx.say(), refusal),
    };
    Ok(unreferred(form::render(status, page)?))
}

/// The address of the page is for nobody else.
fn unreferred(reply: Reply) -> Reply {
    reply.header(REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
}
