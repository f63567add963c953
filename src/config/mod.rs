//! Floor 2: settings, read once from the environment and checked together.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use crate::domain::Secret;
use crate::domain::organization::OrganizationMode;
use crate::domain::return_to::ReturnTo;
use crate::domain::session::Rotation;

/// Every setting, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `APP_ENV`.
    pub environment: Environment,
    /// `AUTHARA_LISTEN`.
    pub listen: Listen,
    /// `PUBLIC_URL`.
    pub public_url: PublicUrl,
    /// `AUTHARA_DEFAULT_RETURN_TO`.
    pub default_return_to: ReturnTo,
    /// `AUTHARA_TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<Network>,
    /// `DATABASE_URL` or `POSTGRESQL_*`.
    pub database: Database,
    /// `AUTHARA_SECRET_KEY`, as given; its form has been checked.
    pub secret_key: Secret,
    /// Access tokens.
    pub tokens: Tokens,
    /// Sessions and refresh tokens.
    pub sessions: Sessions,
    /// `AUTHARA_ORG_MODE`.
    pub organization_mode: OrganizationMode,
    /// The password hashing pool.
    pub hashing: Hashing,
    /// `AUTHARA_COOKIE_PREFIX`: empty or `__Host-`.
    pub cookie_prefix: String,
    /// `AUTHARA_JSON_TOKENS=always`: also browsers get tokens in JSON answers.
    pub json_tokens_always: bool,
    /// `AUTHARA_STEP_UP_MAX_AGE`.
    pub step_up_max_age: Duration,
    /// `AUTHARA_EXPOSE_VERSION`: whether `GET /auth/version` answers.
    pub expose_version: bool,
    /// `LOG_LEVEL`.
    pub log_level: LogLevel,
    /// Limits of the HTTP server.
    pub server: Server,
}

/// Where the program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine.
    Dev,
    /// For real.
    Prod,
}

/// Where to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listen {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// Scheme, host and port under which browsers reach this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    /// `https://host[:port]`: no path, no trailing slash, default port left out.
    pub origin: String,
    /// Whether the scheme is `https`; decides `Secure` on cookies and HSTS.
    pub is_https: bool,
    /// The host alone.
    pub host: String,
}

/// A network in CIDR form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// Its first address.
    pub base: IpAddr,
    /// Leading bits that count.
    pub prefix: u8,
}

impl Network {
    /// Whether an address is in it. An IPv4-mapped address counts as IPv4.
    pub fn contains(&self, _address: IpAddr) -> bool {
        todo!()
    }
}

/// The database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Database {
    /// One file.
    Sqlite {
        /// Its path.
        path: PathBuf,
    },
    /// A server.
    Postgres(Postgres),
}

/// How to reach PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// Host name, address, or folder of a Unix socket.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Database name.
    pub database: String,
    /// Role.
    pub username: String,
    /// Its password, if any.
    pub password: Secret,
    /// Schema that holds the tables (`POSTGRESQL_SCHEMA`).
    pub schema: String,
    /// `sslmode`.
    pub tls: Tls,
    /// `sslrootcert`: PEM file of the authorities to trust instead of the public ones.
    pub root_certificates: Option<PathBuf>,
    /// Connections at most (`AUTHARA_DB_MAX_OPEN_CONNS`).
    pub max_connections: usize,
    /// Whether a transaction-mode pooler stands between (`AUTHARA_DB_POOLER`): no named statements, no session settings.
    pub behind_pooler: bool,
}

/// Encryption of the way to PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// `sslmode=disable`.
    Disable,
    /// `sslmode=verify-full`, the only encrypted form: certificate and name are checked.
    VerifyFull,
}

/// Access tokens.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// Whether `AUTHARA_JWT_ALGORITHM` is `HS256`.
    pub hs256: bool,
    /// `AUTHARA_JWT_ISSUER`.
    pub issuer: String,
    /// `AUTHARA_JWT_KEYS`, if set: id and key bytes in base64.
    pub keys: Vec<(String, Secret)>,
    /// `AUTHARA_JWT_ACTIVE_KEY_ID`; one of the keys', or empty without keys.
    pub active_key_id: String,
    /// `AUTHARA_ACCESS_TOKEN_TTL_MINUTES`.
    pub ttl: Duration,
}

/// Sessions and refresh tokens.
#[derive(Debug, Clone, Copy)]
pub struct Sessions {
    /// `AUTHARA_SESSION_TTL_DAYS`.
    pub ttl: Duration,
    /// `AUTHARA_REFRESH_TOKEN_TTL_DAYS`: the idle limit.
    pub idle: Duration,
    /// `AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL`.
    pub rotation: Rotation,
}

/// The password hashing pool.
#[derive(Debug, Clone, Copy)]
pub struct Hashing {
    /// `AUTHARA_HASH_COST`: binary logarithm of scrypt's N, 15 to 20.
    pub log_n: u8,
    /// `AUTHARA_HASH_THREADS`.
    pub threads: usize,
    /// `AUTHARA_HASH_QUEUE`.
    pub queue: usize,
}

/// `LOG_LEVEL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// One line per request and event.
    Info,
    /// What needs a look.
    Warn,
    /// What broke.
    Error,
}

/// Limits of the HTTP server.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// Time for a request's header, which is also how long a kept-alive connection may idle (`AUTHARA_HEADER_TIMEOUT`).
    pub header_timeout: Duration,
    /// Time for a request's body (`AUTHARA_BODY_TIMEOUT`).
    pub body_timeout: Duration,
    /// Time for everything else of a request (`AUTHARA_REQUEST_TIMEOUT`).
    pub request_timeout: Duration,
    /// Connections at once (`AUTHARA_MAX_CONNECTIONS`).
    pub max_connections: usize,
    /// Connections at once from one address that is not a trusted proxy (`AUTHARA_MAX_CONNECTIONS_PER_ADDRESS`).
    pub max_connections_per_address: usize,
    /// Time for requests in flight after SIGTERM (`AUTHARA_SHUTDOWN_TIMEOUT`).
    pub shutdown_timeout: Duration,
}
