//! Deleting one's account: a page that says what goes, the act, and the page after it.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::organization::Membership;
use crate::domain::{Anyone, Caller, Refusal};
use crate::flows::account::{self, Farewell};
use crate::flows::entry::confirm::Recent;
use crate::flows::{Error, Result};
use crate::http::cx::Cx;
use crate::http::pages::layout::{self, Layout};
use crate::http::pages::{form, refusals};
use crate::http::reply::Reply;

const PATH: &str = "/auth/user/delete";
const DONE: &str = "/auth/successful-deletion";

#[derive(TemplateSimple)]
#[template(path = "account/delete.stpl")]
struct DeletePage {
    layout: Layout,
    username: String,
    email: String,
    ending: Vec<String>,
    remaining: Vec<String>,
    obstacle: Option<String>,
}

#[derive(TemplateSimple)]
#[template(path = "account/deleted.stpl")]
struct DeletedPage {
    layout: Layout,
}

/// `GET /auth/user/delete`. Asks for the confirmation before the person reads, so that the button
/// does what it says.
pub async fn show(cx: Cx, proof: Recent) -> Result<Reply> {
    let farewell = account::farewell(&cx.app, proof.caller()).await?;
    page(&cx, proof.caller(), StatusCode::OK, &farewell)
}

/// `POST /auth/user/delete`.
pub async fn submit(cx: Cx, proof: Recent) -> Result<Reply> {
    match account::delete(&cx.app, &proof).await {
        Ok(()) => Ok(cx.redirect(&form::own_page(DONE)?).forgets(&cx, proof.caller().user.id)),
        Err(Error::Refused(refusal @ (Refusal::LastAdmin | Refusal::LastOwner { .. }))) => {
            let farewell = account::farewell(&cx.app, proof.caller()).await?;
            let farewell = Farewell {
                obstacle: Some(refusal),
                ..farewell
            };
            page(&cx, proof.caller(), StatusCode::UNPROCESSABLE_ENTITY, &farewell)
        }
        Err(other) => Err(other),
    }
}

/// `GET /auth/successful-deletion`.
pub async fn done(cx: Cx, _: Anyone) -> Result<Reply> {
    deleted_page(&cx)
}

pub(in crate::http::pages) fn page(cx: &Cx, caller: &Caller, status: StatusCode, farewell: &Farewell) -> Result<Reply> {
    let say = cx.say();
    let names = |memberships: &[Membership]| memberships.iter().map(|membership| membership.name.clone()).collect();
    let refused = status
        .is_client_error()
        .then(|| say.frame_title_error(say.delete_title()));
    let title = refused.unwrap_or_else(|| say.delete_title().to_owned());
    let layout = Layout::signed_in(cx, title, PATH);
    let page = DeletePage {
        layout: Layout {
            focus: farewell
                .obstacle
                .as_ref()
                .map_or(layout.focus, |_| Some(layout::SUMMARY)),
            ..layout
        },
        username: caller.user.username.as_str().to_owned(),
        email: caller.user.email.as_str().to_owned(),
        ending: names(&farewell.ending),
        remaining: names(&farewell.remaining),
        obstacle: farewell.obstacle.as_ref().map(|refusal| refusals::words(say, refusal)),
    };
    form::render(status, page)
}

pub(in crate::http::pages) fn deleted_page(cx: &Cx) -> Result<Reply> {
    let page = DeletedPage {
        layout: Layout::of(cx, cx.say().deleted_title()),
    };
    form::render(StatusCode::OK, page)
}
