//! "Confirm it is you": the step before a change that decides over an account, for somebody whose
//! sign-in is some time ago.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::Caller;
use crate::domain::return_to::ReturnTo;
use crate::flows::entry::confirm;
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::account;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

const PATH: &str = "/auth/sessions/confirm";
const FIELD: &str = "password";

#[derive(TemplateSimple)]
#[template(path = "confirm.stpl")]
struct ConfirmPage {
    layout: Layout,
    action: String,
    email: String,
    password: PasswordField,
    problems: Problems,
}

/// `GET /auth/sessions/confirm`.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
    if confirm::recent(&cx.app, &caller).is_ok() {
        return Ok(cx.redirect(&target(&cx)?));
    }
    page(&cx, &caller, StatusCode::OK, Problems::default())
}

/// `POST /auth/sessions/confirm`. What was refused before cannot be sent again from here, so the
/// person is led back to where its form stands.
pub async fn submit(cx: Cx, caller: Caller) -> Result<Reply> {
    let form = cx.form()?;
    let problems = Problems::empty([(FIELD, form.get(FIELD), cx.say().field_password_empty())]);
    if !problems.is_empty() {
        return page(&cx, &caller, StatusCode::BAD_REQUEST, problems);
    }

    let refresh = cx.refresh_token();
    match confirm::confirm(&cx.app, &caller, &form.secret(FIELD), refresh.as_ref()).await {
        Ok(renewed) => {
            let target = target(&cx)?;
            let mut reply = cx.redirect(&target);
            if target.path().starts_with("/auth/") {
                reply = reply.flash(&cx, FlashKind::Success, cx.say().confirm_thanks());
            }
            Ok(reply.renewed(&cx, &renewed))
        }
        Err(Error::Refused(refusal)) => form::refused(&cx, &refusal, |status, problems| {
            page(&cx, &caller, status, problems.renamed("current_password", FIELD))
        }),
        Err(other) => Err(other),
    }
}

/// Where the person came from. Coming from here leads to the account page, not in circles.
fn target(cx: &Cx) -> Result<ReturnTo> {
    match cx.return_to().filter(|target| target.path() != PATH) {
        Some(target) => Ok(target),
        None => form::own_page(account::PATH),
    }
}

pub(super) fn page(cx: &Cx, caller: &Caller, status: StatusCode, problems: Problems) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&[FIELD]);
    let page = ConfirmPage {
        layout: Layout::signed_in(cx, say.confirm_title(), PATH)
            .with(&problems)
            .beginning_at(FIELD),
        action: form::path_with(PATH, cx.return_to().as_ref()),
        email: caller.user.email.as_str().to_owned(),
        password: PasswordField::current(FIELD, say.field_current_password()),
        problems,
    };
    form::render(status, page)
}
