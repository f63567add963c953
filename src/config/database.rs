//! Which database: `DATABASE_URL` of either kind, or the older `POSTGRESQL_*` names.

use std::path::PathBuf;

pub use crate::config::database_url::Tls;
use crate::config::database_url::{MODES, Place, Url, bare_host, is_on_this_machine};
use crate::config::reader::Reader;
use crate::domain::Secret;

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

/// How to reach `PostgreSQL`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Postgres {
    /// Host (name, address, or folder of a Unix socket) and port. Several are a primary and its
    /// replicas: the one that takes writes is used.
    pub servers: Vec<(String, u16)>,
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

/// The names that say where a server is; one of them is enough to mean it.
const OLDER_NAMES: [&str; 5] = [
    "POSTGRESQL_HOST",
    "POSTGRESQL_PORT",
    "POSTGRESQL_DATABASE",
    "POSTGRESQL_USERNAME",
    "POSTGRESQL_PASSWORD",
];

impl Database {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let older = OLDER_NAMES.into_iter().find(|name| reader.is_set(name));
        let common = Common::read(reader);
        let modes_checked = (
            reader.one_of("POSTGRESQL_SSLMODE", &MODES),
            reader.text("POSTGRESQL_SSLROOTCERT").map(PathBuf::from),
        );
        if !reader.is_set("DATABASE_URL") {
            if older.is_none() {
                reader.problem(
                    "DATABASE_URL",
                    "is not set; write sqlite:///absolute/path for one file, or postgres://… for a server. Settings come \
                     from the environment, or from a file: --env-file FILE",
                );
                return None;
            }
            let (tls, root_certificates) = modes_checked;
            return Postgres::read(reader, common?, tls?, root_certificates).map(Self::Postgres);
        }
        if let Some(name) = older {
            reader.problem("DATABASE_URL", format!("is set, and so is {name}; keep one of the two"));
            return None;
        }
        let url = reader.parse("DATABASE_URL", Url::parse)?;
        Some(match url {
            Url::Sqlite(path) => Self::Sqlite { path },
            Url::Postgres(place) => Self::Postgres(place.with(common?)),
        })
    }
}

/// What both ways of naming a server share.
struct Common {
    schema: String,
    max_connections: usize,
    behind_pooler: bool,
}

impl Common {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let schema = reader.parse("POSTGRESQL_SCHEMA", |text| {
            let is_name = text.len() <= 63
                && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if is_name {
                Ok(text.to_owned())
            } else {
                Err("must be a name of lower-case letters, digits and _, at most 63 of them".to_owned())
            }
        });
        let max_connections = reader.count("AUTHARA_DB_MAX_OPEN_CONNS");
        let behind_pooler = reader.boolean("AUTHARA_DB_POOLER");
        Some(Self {
            schema: schema?,
            max_connections: max_connections?,
            behind_pooler: behind_pooler?,
        })
    }
}

impl Place {
    fn with(self, common: Common) -> Postgres {
        Postgres {
            servers: self.servers,
            database: self.database,
            username: self.username,
            password: self.password,
            schema: common.schema,
            tls: self.tls,
            root_certificates: self.root_certificates,
            max_connections: common.max_connections,
            behind_pooler: common.behind_pooler,
        }
    }
}

impl Postgres {
    /// From the older names.
    fn read(reader: &mut Reader<'_>, common: Common, tls: Tls, root_certificates: Option<PathBuf>) -> Option<Self> {
        let hosts: Option<Vec<_>> = reader
            .required("POSTGRESQL_HOST")
            .map(|hosts| hosts.split(',').map(str::trim).collect());
        let port = reader.number("POSTGRESQL_PORT");
        let database = reader.required("POSTGRESQL_DATABASE");
        let username = reader.required("POSTGRESQL_USERNAME");
        let password = reader.text("POSTGRESQL_PASSWORD").unwrap_or("");
        if hosts.iter().flatten().any(|host| host.is_empty()) {
            reader.problem("POSTGRESQL_HOST", "has an empty name between its commas");
            return None;
        }
        if hosts.iter().flatten().any(|host| bare_host(host).is_none()) {
            reader.problem("POSTGRESQL_HOST", "has a port in it; POSTGRESQL_PORT names the port");
            return None;
        }
        let is_elsewhere = |hosts: &Vec<&str>| !hosts.iter().all(|host| is_on_this_machine(host));
        if tls == Tls::Disable && hosts.as_ref().is_some_and(is_elsewhere) {
            reader.warn(
                "POSTGRESQL_SSLMODE",
                "is disable, so the way to PostgreSQL is not encrypted; verify-full encrypts and checks it",
            );
        }
        let port = u16::try_from(port?).ok()?;
        let place = Place {
            servers: hosts?
                .into_iter()
                .filter_map(|host| Some((bare_host(host)?.to_owned(), port)))
                .collect(),
            database: database?.to_owned(),
            username: username?.to_owned(),
            password: Secret::new(password),
            tls,
            root_certificates,
        };
        Some(place.with(common))
    }
}
