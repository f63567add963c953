//! `DATABASE_URL`: a file, or a server as libpq names it (PostgreSQL's manual, "Connection URIs").

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crate::config::text::percent_decoded;
use crate::domain::Secret;

const BAD_PORT: &str = "has a port that is not a number from 1 to 65535";

/// What other programs put behind the `?`, and changes nothing here: names, times, and ways of encryption
/// that `sslmode` decides.
const HARMLESS: [&str; 12] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "sslsni",
    "tcp_user_timeout",
];

/// Encryption of the way to `PostgreSQL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// `sslmode=disable`.
    Disable,
    /// `sslmode=verify-full`, the only encrypted form: certificate and name are checked.
    VerifyFull,
}

/// The values of `sslmode` that are taken.
pub(super) const MODES: [(&str, Tls); 2] = [("disable", Tls::Disable), ("verify-full", Tls::VerifyFull)];

/// Where a server is and who asks.
pub(super) struct Place {
    pub(super) servers: Vec<(String, u16)>,
    pub(super) database: String,
    pub(super) username: String,
    pub(super) password: Secret,
    pub(super) tls: Tls,
    pub(super) root_certificates: Option<PathBuf>,
}

/// Whether the way there stays on this machine.
pub(super) fn is_on_this_machine(host: &str) -> bool {
    host.starts_with('/') || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|it| it.is_loopback())
}

/// What `DATABASE_URL` names.
pub(super) enum Url {
    Sqlite(PathBuf),
    Postgres(Place),
}

impl Url {
    /// Errors say what would be right and show nothing of the text, which may hold a password.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
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
    if password.contains('@') {
        return Err("has @ in the password; write %40".to_owned());
    }
    let mut servers = Vec::new();
    for one in place.split(',').filter(|_| !place.is_empty()) {
        let (host, port) = host_and_port(one)?;
        servers.push((decode(host)?, port));
    }

    let asked = Parameters::read(query)?;
    if !(servers.is_empty() || asked.hosts.is_empty()) {
        return Err("names the host twice".to_owned());
    }
    servers.extend(asked.servers()?);
    let tls = match asked.tls {
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
        root_certificates: asked.root_certificates,
    })
}

/// What stands after the `?`.
#[derive(Default)]
struct Parameters {
    tls: Option<Tls>,
    root_certificates: Option<PathBuf>,
    hosts: Vec<String>,
    ports: Vec<u16>,
}

impl Parameters {
    fn read(query: &str) -> Result<Self, String> {
        let mut asked = Self::default();
        for parameter in query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            asked.take(name, decode(value)?)?;
        }
        Ok(asked)
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        match name {
            "sslmode" => self.tls = Some(mode(&value)?),
            "sslrootcert" if value == "system" => {}
            "sslrootcert" if Path::new(&value).is_absolute() => self.root_certificates = Some(PathBuf::from(value)),
            "sslrootcert" => return Err("needs an absolute path after sslrootcert=, or the word system".to_owned()),
            "host" if self.hosts.is_empty() => self.hosts.extend(value.split(',').map(str::to_owned)),
            "host" => return Err("names the host twice".to_owned()),
            "port" if self.ports.is_empty() => {
                for text in value.split(',') {
                    self.ports.push(port(text).ok_or(BAD_PORT)?);
                }
            }
            "port" => return Err("names the port twice".to_owned()),
            // What is done in any case.
            "target_session_attrs" if value == "read-write" => {}
            "target_session_attrs" => return Err("takes only read-write after target_session_attrs=".to_owned()),
            "pgbouncer" => return Err("takes no pgbouncer= after the ?; set AUTHARA_DB_POOLER=true".to_owned()),
            _ if HARMLESS.contains(&name) => {}
            _ => {
                return Err(
                    "takes only sslmode, sslrootcert, host, port and target_session_attrs after the ?".to_owned(),
                );
            }
        }
        Ok(())
    }

    /// The servers that are named here: as many ports as hosts, or one for all.
    fn servers(&self) -> Result<Vec<(String, u16)>, String> {
        let (hosts, ports) = (&self.hosts, &self.ports);
        if hosts.is_empty() && !ports.is_empty() {
            return Err("names a port after the ? and no host there".to_owned());
        }
        if ports.len() > 1 && ports.len() != hosts.len() {
            return Err("must name as many ports as hosts after the ?, or one for all".to_owned());
        }
        let server = |(index, host): (usize, &String)| {
            let host = bare_host(host).ok_or("has a port in host=; write it as port=")?;
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
            Ok((host.to_owned(), port))
        };
        hosts.iter().enumerate().map(server).collect()
    }
}

fn decode(text: &str) -> Result<String, String> {
    percent_decoded(text).ok_or_else(|| "has a broken % escape".to_owned())
}

/// A host without the brackets of an IPv6 address; `None` if it has a port in it.
pub(super) fn bare_host(text: &str) -> Option<&str> {
    if let Some(host) = text.strip_prefix('[') {
        return host.strip_suffix(']');
    }
    let is_plain = !text.contains(':') || text.starts_with('/') || text.parse::<IpAddr>().is_ok();
    is_plain.then_some(text)
}

fn port(digits: &str) -> Option<u16> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|port| is_number && *port > 0)
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
    let number = port.strip_prefix(':').and_then(self::port);
    number.map(|port| (host, port)).ok_or_else(|| BAD_PORT.to_owned())
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
    fn what_libpq_takes_is_taken() {
        let servers = |text| place(text).servers;
        let socket = ("/run/pg".to_owned(), 6432);

        assert_eq!(
            servers("postgres://u@/d?host=/run/pg&port=6432"),
            std::slice::from_ref(&socket)
        );
        assert_eq!(servers("postgres://u@/d?port=6432&host=%2Frun%2Fpg"), [socket]);
        let two = [("::1".to_owned(), 1), ("127.0.0.1".to_owned(), 2)];
        assert_eq!(servers("postgres://u@/d?host=[::1],127.0.0.1&port=1,2"), two);
        assert_eq!(place("postgres://u:a:b@localhost/d").password.expose(), "a:b");
        for parameter in HARMLESS {
            place(&format!("postgres://u@localhost/d?{parameter}=x"));
        }
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
            "postgres://u:hunter2@/d?host=localhost:5432",
            "postgres://u:hunter2@/d?host=localhost&port=x",
            "postgres://u:hunter2@/d?host=localhost&port=1,2",
            "postgres://u:hunter2@localhost/d?port=6432",
            "postgres://u:hunter2@localhost/d?pgbouncer=true",
        ] {
            let error = parse(text).err().unwrap_or_else(|| panic!("{text} accepted"));
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
