//! Signing in by a code that is mailed.

use hyper::StatusCode;

use crate::domain::challenge::Purpose;
use crate::domain::{Anyone, Refusal, Visitor};
use crate::flows::entry::code;
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::pages::ask::{self, Ask};
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{arrival, verify};
use crate::http::reply::Reply;

pub(super) const PATH: &str = "/auth/login/code";

/// `GET /auth/login/code`.
pub async fn show(cx: Cx, visitor: Visitor) -> Result<Reply> {
    if !code::is_possible(&cx.app) {
        return Err(Refusal::NotFound.into());
    }
    match arrival::pass_on(&cx, &visitor).await? {
        Some(reply) => Ok(reply),
        None => page(&cx, StatusCode::OK, "", Problems::default()),
    }
}

/// `POST /auth/login/code`. The page that follows is the same for everybody.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    let email = cx.form()?.get(ask::FIELD);
    let problems = ask::missing(&cx)?;
    if !problems.is_empty() {
        return page(&cx, StatusCode::BAD_REQUEST, email, problems);
    }
    match code::start(&cx.app, &cx.by(), email).await {
        Ok(id) => Ok(verify::begun(&cx, Purpose::SignIn, id)),
        Err(Error::Refused(refusal)) if refusal != Refusal::NotFound => {
            form::refused(&cx, &refusal, |status, problems| page(&cx, status, email, problems))
        }
        Err(other) => Err(other),
    }
}

pub(super) fn page(cx: &Cx, status: StatusCode, email: &str, problems: Problems) -> Result<Reply> {
    let say = cx.say();
    let ask = Ask {
        layout: Layout::of(cx, say.login_code_title()),
        lead: say.login_code_lead(),
        path: PATH,
        button: say.reset_button(),
        aside: (
            form::path_with("/auth/login", cx.return_to().as_ref()),
            say.login_code_back(),
        ),
    };
    ask::page(cx, ask, status, email, problems)
}
