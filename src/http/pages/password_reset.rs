//! Asking for a new password.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::challenge::Purpose;
use crate::domain::{Anyone, Refusal};
use crate::flows::{Error, Result, reset};
use crate::http::cx::Cx;
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::verify;
use crate::http::reply::Reply;

const FIELD: &str = "email";

#[derive(TemplateSimple)]
#[template(path = "password_reset.stpl")]
struct ResetPage {
    layout: Layout,
    action: String,
    sign_in: String,
    email: String,
    problems: Problems,
}

/// `GET /auth/password-reset`.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    if !reset::is_possible(&cx.app) {
        return Err(Refusal::NotFound.into());
    }
    page(&cx, StatusCode::OK, "", Problems::default())
}

/// `POST /auth/password-reset`. The page that follows is the same for everybody.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    let form = cx.form()?;
    let email = form.get(FIELD);
    let problems = Problems::empty([(FIELD, email.trim(), cx.say().field_email_empty())]);
    if !problems.is_empty() {
        return page(&cx, StatusCode::BAD_REQUEST, email, problems);
    }
    match reset::start(&cx.app, &cx.by(), email, None).await {
        Ok(id) => Ok(verify::begun(&cx, Purpose::PasswordReset, id)),
        Err(Error::Refused(refusal)) if refusal != Refusal::NotFound => {
            form::refused(&cx, &refusal, |status, problems| page(&cx, status, email, problems))
        }
        Err(other) => Err(other),
    }
}

pub(super) fn page(cx: &Cx, status: StatusCode, email: &str, problems: Problems) -> Result<Reply> {
    let (say, return_to) = (cx.say(), cx.return_to());
    let problems = problems.within(&[FIELD]);
    let page = ResetPage {
        layout: Layout::of(cx, say.reset_title()).with(&problems).beginning_at(FIELD),
        action: form::path_with("/auth/password-reset", return_to.as_ref()),
        sign_in: form::path_with("/auth/login", return_to.as_ref()),
        email: email.to_owned(),
        problems,
    };
    form::render(status, page)
}
