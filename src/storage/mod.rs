//! Floor 2: rows in, domain values out. No decisions, no HTTP.

pub mod audit;
pub mod error;
pub mod health;
pub mod keys;
pub mod migrate;
pub mod organizations;
pub mod roles;
pub mod sessions;
pub mod users;

use std::path::PathBuf;

pub use error::{Error, Result};

/// Which database to open; `app` makes it from the settings.
#[derive(Debug, Clone)]
pub enum Target {
    /// A file, or a fresh one in memory for tests.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PostgresTarget>),
}

/// How to reach PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresTarget {
    /// Host name, address, or folder of a Unix socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// Role.
    pub username: String,
    /// Its password, if any.
    pub password: crate::domain::Secret,
    /// Schema that holds the tables.
    pub schema: String,
    /// Whether to use TLS with full verification.
    pub verify_tls: bool,
    /// PEM file of the authorities to trust instead of the public ones.
    pub root_certificates: Option<PathBuf>,
    /// Connections at most.
    pub max_connections: usize,
    /// Whether a transaction-mode pooler stands between.
    pub behind_pooler: bool,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {}

impl Store {
    /// Opens the database without looking at its schema (see [`migrate::check`]).
    pub async fn open(_target: &Target) -> Result<Self> {
        todo!()
    }

    /// A connection without a transaction, for reading only.
    pub async fn read(&self) -> Result<Conn> {
        todo!()
    }

    /// Runs `work` in one transaction: commits on `Ok`, rolls back on anything else, a cancelled
    /// or panicking future included. `Ok` means durable.
    pub async fn write<T, E, F>(&self, _work: F) -> std::result::Result<T, E>
    where
        F: AsyncFnOnce(&mut Tx) -> std::result::Result<T, E>,
        E: From<Error>,
    {
        todo!()
    }
}

/// A connection: reads, aggregate by aggregate.
pub struct Conn {}

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

    /// Signing keys.
    pub fn keys(&mut self) -> keys::Keys<'_> {
        keys::Keys(self)
    }

    /// Audit lines.
    pub fn audit(&mut self) -> audit::Audit<'_> {
        audit::Audit(self)
    }

    /// Whether the database answers.
    pub fn health(&mut self) -> health::Health<'_> {
        health::Health(self)
    }
}

/// A write transaction; everything a [`Conn`] can, and writes take effect.
pub struct Tx(Conn);

impl std::ops::Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.0
    }
}

impl std::ops::DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.0
    }
}
