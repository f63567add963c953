//! Organizations as their members see them.

use hyper::StatusCode;
use serde::Serialize;

use crate::domain::Caller;
use crate::flows::{self, Result};
use crate::http::api::wire::OrganizationSummary;
use crate::http::cx::Cx;
use crate::http::reply::Reply;

#[derive(Serialize)]
struct OrganizationSummaries {
    organizations: Vec<OrganizationSummary>,
}

/// `GET /auth/api/v1/organizations`: the caller's memberships, oldest first.
pub async fn list(cx: Cx, caller: Caller) -> Result<Reply> {
    let memberships = flows::organizations::of_caller(&cx.app, &caller).await?;
    let organizations = memberships.iter().map(OrganizationSummary::of).collect();
    Ok(Reply::json(StatusCode::OK, &OrganizationSummaries { organizations }))
}

/// `GET /auth/api/v1/organizations/current`: the organization of the caller's session.
pub async fn current(cx: Cx, caller: Caller) -> Result<Reply> {
    let membership = flows::organizations::current(&cx.app, &caller).await?;
    Ok(Reply::json(StatusCode::OK, &OrganizationSummary::of(&membership)))
}
