//! Which database: `DATABASE_URL` of either kind, or the older `POSTGRESQL_*` names.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::config::reader::Reader;
use crate::config::text::percent_decoded;
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

/// Encryption of the way to `PostgreSQL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// `sslmode=disable`.
    Disable,
    /// `sslmode=verify-full`, the only encrypted form: certificate and name are checked.
    VerifyFull,
}

const MODES: [(&str, Tls); 2] = [("disable", Tls::Disable), ("verify-full", Tls::VerifyFull)];

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
                    "is not set; write sqlite:///absolute/path for one file, or postgres://… for a server",
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

/// Where a server is and who asks.
struct Place {
    servers: Vec<(String, u16)>,
    database: String,
    username: String,
    password: Secret,
    tls: Tls,
    root_certificates: Option<PathBuf>,
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
            .map(|hosts| hosts.split(',').collect());
        let port = reader.number("POSTGRESQL_PORT");
        let database = reader.required("POSTGRESQL_DATABASE");
        let username = reader.required("POSTGRESQL_USERNAME");
        let password = reader.text("POSTGRESQL_PASSWORD").unwrap_or("");
        if hosts.iter().flatten().any(|host| host.is_empty()) {
            reader.problem("POSTGRESQL_HOST", "has an empty name between its commas");
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
            servers: hosts?.into_iter().map(|host| (host.to_owned(), port)).collect(),
            database: database?.to_owned(),
            username: username?.to_owned(),
            password: Secret::new(password),
            tls,
            root_certificates,
        };
        Some(place.with(common))
    }
}

fn is_on_this_machine(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

enum Url {
    Sqlite(PathBuf),
    Postgres(Place),
}

impl Url {
    /// Errors say what would be right and show nothing of the text, which may hold a password.
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("sqlite://") {
            return sqlite(path).map(Self::Sqlite);
        }
        match text
            .strip_prefix("postgres://")
            .or_else(|| text.strip_prefix("postgresql://"))
        {
            Some(rest) => postgres(rest).map(Self::Postgres),
            None => Err("must begin with sqlite:// or postgres://".to_owned()),
        }
    }
}

fn sqlite(path: &str) -> Result<PathBuf, String> {
    if path.contains(['?', '#']) {
        return Err(
            "takes no ? or # after the path of an SQLite file; write %3F or %23 for a letter of its name".into(),
        );
    }
    let path = percent_decoded(path).ok_or("has a broken % escape")?;
    if path.is_empty() || path.ends_with('/') {
        return Err("must name a file, as in sqlite:///var/lib/authara/authara.db".to_owned());
    }
    if path == ":memory:" || path == "/:memory:" {
        return Err("must name a file: a database in memory would forget everybody".to_owned());
    }
    Ok(PathBuf::from(path))
}

fn postgres(rest: &str) -> Result<Place, String> {
    let decode = |text: &str| percent_decoded(text).ok_or_else(|| "has a broken % escape".to_owned());
    if rest.contains('#') {
        return Err("takes no #; write %23 in a name or password".to_owned());
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (user, place),
        None => ("", authority),
    };
    let (username, password) = user.split_once(':').unwrap_or((user, ""));
    if password.contains(['@', ':']) {
        return Err("has @ or : in the password; write %40 or %3A".to_owned());
    }
    let mut servers = Vec::new();
    for one in place.split(',').filter(|_| !place.is_empty()) {
        let (host, port) = host_and_port(one)?;
        servers.push((decode(host)?, port));
    }

    let mut tls = None;
    let mut root_certificates = None;
    for parameter in query.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = decode(value)?;
        match name {
            "sslmode" => tls = Some(mode(&value)?),
            "sslrootcert" if value == "system" => {}
            "sslrootcert" if Path::new(&value).is_absolute() => root_certificates = Some(PathBuf::from(value)),
            "sslrootcert" => return Err("needs an absolute path after sslrootcert=, or the word system".to_owned()),
            "host" if servers.is_empty() => servers.extend(value.split(',').map(|host| (host.to_owned(), 5432))),
            "host" => return Err("names the host twice".to_owned()),
            // What is done in any case.
            "target_session_attrs" if value == "read-write" => {}
            "target_session_attrs" => return Err("takes only read-write after target_session_attrs=".to_owned()),
            _ => return Err("takes only sslmode, sslrootcert, host and target_session_attrs after the ?".to_owned()),
        }
    }
    let tls = match tls {
        Some(tls) => tls,
        None if servers.iter().all(|(host, _)| is_on_this_machine(host)) => Tls::Disable,
        None => {
            return Err(
                "must end with ?sslmode=verify-full, or with ?sslmode=disable on a network you trust".to_owned(),
            );
        }
    };
    let has_host = !servers.is_empty() && servers.iter().all(|(host, _)| !host.is_empty());
    for (is_there, name) in [
        (has_host, "host"),
        (!database.is_empty(), "database"),
        (!username.is_empty(), "user"),
    ] {
        if !is_there {
            return Err(format!(
                "names no {name}; write postgres://user:password@host:5432/database"
            ));
        }
    }
    Ok(Place {
        servers,
        database: decode(database)?,
        username: decode(username)?,
        password: Secret::new(decode(password)?),
        tls,
        root_certificates,
    })
}

