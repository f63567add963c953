//! Entering a code that was mailed. It counts only in the browser that asked for it, which has the cookie of the attempt: a link in a
//! letter carries the code alone, and opens this page.

use hyper::StatusCode;
use hyper::header::{HeaderValue, REFERRER_POLICY};
use sailfish::TemplateSimple;

use crate::config::mail::Transport;
use crate::domain::challenge::Purpose;
use crate::domain::{Anyone, ChallengeId, Newcomer, Refusal};
use crate::flows::entry::{code, sign_up};
use crate::flows::{Error, Result, address, challenges, reset};
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{account, arrival, notice};
use crate::http::reply::Reply;

const FIELDS: [&str; 2] = ["code", "password"];

#[derive(TemplateSimple)]
#[template(path = "verify.stpl")]
struct VerifyPage {
    layout: Layout,
    action: String,
    again: String,
    email: String,
    code: String,
    /// A field for the new password, where one is set.
    password: Option<PasswordField>,
    /// Whether the letter is in the inbox of a development server.
    is_in_inbox: bool,
    problems: Problems,
}

#[derive(TemplateSimple)]
#[template(path = "verify_elsewhere.stpl")]
struct ElsewherePage {
    layout: Layout,
    begin: String,
}

/// What a code is for, by its place in the address (contract, http.md 12).
fn purpose(cx: &Cx) -> Result<Purpose> {
    let action: String = cx.path("action")?;
    match action.as_str() {
        "signup" => Ok(Purpose::SignUp),
        "password-reset" => Ok(Purpose::PasswordReset),
        "login" => Ok(Purpose::SignIn),
        _ => Err(Refusal::NotFound.into()),
    }
}

const fn path(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::SignUp => "/auth/verify-challenge/signup",
        Purpose::PasswordReset => "/auth/verify-challenge/password-reset",
        Purpose::EmailChange => "/auth/verify-challenge/email-change",
        Purpose::SignIn => "/auth/verify-challenge/login",
    }
}

const fn beginning(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::SignUp => "/auth/signup",
        Purpose::PasswordReset => "/auth/password-reset",
        Purpose::EmailChange => "/auth/email-change",
        Purpose::SignIn => "/auth/login/code",
    }
}

/// Sends a browser that has begun an attempt to the page where its code is entered.
pub(super) fn begun(cx: &Cx, purpose: Purpose, id: ChallengeId) -> Reply {
    let life = cx.app.config.challenges.terms.life;
    let value = cx.app.entry.wrap(&id.to_string(), purpose.name(), cx.now());
    let to = cx.by_way_of(path(purpose), cx.return_to().as_ref());
    cx.redirect(&to).cookie(SetCookie::new(cookies::ENTRY, value, life))
}

/// The attempt that this browser has begun.
fn attempt(cx: &Cx, purpose: Purpose) -> Option<ChallengeId> {
    let life = cx.app.config.challenges.terms.life;
    let text = cx
        .app
        .entry
        .unwrap_text(cx.cookie(cookies::ENTRY)?, purpose.name(), life, cx.now())?;
    text.parse().ok()
}

/// `GET /auth/verify-challenge/{action}`, with the code in `code` where a link of a letter was opened. Changes nothing.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    let purpose = purpose(&cx)?;
    let code = cx.query("code").unwrap_or_default();
    open(&cx, purpose, StatusCode::OK, &code, Problems::default()).await
}

