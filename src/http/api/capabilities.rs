//! What this deployment lets people do.

use hyper::StatusCode;
use serde::Serialize;

use crate::domain::Caller;
use crate::flows::{self, Result};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract's shape")]
struct Capabilities {
    organization_mode: &'static str,
    has_visible_organizations: bool,
    allows_invitations: bool,
    allows_public_organization_management: bool,
    allows_org_switching: bool,
    allows_user_created_team_orgs: bool,
    allows_organization_leave: bool,
}

/// `GET /auth/api/v1/capabilities`.
pub async fn show(cx: Cx, _: Caller) -> Result<Reply> {
    let can = flows::organizations::capabilities(&cx.app);
    let body = Capabilities {
        organization_mode: can.mode.name(),
        has_visible_organizations: can.has_visible_organizations,
        allows_invitations: can.allows_invitations,
        allows_public_organization_management: can.allows_public_organization_management,
        allows_org_switching: can.allows_switching,
        allows_user_created_team_orgs: can.allows_user_created_team_organizations,
        allows_organization_leave: can.allows_leaving,
    };
    Ok(Reply::json(StatusCode::OK, &body))
}