fn mode(text: &str) -> Result<Tls, String> {
    let known = MODES.iter().find(|(name, _)| *name == text).map(|(_, tls)| *tls);
    known.ok_or_else(|| match text {
        "allow" | "prefer" => "has an sslmode that encrypts only if the server likes; write verify-full or disable".to_owned(),
        "require" | "verify-ca" => {
            "has an sslmode that does not check whose certificate it is; write verify-full, with sslrootcert for an own authority"
                .to_owned()
        }
        _ => "has an unknown sslmode; write verify-full or disable".to_owned(),
    })
}

fn host_and_port(place: &str) -> Result<(&str, u16), String> {
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or("has a [ without ]")?;
        (host, after)
    } else {
        place.split_at(place.find(':').unwrap_or(place.len()))
    };
    if port.is_empty() {
        return Ok((host, 5432));
    }
    let digits = port.strip_prefix(':').unwrap_or("");
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let port = digits.parse().ok().filter(|port| is_number && *port > 0);
    port.map(|port| (host, port))
        .ok_or_else(|| "has a port that is not a number from 1 to 65535".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Url, String> {
        Url::parse(text)
    }

    fn place(text: &str) -> Place {
        match parse(text) {
            Ok(Url::Postgres(place)) => place,
            Ok(Url::Sqlite(_)) => panic!("{text} is no server"),
            Err(error) => panic!("{text}: {error}"),
        }
    }

    #[test]
    fn a_file_is_named_absolutely_or_relatively() {
        for (text, expected) in [
            ("sqlite:///var/lib/a.db", "/var/lib/a.db"),
            ("sqlite://a.db", "a.db"),
            ("sqlite://./x/a%20b%3F.db", "./x/a b?.db"),
        ] {
            assert!(
                matches!(parse(text), Ok(Url::Sqlite(path)) if path == Path::new(expected)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_server_is_named_with_everything_percent_decoded() {
        let place =
            place("postgres://us%40er:p%3Aw%2F@db.example:6543/na%20me?sslmode=verify-full&sslrootcert=%2Fca.pem");

        assert_eq!(place.servers, [("db.example".to_owned(), 6543)]);
        assert_eq!((&*place.username, &*place.database), ("us@er", "na me"));
        assert_eq!(place.password.expose(), "p:w/");
        assert_eq!(place.tls, Tls::VerifyFull);
        assert_eq!(place.root_certificates.as_deref(), Some(Path::new("/ca.pem")));
    }

    #[test]
    fn on_this_machine_encryption_may_be_left_out() {
        for (text, host) in [
            ("postgresql://u@localhost/d", "localhost"),
            ("postgres://u@127.0.0.1/d", "127.0.0.1"),
            ("postgres://u@[::1]:1/d", "::1"),
            ("postgres://u@%2Frun%2Fpostgresql/d", "/run/postgresql"),
            ("postgres://u@/d?host=/run/postgresql", "/run/postgresql"),
        ] {
            let place = place(text);
            assert_eq!((&*place.servers[0].0, place.tls), (host, Tls::Disable), "{text}");
        }
        assert!(parse("postgres://u@db/d").is_err());
    }

    #[test]
    fn several_servers_are_named_with_commas() {
        let named = |text| place(text).servers;
        let expected = [("a".to_owned(), 5432), ("::1".to_owned(), 5433), ("c".to_owned(), 5432)];

        assert_eq!(
            named("postgres://u:p@a:5432,[::1]:5433,c/d?sslmode=disable&target_session_attrs=read-write"),
            expected
        );
        assert_eq!(named("postgres://u@/d?host=%2Fa,%2Fb").len(), 2);
        assert!(
            parse("postgres://u@localhost,db/d").is_err(),
            "one of them is not on this machine"
        );
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_showing_it() {
        for text in [
            "",
            "hunter2",
            "mysql://u:hunter2@h/d",
            "sqlite:hunter2",
            "sqlite://",
            "sqlite://:memory:",
            "sqlite:///hunter2/",
            "sqlite://a?hunter2",
            "sqlite://hunter2%",
            "postgres://",
            "postgres://u:hunter2@h/d",
            "postgres://u:hunter2@localhost",
            "postgres://:hunter2@localhost/d",
            "postgres://u:hunter2@/d",
            "postgres://u:hunter2@x@localhost/d",
            "postgres://u:hunter2:x@localhost/d",
            "postgres://u:hunter2%@localhost/d",
            "postgres://u:hunter2#@localhost/d",
            "postgres://u:hunter2@localhost:0/d",
            "postgres://u:hunter2@localhost:x/d",
            "postgres://u:hunter2@a,/d?sslmode=disable",
            "postgres://u:hunter2@a,,b/d?sslmode=disable",
            "postgres://u:hunter2@a,b:x/d?sslmode=disable",
            "postgres://u:hunter2@a,b/d?sslmode=disable&target_session_attrs=any",
            "postgres://u:hunter2@[::1/d",
            "postgres://u:hunter2@localhost/d?sslmode=",
            "postgres://u:hunter2@localhost/d?sslmode=require",
            "postgres://u:hunter2@localhost/d?sslmode=prefer",
            "postgres://u:hunter2@localhost/d?sslrootcert=ca.pem",
            "postgres://u:hunter2@localhost/d?password=hunter2",
            "postgres://u:hunter2@localhost/d?host=x",
        ] {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text} accepted"));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
