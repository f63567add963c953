//! What a person changes about their own account (contract, v0.22.md 2.3).

use hyper::StatusCode;
use serde::Deserialize;

use crate::domain::{Caller, Secret, SessionId};
use crate::flows::entry::confirm::Recent;
use crate::flows::{self, Result, password};
use crate::http::api::wire::{Hidden, Text};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

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
    let is_by_cookie = cx.bearer().is_none();
    let input = password::Change {
        new,
        current,
        refresh: cx.refresh_token().filter(|_| is_by_cookie),
    };
    let renewed = password::change(&cx.app, caller, input).await?;
    let reply = Reply::empty(StatusCode::NO_CONTENT);
    Ok(if is_by_cookie {
        reply.renewed(cx, &renewed)
    } else {
        reply
    })
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
