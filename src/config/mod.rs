//! Floor 2: settings, read once from the environment and checked together.
//!
//! `vars` is the registry of names. A section file reads its part of [`Config`] through a
//! `Reader`, which notes every problem and goes on, so that an operator sees all of them at once.

mod accounts;
mod backups;
mod brand;
mod challenges;
mod database;
mod database_url;
mod dev;
mod file;
mod given;
mod kubernetes;
mod languages;
mod limits;
mod lines;
pub mod list;
pub mod mail;
mod network;
mod older;
mod problem;
mod rates;
mod reader;
mod server;
mod sessions;
mod text;
mod tokens;
pub mod var;
pub mod vars;

use std::net::SocketAddr;
use std::time::Duration;

pub use accounts::{Accounts, SignUp};
pub use backups::Backups;
pub use brand::{Brand, Support, Target};
pub use challenges::Challenges;
pub use database::{Database, Postgres, Tls};
pub use dev::{Dev, PORT as DEV_PORT};
pub use given::Given;
pub use limits::Limits;
pub use mail::Mail;
pub use network::Network;
pub use problem::{Problem, Problems};
pub use server::{Environment, Listen, PublicUrl, Server, is_refused_by_browsers};
pub use sessions::{Hashing, Sessions};
pub use tokens::Tokens;

use crate::domain::organization::OrganizationMode;
use crate::domain::return_to::ReturnTo;
use crate::domain::{Secret, key_text};
use crate::words::Languages;
use mail::Transport;
use reader::Reader;

/// Every setting, checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// `APP_ENV`.
    pub environment: Environment,
    /// `AUTHARA_LISTEN`.
    pub listen: Listen,
    /// `AUTHARA_METRICS_LISTEN`; `None` for no metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// `PUBLIC_URL`.
    pub public_url: PublicUrl,
    /// `AUTHARA_DEFAULT_RETURN_TO`.
    pub default_return_to: ReturnTo,
    /// `AUTHARA_TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<Network>,
    /// `DATABASE_URL` or `POSTGRESQL_*`.
    pub database: Database,
    /// Copies of the database.
    pub backups: Backups,
    /// `AUTHARA_SECRET_KEY`, as given; its form has been checked.
    pub secret_key: Secret,
    /// Access tokens.
    pub tokens: Tokens,
    /// Sessions and refresh tokens.
    pub sessions: Sessions,
    /// `AUTHARA_ORG_MODE`.
    pub organization_mode: OrganizationMode,
    /// Who may have an account.
    pub accounts: Accounts,
    /// The password hashing pool.
    pub hashing: Hashing,
    /// `AUTHARA_LANGUAGES` and `AUTHARA_MESSAGES_DIR`: what pages say, in every language offered.
    pub languages: Languages,
    /// `AUTHARA_COOKIE_PREFIX`: empty or `__Host-`.
    pub cookie_prefix: String,
    /// `AUTHARA_JSON_TOKENS=always`: also browsers get tokens in JSON answers.
    pub json_tokens_always: bool,
    /// `AUTHARA_STEP_UP_MAX_AGE`.
    pub step_up_max_age: Duration,
    /// `AUTHARA_ADMIN_AUDIT_RETENTION_DAYS`.
    pub audit_retention: Duration,
    /// `AUTHARA_USERNAME_LOGIN_ENABLED`: people may sign in with their username as well.
    pub username_login: bool,
    /// `AUTHARA_EXPOSE_VERSION`: whether `GET /auth/version` answers.
    pub expose_version: bool,
    /// `LOG_LEVEL`.
    pub log_level: LogLevel,
    /// Limits of the HTTP server.
    pub server: Server,
    /// How often somebody may try.
    pub limits: Limits,
    /// How pages look.
    pub brand: Brand,
    /// How letters are sent.
    pub mail: Mail,
    /// Codes by mail.
    pub challenges: Challenges,
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

/// Settings that can be used, and what is odd about them.
#[derive(Debug)]
pub struct Checked<T> {
    /// The settings.
    pub value: T,
    /// Names that have no effect, and choices to think about again.
    pub warnings: Vec<Problem>,
}

impl Config {
    /// Checks everything; all problems are reported together.
    pub fn read(given: &Given) -> Result<Checked<Self>, Problems> {
        Self::read_with(given, None)
    }

    /// The same where letters go that way if the settings name none.
    fn read_with(given: &Given, transport: Option<Transport>) -> Result<Checked<Self>, Problems> {
        let mut reader = Reader::new(given);
        let config = Self::sections(&mut reader, transport);
        reader
            .finish(config)
            .map(|(value, warnings)| Checked { value, warnings })
    }

