//! The person signed in.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::Caller;
use crate::flows::{self, Result};
use crate::http::api::account;
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

/// `PUT /auth/api/v1/users/password`.
pub async fn set_password(cx: Cx, caller: Caller, body: SetPassword) -> Result<Reply> {
    let current = body.current_password.map(|given| given.0);
    account::set_password(&cx, &caller, body.password.0, current).await
}
