//! Organizations, memberships, and how a deployment uses them.

use crate::domain::{OrganizationId, Timestamp, User, UserId};

/// How organizations are used (`AUTHARA_ORG_MODE`); fixed at a database's first start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationMode {
    /// One hidden organization a person.
    Personal,
    /// Each person is in one team.
    Single,
    /// A personal organization, and any number of teams.
    Multi,
}

impl OrganizationMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Personal, Self::Single, Self::Multi];

    /// The name in settings, database and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Single => "single",
            Self::Multi => "multi",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == text)
    }

    /// Kind of the organization that a sign-up without invitation opens.
    pub const fn initial_kind(self) -> OrganizationKind {
        match self {
            Self::Personal | Self::Multi => OrganizationKind::Personal,
            Self::Single => OrganizationKind::Team,
        }
    }
}

/// Whether an organization is one person's own or a team's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationKind {
    /// Belongs to the one person who opened it.
    Personal,
    /// May have any number of members.
    Team,
}

impl OrganizationKind {
    /// The name in database and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Personal => "personal",
            Self::Team => "team",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Personal, Self::Team]
            .into_iter()
            .find(|kind| kind.name() == text)
    }
}

/// What a member may do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrganizationRole {
    /// Everything.
    Owner,
    /// Everything but ending the organization.
    Admin,
    /// Belongs to it.
    Member,
}

impl OrganizationRole {
    /// The name in database, tokens and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Owner, Self::Admin, Self::Member]
            .into_iter()
            .find(|role| role.name() == text)
    }
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Stays for ever.
    pub id: OrganizationId,
    /// 1 to 255 characters.
    pub name: String,
    /// Personal or team.
    pub kind: OrganizationKind,
    /// Who opened it, while that account exists.
    pub created_by: Option<UserId>,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl Organization {
    /// The organization that opening an account brings with it.
    pub fn initial(id: OrganizationId, mode: OrganizationMode, owner: &User) -> Self {
        Self {
            id,
            name: owner.username.as_str().to_owned(),
            kind: mode.initial_kind(),
            created_by: Some(owner.id),
            created_at: owner.created_at,
        }
    }
}

/// What an organization would be without one of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// The membership that would end.
    pub membership: Membership,
    /// Members who would remain.
    pub others: i64,
    /// Those of them who are owners and whose account is on.
    pub other_owners: i64,
}

impl Departure {
    /// Whether nobody would be left.
    pub fn is_end(&self) -> bool {
        self.others == 0
    }

    /// Whether members would be left without an owner, who could do for them what only owners may.
    pub fn leaves_no_owner(&self) -> bool {
        self.membership.role == OrganizationRole::Owner && self.others > 0 && self.other_owners == 0
    }
}

/// An organization as one of its members sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Which organization.
    pub organization: OrganizationId,
    /// Its name.
    pub name: String,
    /// What the member may do there.
    pub role: OrganizationRole,
}
