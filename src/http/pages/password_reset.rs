//! Asking for a new password.

use hyper::StatusCode;

use crate::domain::challenge::Purpose;
use crate::domain::{Anyone, Refusal};
use crate::flows::{Error, Result, challenges, reset};
use crate::http::cx::Cx;
use crate::http::pages::ask::{self, Ask};
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::verify;
use crate::http::reply::Reply;

/// `GET /auth/password-reset`.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    if !challenges::can_be_mailed(&cx.app) {
        return Err(Refusal::NotFound.into());
    }
    page(&cx, StatusCode::OK, "", Problems::default())
}

/// `POST /auth/password-reset`. The page that follows is the same for everybody.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    let email = cx.form()?.get(ask::FIELD);
    let problems = ask::missing(&cx)?;
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
    let say = cx.say();
    let ask = Ask {
        layout: Layout::of(cx, say.reset_title()),
        lead: say.reset_lead(),
        path: "/auth/password-reset",
        button: say.reset_button(),
        aside: (
            form::path_with("/auth/login", cx.return_to().as_ref()),
            say.sign_in_title(),
        ),
    };
    ask::page(cx, ask, status, email, problems)
}
