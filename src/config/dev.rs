//! The settings of `authara dev`, which needs none.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::mail::Transport;
use crate::config::{Checked, Config, Database, Given, Listen, Problem, Problems, PublicUrl};
use crate::domain::Secret;

/// The port of `authara dev` unless another is named. Its cookies have their ordinary names.
pub const PORT: u16 = 8080;

/// What `authara dev` settles by itself.
pub struct Dev {
    /// The port it listens on.
    pub port: u16,
    /// Holds all that is kept.
    pub folder: PathBuf,
    /// The root secret.
    pub secret: Secret,
    /// The address in the browser's bar, if something stands in front of it.
    pub public_url: Option<String>,
}

impl Config {
    /// The settings of `authara dev`: no environment, everything in `folder`, loopback only.
    pub fn dev(port: u16, folder: &Path, secret: &Secret) -> Result<Self, Problems> {
        let dev = Dev {
            port,
            folder: folder.to_owned(),
            secret: secret.clone(),
            public_url: None,
        };
        dev.config(Given::default()).map(|checked| checked.value)
    }

    /// Changes the port of the public URL, and with it the issuer that follows from the URL: for
    /// servers whose port is known for sure only once they listen.
    pub fn set_public_port(&mut self, port: u16) {
        let follows = self.tokens.issuer == self.public_url.issuer();
        self.public_url.set_port(port);
        if follows {
            self.tokens.issuer = self.public_url.issuer();
        }
    }
}

/// Whether dev settles a setting by itself.
fn is_settled(name: &str) -> bool {
    const SETTLED: [&str; 6] = [
        "APP_ENV",
        "PUBLIC_URL",
        "DATABASE_URL",
        "AUTHARA_LISTEN",
        "AUTHARA_METRICS_LISTEN",
        "AUTHARA_SECRET_KEY",
    ];
    let name = name.strip_suffix("_FILE").unwrap_or(name);
    SETTLED.contains(&name) || name.starts_with("POSTGRESQL_")
}

impl Dev {
    /// What was given that counts, for commands that are to work on the same data.
    pub fn extra(given: &Given) -> Vec<(String, Secret)> {
        let counting = given.iter().filter(|(name, _)| !is_settled(name));
        counting
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .collect()
    }

    /// Where letters go unless a setting says: into an inbox that everybody can open who can open the server.
    fn inbox(&self) -> Option<Transport> {
        let is_for_others = |text: &String| PublicUrl::parse(text).is_ok_and(|url| !url.is_loopback());
        let is_open = self.public_url.as_ref().is_some_and(is_for_others);
        (!is_open).then_some(Transport::Inbox)
    }

    /// Settings of which `given` may name all that is not settled here. A warning names what was given in vain.
    pub fn config(&self, mut given: Given) -> Result<Checked<Config>, Problems> {
        let ignored = given.remove(is_settled);
        let public_url = || format!("http://localhost:{}", self.port);
        for (name, value) in [
            ("APP_ENV", "dev"),
            ("PUBLIC_URL", &self.public_url.clone().unwrap_or_else(public_url)),
            // Whatever the path is: it is settled below, as it stands.
            ("DATABASE_URL", "sqlite://authara.db"),
            ("AUTHARA_SECRET_KEY", self.secret.expose()),
        ] {
            given.propose(name, value);
        }
        given.propose("LOG_LEVEL", "info");
        // A compiler may have the machine to itself for a while, and nobody else waits.
        given.propose("AUTHARA_REQUEST_TIMEOUT", "1m");

        let Checked {
            mut value,
            mut warnings,
        } = Config::read_with(&given, self.inbox())?;
        value.listen = Listen::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)));
        value.database = Database::Sqlite {
            path: self.folder.join("authara.db"),
        };
        value.hashing.patience = Duration::from_secs(50);
        if let Some(port) = port_in_cookies(&value.public_url)
            && value.cookie_prefix.is_empty()
        {
            value.cookie_prefix = format!("{port}-");
        }
        let in_vain = |name: String| {
            let better = match name.as_str() {
                "PUBLIC_URL" if self.public_url.is_some() => "; --public-url counts",
                "PUBLIC_URL" => "; give it with --public-url",
                _ => "",
            };
            Problem::new(&name, format!("is not used: dev settles it by itself{better}"))
        };
        warnings.extend(ignored.into_iter().map(in_vain));
        Ok(Checked { value, warnings })
    }
}

/// The port that keeps a server's cookies apart from those of others on this machine: cookies belong to a host,
/// whatever the port, and two such servers would sign each other's people out.
fn port_in_cookies(public_url: &PublicUrl) -> Option<u16> {
    let port = public_url.origin.rsplit_once(':')?.1.parse().ok()?;
    (public_url.is_loopback() && port != PORT).then_some(port)
}
