//! Organizations, memberships, and the mode of this deployment.

use crate::domain::organization::{Membership, Organization, OrganizationMode, OrganizationRole};
use crate::domain::{OrganizationId, Timestamp, UserId};
use crate::storage::{Conn, Result};

/// See [`Conn::organizations`].
pub struct Organizations<'c>(pub(super) &'c mut Conn);

impl Organizations<'_> {
    /// Adds an organization.
    pub async fn add(self, _organization: &Organization) -> Result<()> {
        todo!()
    }

    /// The organization with that id.
    pub async fn by_id(self, _id: OrganizationId) -> Result<Option<Organization>> {
        todo!()
    }

    /// Makes the user a member; `false` if he is one.
    pub async fn join(
        self,
        _organization: OrganizationId,
        _user: UserId,
        _role: OrganizationRole,
        _now: Timestamp,
    ) -> Result<bool> {
        todo!()
    }

    /// The user's memberships, oldest first.
    pub async fn of_user(self, _user: UserId) -> Result<Vec<Membership>> {
        todo!()
    }

    /// The membership a new session starts in: the user's own personal organization, else the oldest.
    pub async fn default_of(self, _user: UserId) -> Result<Option<Membership>> {
        todo!()
    }

    /// Records the mode if none is recorded and returns the one that is.
    pub async fn settle_mode(self, _mode: OrganizationMode, _now: Timestamp) -> Result<OrganizationMode> {
        todo!()
    }

    /// The recorded mode.
    pub async fn mode(self) -> Result<Option<OrganizationMode>> {
        todo!()
    }
}
