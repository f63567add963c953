//! Organizations as their members see them.

use crate::app::App;
use crate::domain::Caller;
use crate::domain::organization::{Membership, OrganizationMode};
use crate::flows::Result;

/// What this deployment lets people do with organizations (contract, http.md 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The mode.
    pub mode: OrganizationMode,
    /// Whether member lists are shown.
    pub has_visible_organizations: bool,
    /// Whether people can be invited.
    pub allows_invitations: bool,
    /// Whether organizations are managed through the public API.
    pub allows_public_organization_management: bool,
    /// Whether one may switch between organizations.
    pub allows_switching: bool,
    /// Whether team organizations can be opened.
    pub allows_user_created_team_organizations: bool,
    /// Whether one may leave.
    pub allows_leaving: bool,
}

/// What this deployment allows.
pub fn capabilities(_app: &App) -> Capabilities {
    todo!()
}

/// The caller's memberships, oldest first.
pub async fn of_caller(_app: &App, _caller: &Caller) -> Result<Vec<Membership>> {
    todo!()
}

/// The organization of the caller's session, with his role as the token has it.
pub async fn current(_app: &App, _caller: &Caller) -> Result<Membership> {
    todo!()
}
