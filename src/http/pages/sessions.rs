//! Signing out and refreshing. Browsers' forms are sent on; scripts get a plain answer, since
//! they would follow a redirect and take the page behind it for the outcome (contract, http.md 15.2).

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::{Anyone, Refusal, Visitor};
use crate::flows::{self, Error, Result};
use crate::http::cookies;
use crate::http::cx::Cx;
use crate::http::faces;
use crate::http::pages::arrival;
use crate::http::pages::layout::Layout;
use crate::http::pages::{errors, form};
use crate::http::reply::Reply;

const SIGN_OUT: &str = "/auth/sessions/logout";

#[derive(TemplateSimple)]
#[template(path = "sign_out.stpl")]
struct SignOutPage {
    layout: Layout,
    action: String,
    email: String,
}

#[derive(TemplateSimple)]
#[template(path = "signed_out.stpl")]
struct SignedOutPage {
    layout: Layout,
    sign_in: String,
}

/// `GET /auth/sessions/logout`: asks, for a link changes nothing.
pub async fn ask(cx: Cx, visitor: Visitor) -> Result<Reply> {
    match visitor {
        Visitor::SignedIn(caller) => sign_out_page(&cx, caller.user.email.as_str()),
        Visitor::Guest(_) => signed_out_page(&cx),
    }
}

pub(super) fn sign_out_page(cx: &Cx, email: &str) -> Result<Reply> {
    let page = SignOutPage {
        layout: Layout {
            is_private: true,
            ..Layout::of(cx, cx.say().sign_out_title())
        },
        action: form::path_with(SIGN_OUT, cx.return_to().as_ref()),
        email: email.to_owned(),
    };
    form::render(StatusCode::OK, page)
}

pub(super) fn signed_out_page(cx: &Cx) -> Result<Reply> {
    let page = SignedOutPage {
        layout: Layout::of(cx, cx.say().signed_out_title()),
        sign_in: form::path_with("/auth/login", cx.return_to().as_ref()),
    };
    form::render(StatusCode::OK, page)
}

/// `POST /auth/sessions/logout`.
pub async fn sign_out(cx: Cx, _: Anyone) -> Result<Reply> {
    cx.has_whole_session()?;
    let access = cx.cookie(cookies::ACCESS);
    flows::sign_out::end(&cx.app, &cx.by(), access, cx.refresh_token().as_ref()).await?;

    let reply = if cx.is_script_fetch() {
        Reply::empty(StatusCode::NO_CONTENT)
    } else {
        cx.redirect(&cx.return_to_or_default())
    };
    Ok(reply.clear_session(&cx))
}

/// `POST /auth/sessions/refresh`.
pub async fn refresh(cx: Cx, _: Anyone) -> Result<Reply> {
    if cx.is_script_fetch() {
        for_script(&cx).await
    } else {
        for_form(&cx).await
    }
}

async fn for_script(cx: &Cx) -> Result<Reply> {
    let token = cx.refresh_token().ok_or(Refusal::SessionEnded)?;
    match flows::refresh::with_token(&cx.app, &cx.by(), &token, cx.audience()).await {
        Ok(signed_in) => {
            cx.note_user(signed_in.user.id);
            Ok(Reply::empty(StatusCode::OK).tokens(cx, &signed_in.tokens))
        }
        Err(Error::Refused(Refusal::SessionEnded)) => {
            let face = faces::face(&Refusal::SessionEnded);
            Ok(errors::show_as_json(cx, &face).clear_session(cx))
        }
        Err(other) => Err(other),
    }
}

async fn for_form(cx: &Cx) -> Result<Reply> {
    let target = cx.return_to_or_default();
    let refreshed = match cx.refresh_token() {
        None => Err(Refusal::SessionEnded.into()),
        Some(token) => {
            let by = cx.by();
            let refresh = |audience| flows::refresh::with_token(&cx.app, &by, &token, audience);
            arrival::for_target(&target, refresh).await
        }
    };
    match refreshed {
        Ok(signed_in) => {
            cx.note_user(signed_in.user.id);
            Ok(cx.redirect(&target).tokens(cx, &signed_in.tokens))
        }
        Err(Error::Refused(Refusal::SessionEnded)) => {
            let login = cx.by_login(cx.return_to().as_ref());
            Ok(cx.redirect(&login).clear_session(cx))
        }
        Err(Error::Refused(Refusal::TokenReplaced)) => Ok(cx.redirect(&cx.by_login(cx.return_to().as_ref()))),
        Err(other) => Err(other),
    }
}
