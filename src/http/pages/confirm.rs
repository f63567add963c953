//! "Confirm it is you": the step before a change that decides over an account, for somebody whose
//! sign-in is some time ago.

use hyper::StatusCode;
use sailfish::TemplateSimple;
use serde::Serialize;

use crate::domain::return_to::ReturnTo;
use crate::domain::{Anyone, Caller, ConfirmationId, Newcomer, Refusal};
use crate::flows::entry::confirm::{self, Asked};
use crate::flows::{Error, Result, password};
use crate::http::cx::Cx;
use crate::http::faces;
use crate::http::flash::FlashKind;
use crate::http::pages::account;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

/// Where people confirm that it is they (contract v0.22, section 3).
pub(in crate::http) const PATH: &str = "/auth/reauthenticate";
/// Its place before.
const FORMER: &str = "/auth/sessions/confirm";
const ASKED: &str = "authentication_challenge_id";
const FIELD: &str = "password";

#[derive(TemplateSimple)]
#[template(path = "confirm.stpl")]
struct ConfirmPage {
    layout: Layout,
    action: String,
    email: String,
    has_password: bool,
    password: PasswordField,
    problems: Problems,
}

/// `GET /auth/reauthenticate`.
pub async fn show(cx: Cx, Newcomer(caller): Newcomer) -> Result<Reply> {
    match confirm::earned(&cx.app, &caller).await {
        Ok(_) => return Ok(cx.redirect(&target(&cx)?)),
        Err(Error::Refused(Refusal::ReauthenticationRequired)) => {}
        Err(other) => return Err(other),
    }
    let has_password = password::has_one(&cx.app, &caller).await?;
    page(&cx, &caller, StatusCode::OK, has_password, Problems::default())
}

/// `POST /auth/reauthenticate`. What was refused before cannot be sent again from here, so the
/// person is led back to where its form stands.
pub async fn submit(cx: Cx, Newcomer(caller): Newcomer) -> Result<Reply> {
    let form = cx.form()?;
    let has_password = password::has_one(&cx.app, &caller).await?;
    let problems = Problems::empty([(FIELD, form.get(FIELD), cx.say().field_password_empty())]);
    if !problems.is_empty() {
        return page(&cx, &caller, StatusCode::BAD_REQUEST, has_password, problems);
    }

    let (refresh, typed) = (cx.refresh_token(), form.secret(FIELD));
    match confirm::confirm(&cx.app, &caller, &typed, refresh.as_ref(), asked(&cx)).await {
        Ok(renewed) => {
            let target = target(&cx)?;
            let mut reply = cx.redirect(&target);
            if target.path().starts_with("/auth/") {
                reply = reply.flash(&cx, FlashKind::Success, cx.say().confirm_thanks());
            }
            Ok(reply.renewed(&cx, &renewed))
        }
        Err(Error::Refused(refusal)) => form::refused(&cx, &refusal, |status, problems| {
            page(
                &cx,
                &caller,
                status,
                has_password,
                problems.renamed("current_password", FIELD),
            )
        }),
        Err(other) => Err(other),
    }
}

/// `GET /auth/sessions/confirm`, where the page was before.
pub async fn moved(cx: Cx, _: Anyone) -> Result<Reply> {
    Ok(cx.redirect(&way(&cx, cx.return_to().as_ref())))
}

/// The request of a program that led here.
fn asked(cx: &Cx) -> Option<ConfirmationId> {
    cx.query(ASKED)?.parse().ok()
}

/// Asks a program to confirm that its person is there: where its person can, and how it can itself.
pub(in crate::http) fn ask(cx: &Cx, asked: &Asked) -> Reply {
    let face = faces::face(&Refusal::ReauthenticationRequired);
    let error = Told {
        code: face.code,
        message: &face.words,
    };
    let id = asked.id.to_string();
    let target = cx.referring_place();
    let target = target.as_ref().map_or(account::PATH, ReturnTo::as_str);
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair(ASKED, &id)
        .append_pair("return_to", target)
        .finish();
    let body = Unconfirmed {
        error,
        authentication_challenge: Challenge {
            id: &id,
            expires_at: asked.ends_at.rfc3339(),
        },
        reauthenticate_url: format!("{PATH}?{query}"),
    };
    Reply::json(face.status, &body)
}

#[derive(Serialize)]
struct Unconfirmed<'a> {
    error: Told<'a>,
    authentication_challenge: Challenge<'a>,
    reauthenticate_url: String,
}

#[derive(Serialize)]
struct Challenge<'a> {
    id: &'a str,
    expires_at: String,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    message: &'a str,
}

/// The way to this page, and from there to `target`.
pub(in crate::http) fn way(cx: &Cx, target: Option<&ReturnTo>) -> ReturnTo {
    cx.by_way_of(PATH, target)
}

/// Where the form is sent: it keeps what led here.
fn action(cx: &Cx) -> String {
    let path = form::path_with(PATH, cx.return_to().as_ref());
    match asked(cx) {
        Some(id) => format!("{path}{}{ASKED}={id}", if path.contains('?') { '&' } else { '?' }),
        None => path,
    }
}

/// Where the person came from. Coming from here leads to the account page, not in circles.
fn target(cx: &Cx) -> Result<ReturnTo> {
    match cx.return_to().filter(|target| ![PATH, FORMER].contains(&target.path())) {
        Some(target) => Ok(target),
        None => form::own_page(account::PATH),
    }
}

/// Somebody without a password can only sign in anew.
pub(super) fn page(
    cx: &Cx,
    caller: &Caller,
    status: StatusCode,
    has_password: bool,
    problems: Problems,
) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&[FIELD]);
    let layout = Layout::signed_in(cx, say.confirm_title(), PATH).with(&problems);
    let page = ConfirmPage {
        layout: if has_password {
            layout.beginning_at(FIELD)
        } else {
            layout
        },
        action: action(cx),
        email: caller.user.email.as_str().to_owned(),
        has_password,
        password: PasswordField::current(FIELD, say.field_current_password()),
        problems,
    };
    form::render(status, page)
}
