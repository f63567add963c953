//! What a person changes about their own account (contract, v0.22.md 2.3).

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::session::Session;
use crate::domain::{Caller, Newcomer, Refusal, Secret, SessionId, Timestamp};
use crate::flows::entry::confirm::Recent;
use crate::flows::tokens::Renewed;
use crate::flows::{self, Result, password};
use crate::http::api::challenges::{self, Entered};
use crate::http::api::paging::List;
use crate::http::api::wire::{AuthUser, Hidden, Text};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

/// The provider of a method that needs none.
const PASSWORD: &str = "password";

/// `Account`.
#[derive(Serialize)]
struct Account {
    user: AuthUser,
    sessions: Vec<AccountSession>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions_next_cursor: Option<String>,
    auth_methods: Vec<AuthMethod>,
    /// There are none in this version.
    passkeys: [(); 0],
}

/// `AccountSession`.
#[derive(Serialize)]
struct AccountSession {
    id: String,
    current: bool,
    created_at: String,
    expires_at: String,
    user_agent: String,
}

/// `AuthMethod`.
#[derive(Serialize)]
struct AuthMethod {
    provider: &'static str,
    created_at: String,
}

/// `GET /auth/api/v1/account`: live sessions only, newest first.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
    let list = |kind, prefix| List {
        kind,
        scope: caller.user.id.uuid(),
        prefix,
    };
    let sessions = list("account_sessions", "sessions_");
    let page = sessions.page(&cx)?;
    list("account_passkeys", "passkeys_").page(&cx)?;
    let part = flows::sessions::page(&cx.app, &caller, page).await?;
    let password = password::since(&cx.app, &caller).await?;
    let session = |session: &Session| AccountSession {
        id: session.id.to_string(),
        current: session.id == caller.session,
        created_at: session.created_at.rfc3339(),
        expires_at: session.expires_at.rfc3339(),
        user_agent: session.client.user_agent.clone(),
    };
    let method = |since: Timestamp| AuthMethod {
        provider: PASSWORD,
        created_at: since.rfc3339(),
    };
    let body = Account {
        user: AuthUser::of(&caller.user),
        sessions: part.entries.iter().map(session).collect(),
        sessions_next_cursor: part.next.map(|place| sessions.cursor(place)),
        auth_methods: password.map(method).into_iter().collect(),
        passkeys: [],
    };
    Ok(Reply::json(StatusCode::OK, &body))
}

/// The body that gives an account its first password.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AddPassword {
    password: Hidden,
}

/// `POST /auth/api/v1/account/password`.
pub async fn add_password(cx: Cx, proof: Recent, body: AddPassword) -> Result<Reply> {
    let refresh = own_refresh_token(&cx);
    let renewed = password::add(&cx.app, &proof, &body.password.0, refresh.as_ref()).await?;
    Ok(set(&cx, &renewed))
}

/// `DELETE /auth/api/v1/account/auth-methods/{provider}`.
pub async fn remove_method(cx: Cx, proof: Recent) -> Result<Reply> {
    let provider: String = cx.path("provider")?;
    match provider.as_str() {
        PASSWORD => password::remove(&cx.app, &proof).await?,
        // Nobody has linked another one.
        _ => return Err(Refusal::NotFound.into()),
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The body of a change of the address.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmail {
    new_email: Text,
}

/// `POST /auth/api/v1/account/email-change/challenges`. Until the account's address is proved it may be that one.
pub async fn change_email(cx: Cx, Newcomer(caller): Newcomer, body: ChangeEmail) -> Result<Reply> {
    let id = flows::address::start(&cx.app, &caller, &body.new_email.0).await?;
    Ok(challenges::begun(id))
}

/// `POST /auth/api/v1/account/email-change/challenges/verify`, in the session that asked for the code. Tokens stay; the next ones have the new
/// address.
pub async fn verify_email(cx: Cx, Newcomer(caller): Newcomer, body: Entered) -> Result<Reply> {
    flows::address::complete(&cx.app, &caller, body.id()?, &body.code, None).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The body of a change of the username.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rename {
    username: Text,
}

/// `PATCH /auth/api/v1/account/username`.
pub async fn rename(cx: Cx, caller: Caller, body: Rename) -> Result<Reply> {
    flows::account::rename(&cx.app, &caller, &body.username.0).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The body of a change of the password, which always needs the current one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangePassword {
    current_password: Hidden,
    new_password: Hidden,
}

/// `PUT /auth/api/v1/account/password`.
pub async fn change_password(cx: Cx, caller: Caller, body: ChangePassword) -> Result<Reply> {
    set_password(&cx, &caller, body.new_password.0, Some(body.current_password.0)).await
}

/// Sets the caller's password. A browser's own session goes on, with fresh cookies.
pub(super) async fn set_password(cx: &Cx, caller: &Caller, new: Secret, current: Option<Secret>) -> Result<Reply> {
    let input = password::Change {
        new,
        current,
        refresh: own_refresh_token(cx),
    };
    let renewed = password::change(&cx.app, caller, input).await?;
    Ok(set(cx, &renewed))
}

/// The refresh token of a browser, which shows its cookies and no access token of a program.
fn own_refresh_token(cx: &Cx) -> Option<Secret> {
    cx.refresh_token().filter(|_| cx.bearer().is_none())
}

/// The answer once a password is set.
fn set(cx: &Cx, renewed: &Renewed) -> Reply {
    let reply = Reply::empty(StatusCode::NO_CONTENT);
    match cx.bearer() {
        None => reply.renewed(cx, renewed),
        Some(_) => reply,
    }
}

/// `DELETE /auth/api/v1/account/sessions/{session}`. Cookies stay, the caller's own session may be ended too.
pub async fn end_session(cx: Cx, proof: Recent) -> Result<Reply> {
    let session: SessionId = cx.path("session")?;
    flows::sessions::revoke(&cx.app, &proof, session).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// `DELETE /auth/api/v1/account/sessions/others`.
pub async fn end_others(cx: Cx, proof: Recent) -> Result<Reply> {
    flows::sessions::revoke_others(&cx.app, &proof).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