/// `POST /auth/verify-challenge/{action}`.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    let purpose = purpose(&cx)?;
    let form = cx.form()?;
    let code = form.get("code");
    let mut problems = Problems::empty([("code", code.trim(), cx.say().verify_code_empty())]);
    if purpose == Purpose::PasswordReset {
        problems = problems.and(Problems::empty([(
            "password",
            form.get("password"),
            cx.say().field_new_password_empty(),
        )]));
    }
    if !problems.is_empty() {
        return open(&cx, purpose, StatusCode::BAD_REQUEST, code, problems).await;
    }
    let Some(id) = attempt(&cx, purpose) else {
        return elsewhere(&cx, purpose, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let target = cx.return_to_or_default();
    let done = match purpose {
        Purpose::SignUp => sign_up::complete(&cx.app, &cx.by(), id, code)
            .await
            .map(|signed_in| arrival::land(&cx, &target, &signed_in)),
        Purpose::SignIn => code::complete(&cx.app, &cx.by(), id, code, arrival::audience_of(&target))
            .await
            .map(|signed_in| arrival::land(&cx, &target, &signed_in)),
        Purpose::PasswordReset => reset::complete_with(&cx.app, &cx.by(), id, code, &form.secret("password"))
            .await
            .map(|()| {
                let to = cx.by_login(cx.return_to().as_ref());
                cx.redirect(&to).flash(&cx, FlashKind::Success, cx.say().reset_done())
            }),
        // Has a row of its own.
        Purpose::EmailChange => Err(Refusal::NotFound.into()),
    };
    concluded(&cx, purpose, id, code, done).await
}

/// `GET /auth/verify-challenge/email-change`.
pub async fn show_address(cx: Cx, _: Newcomer) -> Result<Reply> {
    let code = cx.query("code").unwrap_or_default();
    open(&cx, Purpose::EmailChange, StatusCode::OK, &code, Problems::default()).await
}

/// `POST /auth/verify-challenge/email-change`. It counts only in the session that asked for the code.
pub async fn submit_address(cx: Cx, Newcomer(caller): Newcomer) -> Result<Reply> {
    let purpose = Purpose::EmailChange;
    let code = cx.form()?.get("code");
    let problems = Problems::empty([("code", code.trim(), cx.say().verify_code_empty())]);
    if !problems.is_empty() {
        return open(&cx, purpose, StatusCode::BAD_REQUEST, code, problems).await;
    }
    let Some(id) = attempt(&cx, purpose) else {
        return elsewhere(&cx, purpose, StatusCode::UNPROCESSABLE_ENTITY);
    };
    let refresh = cx.refresh_token();
    let done = match address::complete(&cx.app, &caller, id, code, refresh.as_ref()).await {
        Ok(renewed) => {
            let target = match cx.return_to() {
                Some(target) => target,
                None => form::own_page(account::PATH)?,
            };
            let reply = cx.redirect(&target);
            let reply = if target.path() == account::PATH {
                reply.flash(&cx, FlashKind::Success, cx.say().email_change_done())
            } else {
                reply
            };
            Ok(reply.renewed(&cx, &renewed))
        }
        Err(error) => Err(error),
    };
    concluded(&cx, purpose, id, code, done).await
}

/// What the person sees after a code was entered.
async fn concluded(cx: &Cx, purpose: Purpose, id: ChallengeId, code: &str, done: Result<Reply>) -> Result<Reply> {
    match done {
        Ok(reply) => Ok(reply.cookie(SetCookie::clear(cookies::ENTRY))),
        Err(Error::Refused(
            refusal @ (Refusal::ApprovalPending | Refusal::SignUpClosed | Refusal::InvitationNeeded),
        )) => {
            let reply = notice::page(cx, StatusCode::FORBIDDEN, &refusal)?;
            Ok(reply.cookie(SetCookie::clear(cookies::ENTRY)))
        }
        Err(Error::Refused(refusal)) if !matches!(refusal, Refusal::NotFound | Refusal::SignInRequired) => {
            let email = challenges::address(&cx.app, id).await?;
            form::refused(cx, &refusal, |status, problems| {
                page(cx, purpose, status, (&email, code), problems)
            })
        }
        Err(other) => Err(other),
    }
}

/// `POST /auth/resend-challenge`, which says nothing about whether there was anything to send.
pub async fn resend(cx: Cx, _: Anyone) -> Result<Reply> {
    for purpose in Purpose::ALL {
        if let Some(id) = attempt(&cx, purpose) {
            challenges::resend(&cx.app, &cx.by(), id).await?;
            let to = cx.by_way_of(path(purpose), cx.return_to().as_ref());
            return Ok(cx
                .redirect(&to)
                .flash(&cx, FlashKind::Success, cx.say().verify_again_done()));
        }
    }
    elsewhere(&cx, Purpose::SignUp, StatusCode::UNPROCESSABLE_ENTITY)
}

async fn open(cx: &Cx, purpose: Purpose, status: StatusCode, code: &str, problems: Problems) -> Result<Reply> {
    let Some(id) = attempt(cx, purpose) else {
        return elsewhere(cx, purpose, status);
    };
    let email = challenges::address(&cx.app, id).await?;
    page(cx, purpose, status, (&email, code), problems)
}

pub(super) fn page(
    cx: &Cx,
    purpose: Purpose,
    status: StatusCode,
    (email, code): (&str, &str),
    problems: Problems,
) -> Result<Reply> {
    let say = cx.say();
    let problems = problems.within(&FIELDS);
    let password =
        (purpose == Purpose::PasswordReset).then(|| PasswordField::new("password", say.field_new_password()));
    let page = VerifyPage {
        layout: Layout::of(cx, say.verify_title())
            .with(&problems)
            .beginning_at(FIELDS[0]),
        action: form::path_with(path(purpose), cx.return_to().as_ref()),
        again: form::path_with("/auth/resend-challenge", cx.return_to().as_ref()),
        email: email.to_owned(),
        // Whatever else a link was made to say.
        code: code.chars().filter(char::is_ascii_digit).take(6).collect(),
        password,
        is_in_inbox: matches!(cx.app.config.mail.transport, Some(Transport::Inbox)),
        problems,
    };
    // A link that was opened has the code in its address, which is nobody else's.
    let reply = form::render(status, page)?;
    Ok(reply.header(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
}

pub(super) fn elsewhere(cx: &Cx, purpose: Purpose, status: StatusCode) -> Result<Reply> {
    let page = ElsewherePage {
        layout: Layout::of(cx, cx.say().verify_elsewhere_title()),
        begin: form::path_with(beginning(purpose), cx.return_to().as_ref()),
    };
    let reply = form::render(status, page)?;
    Ok(reply.header(REFERRER_POLICY, HeaderValue::from_static("no-referrer")))
}
