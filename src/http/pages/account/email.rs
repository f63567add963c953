//! Giving one's account another address.

use hyper::StatusCode;

use crate::domain::challenge::Purpose;
use crate::domain::{Caller, Refusal};
use crate::flows::entry::confirm::Recent;
use crate::flows::{Error, Result, address, challenges};
use crate::http::cx::Cx;
use crate::http::pages::ask::{self, Ask};
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{account, verify};
use crate::http::reply::Reply;

const PATH: &str = "/auth/email-change";

/// `GET /auth/email-change`.
pub async fn show(cx: Cx, proof: Recent) -> Result<Reply> {
    if !challenges::can_be_mailed(&cx.app) {
        return Err(Refusal::NotFound.into());
    }
    page(&cx, proof.caller(), StatusCode::OK, "", Problems::default())
}

/// `POST /auth/email-change`. The page that follows is the same whether the address is free or not.
pub async fn submit(cx: Cx, proof: Recent) -> Result<Reply> {
    let caller = proof.caller();
    let email = cx.form()?.get(ask::FIELD);
    let problems = ask::missing(&cx)?;
    if !problems.is_empty() {
        return page(&cx, caller, StatusCode::BAD_REQUEST, email, problems);
    }
    match address::start(&cx.app, caller, email).await {
        Ok(id) => Ok(verify::begun(&cx, Purpose::EmailChange, id)),
        Err(Error::Refused(
            refusal @ (Refusal::NotFound | Refusal::SignInRequired | Refusal::ReauthenticationRequired),
        )) => Err(refusal.into()),
        Err(Error::Refused(refusal)) => form::refused(&cx, &refusal, |status, problems| {
            page(&cx, caller, status, email, problems)
        }),
        Err(other) => Err(other),
    }
}

pub(in crate::http::pages) fn page(
    cx: &Cx,
    caller: &Caller,
    status: StatusCode,
    email: &str,
    problems: Problems,
) -> Result<Reply> {
    let say = cx.say();
    let lead = say.email_change_lead(caller.user.email.as_str());
    let ask = Ask {
        layout: Layout::signed_in(cx, say.email_change_title(), PATH),
        lead: &lead,
        path: PATH,
        button: say.reset_button(),
        aside: (account::PATH.to_owned(), say.confirm_back()),
    };
    ask::page(cx, ask, status, email, problems)
}
