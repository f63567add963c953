//! Proving the address of one's account, where that is required before anything else (contract v0.22, section 3).

use hyper::StatusCode;

use crate::domain::challenge::Purpose;
use crate::domain::{Caller, Newcomer, Refusal};
use crate::flows::{Error, Result, address, challenges};
use crate::http::cx::Cx;
use crate::http::pages::ask::{self, Ask};
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{account, verify};
use crate::http::reply::{Reply, VERIFY_EMAIL};

/// `GET /auth/verify-email`. The address may have been mistyped, so another one can be proved instead.
pub async fn show(cx: Cx, Newcomer(caller): Newcomer) -> Result<Reply> {
    if caller.user.email_verified_at.is_some() {
        return proved(&cx);
    }
    if !challenges::can_be_mailed(&cx.app) {
        return Err(Refusal::NotFound.into());
    }
    page(&cx, &caller, StatusCode::OK, None, Problems::default())
}

/// `POST /auth/verify-email`.
pub async fn submit(cx: Cx, Newcomer(caller): Newcomer) -> Result<Reply> {
    if caller.user.email_verified_at.is_some() {
        return proved(&cx);
    }
    let email = cx.form()?.get(ask::FIELD);
    let problems = ask::missing(&cx)?;
    if !problems.is_empty() {
        return page(&cx, &caller, StatusCode::BAD_REQUEST, Some(email), problems);
    }
    match address::start(&cx.app, &caller, email).await {
        Ok(id) => Ok(verify::begun(&cx, Purpose::EmailChange, id)),
        Err(Error::Refused(refusal))
            if !matches!(
                refusal,
                Refusal::NotFound | Refusal::SignInRequired | Refusal::ReauthenticationRequired
            ) =>
        {
            form::refused(&cx, &refusal, |status, problems| {
                page(&cx, &caller, status, Some(email), problems)
            })
        }
        Err(other) => Err(other),
    }
}

fn proved(cx: &Cx) -> Result<Reply> {
    match cx.return_to() {
        Some(target) => Ok(cx.redirect(&target)),
        None => Ok(cx.redirect(&form::own_page(account::PATH)?)),
    }
}

pub(super) fn page(
    cx: &Cx,
    caller: &Caller,
    status: StatusCode,
    email: Option<&str>,
    problems: Problems,
) -> Result<Reply> {
    let say = cx.say();
    let ask = Ask {
        layout: Layout::of(cx, say.verify_email_title()),
        lead: say.verify_email_lead(),
        path: VERIFY_EMAIL,
        button: say.reset_button(),
        aside: ("/auth/sessions/logout".to_owned(), say.sign_out_button()),
    };
    let email = email.unwrap_or_else(|| caller.user.email.as_str());
    ask::page(cx, ask, status, email, problems)
}
