//! Organizations as their members see them.

use crate::app::App;
use crate::domain::organization::{Departure, Membership, OrganizationMode};
use crate::domain::page::{Page, Part};
use crate::domain::{Caller, Refusal};
use crate::flows::Result;

/// What this deployment lets people do with organizations (contract, http.md 8.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the contract's list of capabilities, one member each"
)]
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
pub fn capabilities(app: &App) -> Capabilities {
    let mode = app.config.organization_mode;
    let has_teams = mode != OrganizationMode::Personal;
    let has_many = mode == OrganizationMode::Multi;
    Capabilities {
        mode,
        has_visible_organizations: has_teams,
        // There are none yet, whatever the mode.
        allows_invitations: false,
        allows_public_organization_management: false,
        allows_switching: has_many,
        allows_user_created_team_organizations: has_many,
        allows_leaving: has_many,
    }
}

/// The caller's memberships, oldest first.
pub async fn of_caller(app: &App, caller: &Caller) -> Result<Vec<Membership>> {
    Ok(app.store.read().await?.organizations().of_user(caller.user.id).await?)
}

/// A part of the same list.
pub async fn page_of_caller(app: &App, caller: &Caller, page: Page) -> Result<Part<Membership>> {
    let mut conn = app.store.read().await?;
    let found = conn.organizations().page_of_user(caller.user.id, page).await?;
    let Part { entries, next } = Part::of(found, page, |(_, place)| *place);
    let entries = entries.into_iter().map(|(membership, _)| membership).collect();
    Ok(Part { entries, next })
}

/// The organization of the caller's session, with their role as the token has it. Refused with
/// `SignInRequired` once they are not a member any more.
pub async fn current(app: &App, caller: &Caller) -> Result<Membership> {
    let is_it = |membership: &Membership| membership.organization == caller.organization;
    let found = match caller.membership.clone().filter(is_it) {
        Some(membership) => Some(membership),
        // The session has moved to another organization since the token was issued.
        None => of_caller(app, caller).await?.into_iter().find(is_it),
    };
    let membership = found.ok_or(Refusal::SignInRequired)?;
    Ok(Membership {
        role: caller.organization_role,
        ..membership
    })
}

/// The same if others are in it too: of an organization of one, people need not know.
pub async fn shared(app: &App, caller: &Caller) -> Result<Option<Membership>> {
    let current = current(app, caller).await?;
    let departures = app
        .store
        .read()
        .await?
        .organizations()
        .departures(caller.user.id)
        .await?;
    let is_shared =
        |departure: &Departure| departure.membership.organization == current.organization && !departure.is_end();
    Ok(departures.iter().any(is_shared).then_some(current))
}
