//! Embedded, numbered, checksummed migrations.

use crate::storage::{Result, Store};

/// The schema that this binary needs (`version`); it starts when `compatible_from <= NEEDED <= version`.
pub const NEEDED: i64 = 1;

/// One migration and whether it has been applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its number.
    pub number: i64,
    /// Its name, from the file.
    pub name: &'static str,
    /// Its statements for this database.
    pub sql: &'static str,
    /// Whether it has been applied.
    pub applied: bool,
}

/// Every migration of this binary, in order. Fails for a foreign, newer or damaged database, and
/// for an applied migration whose checksum differs. Changes nothing.
pub async fn status(_store: &Store) -> Result<Vec<Step>> {
    todo!()
}

/// Applies what is pending, one transaction each, under a lock; returns what was applied.
pub async fn up(_store: &Store) -> Result<Vec<Step>> {
    todo!()
}

/// Fails with the command to run unless the database's schema fits this binary. Changes nothing.
pub async fn check(_store: &Store) -> Result<()> {
    todo!()
}
