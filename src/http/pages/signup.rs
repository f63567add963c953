//! Signing up.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::challenge::Purpose;
use crate::domain::{Anyone, Refusal, Visitor};
use crate::flows::entry::sign_up::{self, Application};
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::layout::Layout;
use crate::http::pages::{arrival, notice, refusals, verify};
use crate::http::reply::Reply;

const FIELDS: [&str; 2] = ["email", "password"];

#[derive(TemplateSimple)]
#[template(path = "signup.stpl")]
struct SignUpPage {
    layout: Layout,
    action: String,
    sign_in: String,
    email: String,
    password: PasswordField,
    problems: Problems,
}

/// `GET /auth/signup`.
pub async fn show(cx: Cx, visitor: Visitor) -> Result<Reply> {
    match arrival::pass_on(&cx, &visitor).await? {
        Some(reply) => Ok(reply),
        None => opened(&cx),
    }
}

fn opened(cx: &Cx) -> Result<Reply> {
    match sign_up::is_open(&cx.app) {
        Err(refusal) => notice::page(cx, StatusCode::FORBIDDEN, &refusal),
        Ok(()) => page(cx, StatusCode::OK, "", Problems::default()),
    }
}

/// `POST /auth/signup`.
pub async fn submit(cx: Cx, _: Anyone) -> Result<Reply> {
    if let Err(refusal) = sign_up::is_open(&cx.app) {
        return notice::page(&cx, StatusCode::FORBIDDEN, &refusal);
    }
    let form = cx.form()?;
    let email = form.get("email");
    let problems = Problems::empty([
        ("email", email.trim(), cx.say().field_email_empty()),
        ("password", form.get("password"), cx.say().field_new_password_empty()),
    ]);
    if !problems.is_empty() {
        return page(&cx, StatusCode::BAD_REQUEST, email, problems);
    }

    let input = Application {
        email: email.to_owned(),
        password: form.secret("password"),
        invitation_code: None,
    };
    let target = cx.return_to_or_default();
    if cx.app.config.challenges.at_sign_up {
        return match sign_up::start(&cx.app, &cx.by(), input, arrival::audience_of(&target)).await {
            Ok(id) => Ok(verify::begun(&cx, Purpose::SignUp, id)),
            Err(error) => refused(&cx, email, error),
        };
    }
    match sign_up::direct(&cx.app, &cx.by(), input, arrival::audience_of(&target)).await {
        Ok(signed_in) => Ok(arrival::land(&cx, &target, &signed_in)),
        Err(error) => refused(&cx, email, error),
    }
}

fn refused(cx: &Cx, email: &str, error: Error) -> Result<Reply> {
    match error {
        Error::Refused(refusal @ Refusal::ApprovalPending) => notice::page(cx, StatusCode::FORBIDDEN, &refusal),
        // Nobody has a role yet (contract, http.md 6.2): this is no mistake in the form.
        Error::Refused(refusal @ Refusal::AudienceRefused) => {
            let words = refusals::words(cx.say(), &refusal);
            page(cx, StatusCode::FORBIDDEN, email, Problems::one(None, words))
        }
        Error::Refused(refusal) => form::refused(cx, &refusal, |status, problems| page(cx, status, email, problems)),
        other => Err(other),
    }
}

pub(super) fn page(cx: &Cx, status: StatusCode, email: &str, problems: Problems) -> Result<Reply> {
    let (say, return_to) = (cx.say(), cx.return_to());
    let problems = problems.within(&FIELDS);
    let page = SignUpPage {
        layout: Layout::of(cx, say.sign_up_title())
            .with(&problems)
            .beginning_at(FIELDS[0]),
        action: form::path_with("/auth/signup", return_to.as_ref()),
        sign_in: form::path_with("/auth/login", return_to.as_ref()),
        email: email.to_owned(),
        password: PasswordField::new("password", say.field_password()),
        problems,
    };
    form::render(status, page)
}
