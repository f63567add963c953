//! What a connection can be asked for, one word for each kind of thing that is kept.

use crate::storage::{
    Conn, allowlist, appeals, audit, budgets, challenges, confirmations, evidence, health, keys, letters,
    organizations, roles, sessions, users,
};

impl Conn {
    /// People.
    pub fn users(&mut self) -> users::Users<'_> {
        users::Users(self)
    }

    /// Platform roles.
    pub fn roles(&mut self) -> roles::Roles<'_> {
        roles::Roles(self)
    }

    /// Sessions and refresh tokens.
    pub fn sessions(&mut self) -> sessions::Sessions<'_> {
        sessions::Sessions(self)
    }

    /// Organizations and memberships.
    pub fn organizations(&mut self) -> organizations::Organizations<'_> {
        organizations::Organizations(self)
    }

    /// Attempts to prove an address with a code.
    pub fn challenges(&mut self) -> challenges::Challenges<'_> {
        challenges::Challenges(self)
    }

    /// Requests to prove again that a session's owner is there.
    pub fn confirmations(&mut self) -> confirmations::Confirmations<'_> {
        confirmations::Confirmations(self)
    }

    /// Links in letters with which an account is taken back.
    pub fn appeals(&mut self) -> appeals::Appeals<'_> {
        appeals::Appeals(self)
    }

    /// Addresses that accounts may have.
    pub fn allowlist(&mut self) -> allowlist::Allowlist<'_> {
        allowlist::Allowlist(self)
    }

    /// Letters that wait to be sent.
    pub fn letters(&mut self) -> letters::Letters<'_> {
        letters::Letters(self)
    }

    /// Signing keys.
    pub fn keys(&mut self) -> keys::Keys<'_> {
        keys::Keys(self)
    }

    /// Audit lines.
    pub fn audit(&mut self) -> audit::Audit<'_> {
        audit::Audit(self)
    }

    /// What is left of limits.
    pub fn budgets(&mut self) -> budgets::Budgets<'_> {
        budgets::Budgets(self)
    }

    /// What was proved on the way in.
    pub fn evidence(&mut self) -> evidence::Proofs<'_> {
        evidence::Proofs(self)
    }

    /// Whether the database answers.
    pub fn health(&mut self) -> health::Health<'_> {
        health::Health(self)
    }
}
