//! `authara dev`: everything to try it out, with nothing to set up, for this machine only.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::{self, App};
use crate::cli::print::{Printer, moment};
use crate::cli::upstream::{self, Upstream};
use crate::cli::{Failure, Result, allow, args, log, sample, serve};
use crate::config::{self, Checked, Config, Given, Listen, SignUp, is_refused_by_browsers};
use crate::crypto::{keys, random};
use crate::domain::time::SystemClock;
use crate::domain::{Algorithm, By, PlatformRole, Refusal, Secret, key_text};
use crate::flows::{self, accounts, allowlist};
use crate::http::cookies::ACCESS;
use crate::http::pipeline::Service;
use crate::http::server::{self, Listener};
use crate::storage::{Store, migrate};

/// Holds all that is kept, in the current folder.
const FOLDER: &str = ".authara";
/// The root secret.
const SECRET: &str = "secret.key";
/// The settings that the operator commands need to find the same data.
const SETTINGS: &str = "dev.env";
const ADMIN: &str = "admin@example.com";

/// Serves on a port of this machine, with the sample application or one's own at `/`.
pub(super) async fn run(wanted: args::Dev, env_file: Option<&Path>, out: &mut Printer) -> Result<()> {
    let hangups = serve::Hangups::begin()?;
    let given = Given::from_file(env_file)?;
    let (listener, port) = listen(wanted.port).await?;
    if wanted.upstream.as_ref().is_some_and(|upstream| upstream.is_at(port)) {
        return Err(Failure::Words(format!(
            "--upstream names this server itself; your application needs another port than {port}"
        )));
    }
    let folder = Folder::open()?;
    let dev = config::Dev {
        port,
        folder: folder.0.clone(),
        secret: folder.secret()?,
        public_url: wanted.public_url,
    };
    let extra = config::Dev::extra(&given);
    let Checked {
        value: config,
        warnings,
    } = dev.config(given)?;
    log::start(config.log_level);
    let mut notes: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    if wanted.upstream.is_none() && config.tokens.algorithm == Algorithm::Hs256 {
        notes.push(
            "AUTHARA_JWT_ALGORITHM: the sample application cannot check HS256; name yours with --upstream".to_owned(),
        );
    }
    let unread = Given::names_in_environment();
    if !unread.is_empty() {
        let names = unread.join(", ");
        notes.push(format!(
            "{names}: the environment is not read; name a file of settings with --env-file"
        ));
    }
    migrate::up(&Store::open(&app::target(&config.database)).await?).await?;
    let app = App::build(config, Arc::new(SystemClock)).await?;
    if !app.store.serve().await? {
        return Err(Failure::Words(format!(
            "another `authara dev` uses {}; stop it, or begin in another folder",
            folder.0.display()
        )));
    }
    if let Some(key) = flows::keys::settle(&app, app.now()).await? {
        let (name, from) = (key.algorithm.name(), key.active_from.map(moment).unwrap_or_default());
        notes.push(format!(
            "AUTHARA_JWT_ALGORITHM: tokens are signed with {name} from {from}, when every verifier knows the key"
        ));
    }
    if app.config.accounts.allowlist
        && let Some(words) = allow::words(allowlist::kept_out(&app.store).await?)
    {
        notes.push(words);
    }
    folder.write_settings(&app.config, &extra)?;
    let password = admin(&app).await?;

    welcome(&app.config, &folder, wanted.upstream.as_ref(), password.as_ref(), out)?;
    closing(&notes, out)?;
    let service = Service::new(app.clone());
    let application = match wanted.upstream {
        Some(upstream) => upstream::application(upstream, service.clone()),
        None => sample::application(service.clone()),
    };
    let env_file = env_file.map(Path::to_path_buf);
    let again: serve::ReadAgain = Arc::new(move || {
        Given::check_file(env_file.as_deref())?;
        dev.config(Given::from_file(env_file.as_deref())?)
    });
    let renewals = tokio::spawn(serve::renew_at(hangups, service.clone(), again));
    let served = serve::until_told_to_stop(&app, service.with_fallback(application), listener, None).await;
    renewals.abort();
    served
}

/// Listens on loopback and nowhere else, whatever anybody sets.
async fn listen(port: u16) -> Result<(Listener, u16)> {
    if port != 0 && is_refused_by_browsers(port) {
        return Err(Failure::Words(format!(
            "browsers refuse to open port {port}; name another: authara dev --port 8081"
        )));
    }
    let address = Listen::Tcp((Ipv4Addr::LOCALHOST, port).into());
    match server::bind(&address).await {
        Ok(Listener::Tcp(listener)) => {
            let port = listener.local_addr()?.port();
            Ok((Listener::Tcp(listener), port))
        }
        Ok(Listener::Unix(_)) => Err(Failure::Words("asked for a port, got a Unix socket".to_owned())),
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(Failure::Words(format!(
            "port {port} is taken; name another: authara dev --port {}",
            port.checked_add(1).unwrap_or(0)
        ))),
        Err(error) => Err(Failure::Words(format!("cannot listen on port {port}: {error}"))),
    }
}

/// `./.authara` by its absolute path.
struct Folder(PathBuf);

