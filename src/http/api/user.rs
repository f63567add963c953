//! The person signed in.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::Caller;
use crate::flows::{self, Result, password};
use crate::http::api::wire::{AuthUser, Hidden, OrganizationSummary};
use crate::http::cx::Cx;
use crate::http::json;
use crate::http::reply::Reply;

#[derive(Serialize)]
struct CurrentUser {
    #[serde(flatten)]
    user: AuthUser,
    roles: Vec<&'static str>,
    organization: OrganizationSummary,
}

/// `GET /auth/api/v1/user`.
pub async fn show(cx: Cx, caller: Caller) -> Result<Reply> {
    let organization = flows::organizations::current(&cx.app, &caller).await?;
    let body = CurrentUser {
        user: AuthUser::of(&caller.user),
        roles: caller.roles.iter().map(|role| role.claim()).collect(),
        organization: OrganizationSummary::of(&organization),
    };
    Ok(Reply::json(StatusCode::OK, &body))
}

/// The body of a password change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetPassword {
    password: Hidden,
    #[serde(default, deserialize_with = "json::present")]
    current_password: Option<Hidden>,
}

/// `PUT /auth/api/v1/users/password`. A browser's own session goes on, with fresh cookies.
pub async fn set_password(cx: Cx, caller: Caller, body: SetPassword) -> Result<Reply> {
    let is_by_cookie = cx.bearer().is_none();
    let input = password::Change {
        new: body.password.0,
        current: body.current_password.map(|given| given.0),
        refresh: cx.refresh_token().filter(|_| is_by_cookie),
    };
    let renewed = password::change(&cx.app, &caller, input).await?;
    let reply = Reply::empty(StatusCode::NO_CONTENT);
    Ok(if is_by_cookie {
        reply.renewed(&cx, &renewed)
    } else {
        reply
    })
}
