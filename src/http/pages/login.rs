//! Signing in.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::{Anyone, Refusal, Visitor};
use crate::flows::entry::code;
use crate::flows::entry::password::{Credentials, with_password};
use crate::flows::entry::sign_up;
use crate::flows::{Error, Result, challenges};
use crate::http::cx::Cx;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{arrival, login_code, notice};
use crate::http::reply::Reply;

const FIELDS: [&str; 2] = ["email", "password"];

#[derive(TemplateSimple)]
#[template(path = "login.stpl")]
struct LoginPage {
    layout: Layout,
    action: String,
    /// Where an account is opened, if people may open one.
    sign_up: Option<String>,
    /// Whether a username will do as well.
    takes_username: bool,
    /// Where a new password is asked for, if there is such a way.
    reset: Option<String>,
    /// Where one signs in with a mailed code, if people may.
    code: Option<String>,
    email: String,
    password: PasswordField,
    problems: Problems,
}

/// `GET /auth/login`.
pub async fn show(cx: Cx, visitor: Visitor) -> Result<Reply> {
    match arrival::pass_on(&cx, &visitor).await? {
        Some(reply) => Ok(reply),
        None => page(&cx, StatusCode::OK, "", Problems::default()),
    }
}

/// `POST /auth/login`.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    let form = cx.form()?;
    let email = form.get("email");
    let missing = if cx.app.config.username_login {
        cx.say().field_identifier_empty()
    } else {
        cx.say().field_email_empty()
    };
    let problems = Problems::empty([
        ("email", email.trim(), missing),
        ("password", form.get("password"), cx.say().field_password_empty()),
    ]);
    if !problems.is_empty() {
        return page(&cx, StatusCode::BAD_REQUEST, email, problems);
    }

    let target = cx.return_to_or_default();
    let input = Credentials {
        identifier: email.to_owned(),
        password: form.secret("password"),
        device: cx.device(),
    };
    match with_password(&cx.app, &cx.by(), input, arrival::audience_of(&target)).await {
        Ok(signed_in) => Ok(arrival::land(&cx, &target, &signed_in)),
        Err(Error::Refused(refusal @ Refusal::ApprovalPending)) => notice::page(&cx, StatusCode::FORBIDDEN, &refusal),
        Err(Error::Refused(refusal)) => {
            form::refused(&cx, &refusal, |status, problems| page(&cx, status, email, problems))
        }
        Err(other) => Err(other),
    }
}

pub(super) fn page(cx: &Cx, status: StatusCode, email: &str, problems: Problems) -> Result<Reply> {
    let (say, return_to) = (cx.say(), cx.return_to());
    let problems = problems.within(&FIELDS);
    let page = LoginPage {
        layout: Layout::of(cx, say.sign_in_title())
            .with(&problems)
            .beginning_at(FIELDS[0]),
        action: form::path_with("/auth/login", return_to.as_ref()),
        sign_up: sign_up::is_open(&cx.app)
            .is_ok()
            .then(|| form::path_with("/auth/signup", return_to.as_ref())),
        takes_username: cx.app.config.username_login,
        reset: challenges::can_be_mailed(&cx.app).then(|| form::path_with("/auth/password-reset", return_to.as_ref())),
        code: code::is_possible(&cx.app).then(|| form::path_with(login_code::PATH, return_to.as_ref())),
        email: email.to_owned(),
        password: PasswordField::current("password", say.field_password()),
        problems,
    };
    form::render(status, page)
}
