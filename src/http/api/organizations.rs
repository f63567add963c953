//! Organizations as their members see them.

use hyper::StatusCode;
use serde::Serialize;

use crate::domain::Caller;
use crate::flows::{self, Result};
use crate::http::api::paging::List;
use crate::http::api::wire::OrganizationSummary;
use crate::http::cx::Cx;
use crate::http::reply::Reply;

#[derive(Serialize)]
struct OrganizationSummaries {
    organizations: Vec<OrganizationSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// `GET /auth/api/v1/organizations`: the caller's memberships, oldest first.
pub async fn list(cx: Cx, caller: Caller) -> Result<Reply> {
    let list = List {
        kind: "user_organizations",
        scope: caller.user.id.uuid(),
        prefix: "",
    };
    let part = flows::organizations::page_of_caller(&cx.app, &caller, list.page(&cx)?).await?;
    let body = OrganizationSummaries {
        organizations: part.entries.iter().map(OrganizationSummary::of).collect(),
        next_cursor: part.next.map(|place| list.cursor(place)),
    };
    Ok(Reply::json(StatusCode::OK, &body))
}

/// `GET /auth/api/v1/organizations/current`: the organization of the caller's session.
pub async fn current(cx: Cx, caller: Caller) -> Result<Reply> {
    let membership = flows::organizations::current(&cx.app, &caller).await?;
    Ok(Reply::json(StatusCode::OK, &OrganizationSummary::of(&membership)))
}
