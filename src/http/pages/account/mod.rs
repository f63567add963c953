//! The account page: who one is, and where one is signed in.

pub mod password;
pub mod sessions;

use std::net::IpAddr;

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::session::Session;
use crate::domain::{Caller, PlatformRole, SessionId};
use crate::flows::{self, Result};
use crate::http::cx::Cx;
use crate::http::pages::layout::Layout;
use crate::http::pages::moment::Moment;
use crate::http::pages::{form, program};
use crate::http::reply::Reply;

pub(super) const PATH: &str = "/auth/account";

#[derive(TemplateSimple)]
#[template(path = "account/show.stpl")]
struct AccountPage {
    layout: Layout,
    username: String,
    email: String,
    organization: String,
    organization_role: &'static str,
    roles: Vec<PlatformRole>,
    since: Moment,
    sessions: Vec<Row>,
}

/// A session in the list.
struct Row {
    id: SessionId,
    program: String,
    address: IpAddr,
    opened: Moment,
    last_used: Moment,
    is_current: bool,
}

impl Row {
    fn new(session: &Session, current: SessionId) -> Self {
        Self {
            id: session.id,
            program: program::in_words(&session.client.user_agent),
            address: session.client.address,
            opened: Moment::new(session.created_at),
            last_used: Moment::new(session.last_used_at),
            is_current: session.id == current,
        }
    }
}

/// `GET /auth/account`.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
    let organization = flows::organizations::current(&cx.app, &caller).await?;
    let sessions = flows::sessions::list(&cx.app, &caller).await?;

    let layout = Layout {
        shape: "wide",
        ..Layout::signed_in(&cx, "Your account", PATH)
    };
    let page = AccountPage {
        layout,
        username: caller.user.username.as_str().to_owned(),
        email: caller.user.email.as_str().to_owned(),
        organization: organization.name,
        organization_role: organization.role.name(),
        roles: caller.roles,
        since: Moment::new(caller.user.created_at),
        sessions: sessions
            .iter()
            .map(|session| Row::new(session, caller.session))
            .collect(),
    };
    form::render(StatusCode::OK, page)
}

/// Back to the account page.
fn back(cx: &Cx) -> Result<Reply> {
    Ok(cx.redirect(&form::own_page(PATH)?))
}
