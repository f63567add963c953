//! Organizations, memberships, and the mode of this deployment.

use crate::domain::organization::{Departure, Membership, Organization, OrganizationMode, OrganizationRole};
use crate::domain::page::{Page, Place};
use crate::domain::{OrganizationId, Timestamp, UserId};
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Error, Result};

/// See [`Conn::organizations`].
pub struct Organizations<'c>(pub(super) &'c mut Conn);

/// The columns of an organization.
macro_rules! columns {
    () => {
        "id, name, kind, created_by, created_at"
    };
}

/// The columns of an organization `o` and a membership `m` in it that [`read_membership`] reads.
macro_rules! membership_columns {
    () => {
        "o.id, o.name, m.role"
    };
}

/// Selects from a user's memberships.
macro_rules! select_memberships {
    ($further_columns:literal, $which:literal) => {
        concat!(
            "SELECT ",
            membership_columns!(),
            $further_columns,
            " FROM memberships m
              JOIN organizations o ON o.id = m.organization_id
              WHERE m.user_id = $1 ",
            $which
        )
    };
}

/// Reads [`membership_columns!`].
fn read_membership(row: &mut Row) -> Result<Membership> {
    Ok(Membership {
        organization: row.next("organizations.id")?,
        name: row.next("organizations.name")?,
        role: row.next("memberships.role")?,
    })
}

impl Organizations<'_> {
    /// Adds an organization.
    pub async fn add(self, organization: &Organization) -> Result<()> {
        let sql = concat!(
            "INSERT INTO organizations (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5)"
        );
        let args = args![
            organization.id,
            &organization.name,
            organization.kind.name(),
            organization.created_by,
            organization.created_at,
        ];
        self.0.execute(sql, args).await?;
        Ok(())
    }

    /// The organization with that id.
    pub async fn by_id(self, id: OrganizationId) -> Result<Option<Organization>> {
        let sql = concat!("SELECT ", columns!(), " FROM organizations WHERE id = $1");
        let read = |row: &mut Row| {
            Ok(Organization {
                id: row.next("organizations.id")?,
                name: row.next("organizations.name")?,
                kind: row.next("organizations.kind")?,
                created_by: row.next("organizations.created_by")?,
                created_at: row.next("organizations.created_at")?,
            })
        };
        self.0.find(sql, args![id], read).await
    }

    /// Makes the user a member; `false` if they are one.
    pub async fn join(
        self,
        organization: OrganizationId,
        user: UserId,
        role: OrganizationRole,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "INSERT INTO memberships (organization_id, user_id, role, created_at)
                   VALUES ($1, $2, $3, $4)
                   ON CONFLICT (organization_id, user_id) DO NOTHING";
        Ok(self.0.execute(sql, args![organization, user, role.name(), now]).await? == 1)
    }

    /// The user's memberships, oldest first.
    pub async fn of_user(self, user: UserId) -> Result<Vec<Membership>> {
        let sql = select_memberships!("", "ORDER BY m.created_at, o.id");
        self.0.list(sql, args![user], read_membership).await
    }

    /// A part of the user's memberships, oldest first, each with its place; one more if there are any.
    pub async fn page_of_user(self, user: UserId, page: Page) -> Result<Vec<(Membership, Place)>> {
        let sql = select_memberships!(
            ", m.created_at",
            "AND (m.created_at, o.id) > ($2, $3) ORDER BY m.created_at, o.id LIMIT $4"
        );
        let after = page.after.unwrap_or(Place::BEFORE_OLDEST);
        let read = |row: &mut Row| {
            let membership = read_membership(row)?;
            let place = Place {
                at: row.next("memberships.created_at")?,
                id: membership.organization.uuid(),
            };
            Ok((membership, place))
        };
        self.0
            .list(sql, args![user, after.at, after.id, page.limit + 1], read)
            .await
    }

    /// What each of the user's organizations would be without them, oldest membership first.
    pub async fn departures(self, user: UserId) -> Result<Vec<Departure>> {
        let sql = select_memberships!(
            ", (SELECT count(*)
                FROM memberships other
                WHERE other.organization_id = o.id AND other.user_id <> m.user_id),
               (SELECT count(*)
                FROM memberships other
                JOIN users u ON u.id = other.user_id
                WHERE other.organization_id = o.id AND other.user_id <> m.user_id
                  AND other.role = $2 AND u.disabled_at IS NULL)",
            "ORDER BY m.created_at, o.id"
        );
        let read = |row: &mut Row| {
            Ok(Departure {
                membership: read_membership(row)?,
                others: row.next("count(memberships)")?,
                other_owners: row.next("count(memberships)")?,
            })
        };
        let owner = OrganizationRole::Owner.name();
        self.0.list(sql, args![user, owner], read).await
    }

    /// Locks the user's organizations until the transaction ends: nobody joins them or leaves them
    /// by deleting their account.
    pub async fn lock_of_user(self, user: UserId) -> Result<()> {
        // The order of the locks is the same for everybody, so that two callers cannot block each other.
        let sql = "SELECT o.id
                   FROM organizations o
                   WHERE o.id IN (SELECT m.organization_id FROM memberships m WHERE m.user_id = $1)
                   ORDER BY o.id
                   {pg: FOR UPDATE}";
        self.0.query(sql, args![user]).await?;
        Ok(())
    }

    /// Deletes every organization that the user is in or opened and nobody else is in; returns how many.
    pub async fn delete_without(self, user: UserId) -> Result<u64> {
        let sql = "DELETE FROM organizations
                   WHERE (created_by = $1
                          OR id IN (SELECT m.organization_id FROM memberships m WHERE m.user_id = $1))
                     AND NOT EXISTS (SELECT 1
                                     FROM memberships other
                                     WHERE other.organization_id = organizations.id AND other.user_id <> $1)";
        self.0.execute(sql, args![user]).await
    }

    /// The membership a new session starts in: the user's own personal organization, else the oldest.
    pub async fn default_of(self, user: UserId) -> Result<Option<Membership>> {
        let sql = select_memberships!(
            "",
            "ORDER BY CASE WHEN o.kind = 'personal' AND o.created_by = m.user_id THEN 0 ELSE 1 END,
                      m.created_at, o.id
             LIMIT 1"
        );
        self.0.find(sql, args![user], read_membership).await
    }

    /// Records the mode if none is recorded and returns the one that is.
    pub async fn settle_mode(self, mode: OrganizationMode, now: Timestamp) -> Result<OrganizationMode> {
        let sql = "INSERT INTO organization_mode (id, mode, recorded_at)
                   VALUES (1, $1, $2)
                   ON CONFLICT (id) DO NOTHING";
        self.0.execute(sql, args![mode.name(), now]).await?;
        let recorded = Organizations(self.0).mode().await?;
        recorded.ok_or_else(|| Error::Unreadable("organization_mode".to_owned()))
    }

    /// The recorded mode.
    pub async fn mode(self) -> Result<Option<OrganizationMode>> {
        let sql = "SELECT mode FROM organization_mode WHERE id = 1";
        self.0
            .find(sql, args![], |row| row.next("organization_mode.mode"))
            .await
    }
}