impl Folder {
    /// Makes it if need be, for the owner alone: it holds password hashes and the root secret.
    fn open() -> Result<Self> {
        let path = std::path::absolute(FOLDER)?;
        let made = DirBuilder::new().mode(0o700).create(&path);
        let ready = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                fs::set_permissions(&path, Permissions::from_mode(0o700))
            }
            other => other,
        };
        ready.map_err(|error| failed(&path, &error))?;
        // So that it does not end up in a repository.
        match write_new(&path.join(".gitignore"), "*\n") {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(&path, &error)),
            _ => {}
        }
        Ok(Self(path))
    }

    /// The root secret, made at the first start.
    fn secret(&self) -> Result<Secret> {
        let path = self.0.join(SECRET);
        let fresh = keys::generate_seed();
        match write_new(&path, fresh.expose()) {
            Ok(()) => Ok(fresh),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let text = fs::read_to_string(&path).map_err(|error| failed(&path, &error))?;
                let secret = Secret::new(text.trim_end());
                if key_text::root_secret(&secret).is_err() {
                    return Err(Failure::Words(format!(
                        "{} holds no root secret; put the old one back, or delete {FOLDER} to begin anew",
                        path.display()
                    )));
                }
                Ok(secret)
            }
            Err(error) => Err(failed(&path, &error)),
        }
    }

    /// Leaves the settings for `--env-file`, so that every command works on this data too.
    fn write_settings(&self, config: &Config, extra: &[(String, Secret)]) -> Result<()> {
        let path = self.0.join(SETTINGS);
        let mut text = format!(
            "# Written by `authara dev` at each start, for: authara --env-file {FOLDER}/{SETTINGS} …\n\
             APP_ENV=dev\n\
             PUBLIC_URL={}\n\
             AUTHARA_LISTEN={}\n\
             DATABASE_URL={}\n\
             AUTHARA_SECRET_KEY_FILE={}\n",
            config.public_url.origin,
            config.listen,
            quoted(&database_url(&self.0)),
            quoted(&self.0.join(SECRET).display().to_string()),
        );
        for (name, value) in extra {
            text.extend([name, "=", &quoted(value.expose()), "\n"]);
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(&path, &error)),
            _ => {}
        }
        write_new(&path, &text).map_err(|error| failed(&path, &error))
    }
}

/// Writes a file that does not exist yet, for the owner alone.
fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::Words(format!("{}: {error}", path.display()))
}

fn database_url(folder: &Path) -> String {
    let path = folder.join("authara.db").display().to_string();
    let path = path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
    format!("sqlite://{path}")
}

/// As the value of a line in an `--env-file`.
fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", escaped.replace('\n', "\\n"))
}

/// Opens the admin's account unless there is one; returns the password it was given.
async fn admin(app: &App) -> Result<Option<Secret>> {
    match accounts::directory::find(app, ADMIN).await {
        Ok(_) => Ok(None),
        Err(flows::Error::Refused(Refusal::NotFound)) => {
            let (by, password) = (By::operator(app.now()), fresh_password());
            loop {
                match accounts::add(app, &by, ADMIN, password.clone(), &[PlatformRole::Admin]).await {
                    // The machine has other things to do; nobody else waits.
                    Err(flows::Error::Refused(Refusal::Busy { .. })) => {}
                    added => {
                        added?;
                        return Ok(Some(password));
                    }
                }
            }
        }
        Err(other) => Err(other.into()),
    }
}

/// Four groups of four characters, 80 random bits, easy to type from a screen.
fn fresh_password() -> Secret {
    /// 32 characters, so that five bits choose one; none looks like another.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

    let letters = random::bytes::<16>().map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    let groups: Vec<String> = letters.chunks(4).map(String::from_iter).collect();
    Secret::new(groups.join("-"))
}

fn welcome(
    config: &Config,
    folder: &Folder,
    upstream: Option<&Upstream>,
    password: Option<&Secret>,
    out: &mut Printer,
) -> Result<()> {
    let url = &config.public_url.origin;
    out.line("Authara for development: it listens on this machine alone.\n")?;
    match upstream {
        Some(upstream) => out.line(format!("  Application  {url}/  (yours, at {upstream})"))?,
        None => out.line(format!("  Application  {url}/"))?,
    }
    out.line(format!("  Account      {url}/auth/account"))?;
    out.line(format!("  Letters      {url}/auth/dev/mail"))?;
    out.line(format!("  Data         {}", folder.0.display()))?;
    if !config.cookie_prefix.is_empty() {
        let (prefix, name) = (&config.cookie_prefix, ACCESS.name());
        out.line(format!(
            "  Cookie       {prefix}{name}  (its port keeps two servers apart)"
        ))?;
    }
    out.line(format!("  Admin        {ADMIN}"))?;
    if let Some(password) = password {
        out.line(format!("  Password     {}  (shown this once)", password.expose()))?;
    } else {
        let command = format!("user password {ADMIN} --env-file {FOLDER}/{SETTINGS}");
        out.line("               made by an earlier start; for a new password, run:")?;
        out.line(format!("               {} {command}", program()))?;
    }
    out.line("\nTry this:")?;
    out.line(match upstream {
        Some(_) => format!("  1. Open {url}/auth/login?return_to=%2F. You sign in, and come to your application."),
        None => format!("  1. Open {url}/private. You are asked to sign in, and come back."),
    })?;
    out.line(match config.accounts.sign_up {
        SignUp::Open | SignUp::Approval => format!("  2. Sign up as somebody new: {url}/auth/signup"),
        other => format!("  2. Sign-up is {}.", other.meaning()),
    })?;
    out.line("  3. Sign in with a second browser, and end that session on the account page.\n")?;
    Ok(())
}

/// The program as it was called, for a command to copy.
fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| env!("CARGO_PKG_NAME").to_owned())
}

fn closing(notes: &[String], out: &mut Printer) -> Result<()> {
    for note in notes {
        out.line(format!("Note: {note}"))?;
    }
    if !notes.is_empty() {
        out.line("")?;
    }
    out.line(format!("Ctrl-C stops it. To begin anew, delete {FOLDER}."))
}