    fn sections(reader: &mut Reader<'_>, transport: Option<Transport>) -> Option<Self> {
        let environment = reader.one_of("APP_ENV", &[("prod", Environment::Prod), ("dev", Environment::Dev)]);
        let listen = Listen::read(reader);
        let metrics_listen = server::metrics_listen(reader, listen.as_ref());
        let public_url = PublicUrl::read(reader, environment);
        let trusted_proxies = server::trusted_proxies(reader);
        let default_return_to = reader.parse("AUTHARA_DEFAULT_RETURN_TO", |text| {
            ReturnTo::parse(text).ok_or_else(|| "must be a path on this origin, as in /home".to_owned())
        });
        let database = Database::read(reader);
        let backups = Backups::read(reader);
        let secret_key = secret_key(reader);
        let tokens = Tokens::read(reader, environment, public_url.as_ref());
        let sessions = Sessions::read(reader, tokens.as_ref().map(|tokens| tokens.ttl));
        let organization_mode = reader.one_of(
            "AUTHARA_ORG_MODE",
            &OrganizationMode::ALL.map(|mode| (mode.name(), mode)),
        );
        let accounts = Accounts::read(reader);
        let hashing = Hashing::read(reader);
        let languages = languages::read(reader);
        let cookie_prefix = cookie_prefix(reader, public_url.as_ref());
        let json_tokens_always = reader.one_of("AUTHARA_JSON_TOKENS", &[("non-browser", false), ("always", true)]);
        let step_up_max_age = reader.duration("AUTHARA_STEP_UP_MAX_AGE");
        let audit_retention = reader.number("AUTHARA_ADMIN_AUDIT_RETENTION_DAYS");
        let username_login = reader.boolean("AUTHARA_USERNAME_LOGIN_ENABLED");
        let expose_version = reader.boolean("AUTHARA_EXPOSE_VERSION");
        let log_level = log_level(reader, environment);
        let server = Server::read(reader);
        let limits = Limits::read(reader);
        let brand = Brand::read(reader, public_url.as_ref());
        let name = brand.as_ref().map(|brand| brand.product_name.as_str());
        let mail = Mail::read(reader, public_url.as_ref(), name, transport);
        let transport = mail.as_ref().and_then(|mail| mail.transport.as_ref());
        let challenges = Challenges::read(reader, transport, environment);
        Some(Self {
            environment: environment?,
            listen: listen?,
            metrics_listen: metrics_listen?,
            public_url: public_url?,
            default_return_to: default_return_to?,
            trusted_proxies: trusted_proxies?,
            database: database?,
            backups: backups?,
            secret_key: secret_key?,
            tokens: tokens?,
            sessions: sessions?,
            organization_mode: organization_mode?,
            accounts: accounts?,
            hashing: hashing?,
            languages: languages?,
            cookie_prefix: cookie_prefix?,
            json_tokens_always: json_tokens_always?,
            step_up_max_age: step_up_max_age?,
            audit_retention: Duration::from_hours(24 * audit_retention?),
            username_login: username_login?,
            expose_version: expose_version?,
            log_level: log_level?,
            server: server?,
            limits: limits?,
            brand: brand?,
            mail: mail?,
            challenges: challenges?,
        })
    }
}

impl Database {
    /// Checks only what names the database, for commands that need nothing else.
    pub fn from_settings(given: &Given) -> Result<Checked<Self>, Problems> {
        let mut reader = Reader::new(given);
        let database = Self::read(&mut reader);
        reader
            .finish(database)
            .map(|(value, warnings)| Checked { value, warnings })
    }
}

fn secret_key(reader: &mut Reader<'_>) -> Option<Secret> {
    let secret = reader.secret("AUTHARA_SECRET_KEY")?;
    match key_text::root_secret(&secret) {
        Ok(_) => Some(secret),
        Err(error) => {
            reader.problem("AUTHARA_SECRET_KEY", error.to_string());
            None
        }
    }
}

fn cookie_prefix(reader: &mut Reader<'_>, public_url: Option<&PublicUrl>) -> Option<String> {
    const NAME: &str = "AUTHARA_COOKIE_PREFIX";

    if !reader.is_set(NAME) {
        return Some(String::new());
    }
    let prefix = reader.one_of(NAME, &[("__Host-", "__Host-")])?;
    if public_url.is_some_and(|url| !url.is_https) {
        reader.problem(NAME, "browsers take such cookies only with an https PUBLIC_URL");
        return None;
    }
    Some(prefix.to_owned())
}

fn log_level(reader: &mut Reader<'_>, environment: Option<Environment>) -> Option<LogLevel> {
    if !reader.is_set("LOG_LEVEL") {
        return Some(match environment? {
            Environment::Dev => LogLevel::Debug,
            Environment::Prod => LogLevel::Info,
        });
    }
    reader.one_of(
        "LOG_LEVEL",
        &[
            ("debug", LogLevel::Debug),
            ("info", LogLevel::Info),
            ("warn", LogLevel::Warn),
            ("error", LogLevel::Error),
        ],
    )
}
