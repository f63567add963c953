//! Changing one's password. The current one is the proof that it is really the owner who asks.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::{Caller, Refusal};
use crate::flows::entry::confirm::Recent;
use crate::flows::password::{self, Change};
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::account;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

const CHANGE: &str = "/auth/providers/password/change";
const ADD: &str = "/auth/providers/password/link";
const CURRENT: &str = "current_password";
const NEW: &str = "new_password";

#[derive(TemplateSimple)]
#[template(path = "account/password.stpl")]
struct PasswordPage {
    layout: Layout,
    title: String,
    lead: String,
    action: &'static str,
    email: String,
    /// The field for the one that the account has, if it has one.
    current: Option<PasswordField>,
    new: PasswordField,
    problems: Problems,
}

/// `GET /auth/providers/password/change`.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
    if !password::has_one(&cx.app, &caller).await? {
        return Ok(cx.redirect(&form::own_page(ADD)?));
    }
    page(&cx, &caller, StatusCode::OK, Problems::default())
}

/// `POST /auth/providers/password/change`.
pub async fn submit(cx: Cx, caller: Caller) -> Result<Reply> {
    let form = cx.form()?;
    let problems = Problems::empty([
        (CURRENT, form.get(CURRENT), cx.say().field_current_password_empty()),
        (NEW, form.get(NEW), cx.say().field_new_password_empty()),
    ]);
    if !problems.is_empty() {
        return page(&cx, &caller, StatusCode::BAD_REQUEST, problems);
    }

    let input = Change {
        new: form.secret(NEW),
        current: Some(form.secret(CURRENT)),
        refresh: cx.refresh_token(),
    };
    match password::change(&cx.app, &caller, input).await {
        Ok(renewed) => {
            let reply = account::back(&cx)?.flash(&cx, FlashKind::Success, cx.say().password_changed());
            Ok(reply.renewed(&cx, &renewed))
        }
        Err(Error::Refused(refusal)) => form::refused(&cx, &refusal, |status, problems| {
            page(&cx, &caller, status, problems.renamed("password", NEW))
        }),
        Err(other) => Err(other),
    }
}

/// `GET /auth/providers/password/link`: the first one of the account.
pub async fn show_first(cx: Cx, proof: Recent) -> Result<Reply> {
    if password::has_one(&cx.app, proof.caller()).await? {
        return Ok(cx.redirect(&form::own_page(CHANGE)?));
    }
    first_page(&cx, proof.caller(), StatusCode::OK, Problems::default())
}

/// `POST /auth/providers/password/link`.
pub async fn submit_first(cx: Cx, proof: Recent) -> Result<Reply> {
    let form = cx.form()?;
    let problems = Problems::empty([(NEW, form.get(NEW), cx.say().field_new_password_empty())]);
    if !problems.is_empty() {
        return first_page(&cx, proof.caller(), StatusCode::BAD_REQUEST, problems);
    }
    let refresh = cx.refresh_token();
    match password::add(&cx.app, &proof, &form.secret(NEW), refresh.as_ref()).await {
        Ok(renewed) => {
            let reply = account::back(&cx)?.flash(&cx, FlashKind::Success, cx.say().password_added());
            Ok(reply.renewed(&cx, &renewed))
        }
        Err(Error::Refused(refusal @ (Refusal::SignInRequired | Refusal::ReauthenticationRequired))) => {
            Err(refusal.into())
        }
        Err(Error::Refused(refusal)) => form::refused(&cx, &refusal, |status, problems| {
            first_page(&cx, proof.caller(), status, problems.renamed("password", NEW))
        }),
        Err(other) => Err(other),
    }
}

pub(in crate::http::pages) fn page(cx: &Cx, caller: &Caller, status: StatusCode, problems: Problems) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&[CURRENT, NEW]);
    let layout = Layout::signed_in(cx, say.password_title(), CHANGE);
    let page = PasswordPage {
        layout: layout.with(&problems).beginning_at(CURRENT),
        title: say.password_title().to_owned(),
        lead: say.password_lead().to_owned(),
        action: CHANGE,
        email: caller.user.email.as_str().to_owned(),
        current: Some(PasswordField::current(CURRENT, say.field_current_password())),
        new: PasswordField::new(NEW, say.field_new_password()),
        problems,
    };
    form::render(status, page)
}

pub(in crate::http::pages) fn first_page(
    cx: &Cx,
    caller: &Caller,
    status: StatusCode,
    problems: Problems,
) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&[NEW]);
    let layout = Layout::signed_in(cx, say.account_password_add(), ADD);
    let page = PasswordPage {
        layout: layout.with(&problems).beginning_at(NEW),
        title: say.account_password_add().to_owned(),
        lead: say.account_password_none().to_owned(),
        action: ADD,
        email: caller.user.email.as_str().to_owned(),
        current: None,
        new: PasswordField::new(NEW, say.field_new_password()),
        problems,
    };
    form::render(status, page)
}
