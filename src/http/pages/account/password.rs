//! Changing one's password. The current one is the proof that it is really the owner who asks.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::Caller;
use crate::flows::password::{self, Change};
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::account;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

const CURRENT: &str = "current_password";
const NEW: &str = "new_password";

#[derive(TemplateSimple)]
#[template(path = "account/password.stpl")]
struct PasswordPage {
    layout: Layout,
    email: String,
    current: PasswordField,
    new: PasswordField,
    problems: Problems,
}

/// `GET /auth/providers/password/change`.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
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

pub(in crate::http::pages) fn page(cx: &Cx, caller: &Caller, status: StatusCode, problems: Problems) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&[CURRENT, NEW]);
    let layout = Layout::signed_in(cx, say.password_title(), "/auth/providers/password/change");
    let page = PasswordPage {
        layout: layout.with(&problems).beginning_at(CURRENT),
        email: caller.user.email.as_str().to_owned(),
        current: PasswordField::current(CURRENT, say.field_current_password()),
        new: PasswordField::new(NEW, say.field_new_password()),
        problems,
    };
    form::render(status, page)
}
