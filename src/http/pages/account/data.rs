//! Downloading what is kept about oneself: a page that says what the file holds, and the file.

use hyper::StatusCode;
use hyper::header::{CONTENT_DISPOSITION, HeaderValue};
use sailfish::TemplateSimple;
use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::domain::letter::Queued;
use crate::domain::organization::Membership;
use crate::domain::session::Session;
use crate::flows::Result;
use crate::flows::account_data::{self, AccountData, Author, Event};
use crate::flows::entry::confirm::Recent;
use crate::http::cx::Cx;
use crate::http::pages::form;
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

const PATH: &str = "/auth/account/data";
const ATTACHED: HeaderValue = HeaderValue::from_static("attachment; filename=\"authara-data.json\"");

#[derive(TemplateSimple)]
#[template(path = "account/data.stpl")]
struct DataPage {
    layout: Layout,
}

/// `GET /auth/account/data`. Asks for the confirmation before the person reads, so that the button does what it says.
pub async fn show(cx: Cx, _: Recent) -> Result<Reply> {
    page(&cx)
}

pub(in crate::http::pages) fn page(cx: &Cx) -> Result<Reply> {
    let page = DataPage {
        layout: Layout::signed_in(cx, cx.say().data_title(), PATH),
    };
    form::render(StatusCode::OK, page)
}

/// `POST /auth/account/data`: the file. A GET would leave a line in the audit.
pub async fn submit(cx: Cx, proof: Recent) -> Result<Reply> {
    let data = account_data::copy(&cx.app, &proof).await?;
    Ok(Reply::json(StatusCode::OK, &file(&data)).header(CONTENT_DISPOSITION, ATTACHED))
}

/// The whole file. Its members are described in `docs/api.md`.
fn file(data: &AccountData) -> Value {
    let AccountData { user, .. } = data;
    let password = data
        .password_set_at
        .map(|at| json!({ "method": "password", "set_at": at.rfc3339() }));
    json!({
        "generated_at": data.at.rfc3339(),
        "profile": {
            "id": user.id.to_string(),
            "email": user.email.as_str(),
            "email_verified_at": user.email_verified_at.map(Timestamp::rfc3339),
            "username": user.username.as_str(),
            "language": user.language,
            "created_at": user.created_at.rfc3339(),
            "roles": data.roles.iter().map(|role| role.name()).collect::<Vec<_>>(),
        },
        "sign_in_methods": password.into_iter().collect::<Vec<_>>(),
        "sessions": data.sessions.iter().map(session).collect::<Vec<_>>(),
        "organizations": data.memberships.iter().map(organization).collect::<Vec<_>>(),
        "events": data.events.iter().map(event).collect::<Vec<_>>(),
        "letters": data.letters.iter().map(letter).collect::<Vec<_>>(),
    })
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": session.created_at.rfc3339(),
        "last_used_at": session.last_used_at.rfc3339(),
        "authenticated_at": session.authenticated_at.rfc3339(),
        "expires_at": session.expires_at.rfc3339(),
        "revoked_at": session.revoked_at.map(Timestamp::rfc3339),
        "organization_id": session.organization.to_string(),
        "address": session.client.address.to_string(),
        "user_agent": session.client.user_agent,
    })
}

fn organization(membership: &Membership) -> Value {
    json!({
        "id": membership.organization.to_string(),
        "name": membership.name,
        "role": membership.role.name(),
    })
}

fn event(event: &Event) -> Value {
    let (address, user_agent) = event.client.clone().unzip();
    json!({
        "at": event.at.rfc3339(),
        "action": event.action.name(),
        "result": event.outcome.name(),
        "by": match event.by {
            Author::Themselves => "you",
            Author::Admin => "admin",
            Author::Operator => "operator",
            Author::Unknown => "unknown",
        },
        "session_id": event.session.map(|session| session.to_string()),
        "address": address.map(|address| address.to_string()),
        "user_agent": user_agent,
        "detail": event.detail,
    })
}

fn letter(queued: &Queued) -> Value {
    json!({
        "kind": queued.letter.kind.name(),
        "to": queued.letter.to.as_str(),
        "language": queued.letter.language,
        "created_at": queued.letter.created_at.rfc3339(),
        "state": queued.state.name(),
        "settled_at": queued.settled_at.map(Timestamp::rfc3339),
    })
}
