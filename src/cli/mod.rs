//! Floor 6: commands. Each is one file; what they do is done by flows.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 wrong usage. What was asked for goes to standard
//! output, everything else to standard error.

mod allow;
mod args;
mod ask;
mod audit;
mod backup;
mod config;
mod dev;
mod escape;
mod health;
mod help;
mod key;
pub mod log;
mod mail;
mod migrate;
mod print;
mod progress;
mod routes;
mod sample;
mod serve;
mod since;
mod upstream;
mod user;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::FromArgMatches as _;

use crate::app::{App, BuildError};
use crate::cli::args::{Arguments, Command};
use crate::cli::print::Printer;
use crate::config::{Config, Given, Problems};
use crate::domain::time::SystemClock;
use crate::{flows, storage};

/// Why a command did not do what was asked; printed after `authara: `.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The settings cannot be used.
    #[error("the settings cannot be used:\n{}", indented(.0))]
    Settings(#[from] Problems),
    /// The database or the keys cannot.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The flow refused or broke.
    #[error(transparent)]
    Flow(#[from] flows::Error),
    /// Reading or writing failed.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Anything else, in words.
    #[error("{0}")]
    Words(String),
    /// Nothing to say; the exit code is the answer.
    #[error("")]
    Silent,
}

type Result<T> = std::result::Result<T, Failure>;

/// How long the end of the program waits for its tasks.
const CLOSING: Duration = Duration::from_secs(1);

/// Runs the command that the arguments name.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = help::command()
        .try_get_matches_from(arguments)
        .and_then(|matches| Arguments::from_arg_matches(&matches));
    let arguments = match parsed {
        Ok(arguments) => arguments,
        Err(error) => {
            let is_wrong = error.use_stderr();
            let code = if is_wrong { 2 } else { 0 };
            // It repeats what was typed or pasted.
            let text = help::words(error);
            let text = escape::harmless(&text);
            // A reader that has gone away is no reason to fail.
            let _ = if is_wrong {
                write!(std::io::stderr(), "{text}")
            } else {
                write!(std::io::stdout(), "{text}")
            };
            return ExitCode::from(code);
        }
    };
    let is_server = matches!(arguments.command, Command::Serve);
    let done = execute(arguments);
    let code = match &done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let words = failure.to_string();
            if is_server {
                log::last(&words);
            } else if !words.is_empty() {
                let _ = writeln!(std::io::stderr(), "authara: {}", escape::harmless(&words));
            }
            ExitCode::FAILURE
        }
    };
    log::finish();
    code
}

fn execute(arguments: Arguments) -> Result<()> {
    let mut out = Printer::new();
    let env_file = arguments.env_file;
    match arguments.command {
        Command::Routes(wanted) => return routes::run(&wanted, &mut out),
        Command::Audit(args::Audit {
            actions: true, printed, ..
        }) => return audit::actions(&printed, &mut out),
        Command::Key {
            command: args::Key::Generate { es256 },
        } => return key::generate(es256, &mut out),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        if let Command::Dev(wanted) = arguments.command {
            return dev::run(wanted, env_file.as_deref(), &mut out).await;
        }
        if let Command::Config { command } = &arguments.command {
            return config::run(command, env_file.as_deref(), &mut out).await;
        }
        let given = Given::from_environment(env_file.as_deref())?;
        match arguments.command {
            Command::Serve => serve::run(&given, env_file).await,
            Command::Migrate { command } => migrate::run(&command, &given, &mut out).await,
            Command::Backup { to, printed } => backup::backup(&to, &printed, &given, &mut out).await,
            Command::Restore { from, sure, printed } => backup::restore(&from, &sure, &printed, &given, &mut out).await,
            Command::User { command } => user::run(command, &given, &mut out).await,
            Command::Allow { command } => allow::run(command, &given, &mut out).await,
            Command::Key { command } => key::run(&command, &given, &mut out).await,
            Command::Mail { command } => mail::run(&command, &given, &mut out).await,
            Command::Audit(wanted) => audit::run(wanted, &given, &mut out).await,
            Command::Healthcheck(printed) => health::run(&printed, &given, &mut out).await,
            Command::Dev { .. } | Command::Routes(_) | Command::Config { .. } => Ok(()),
        }
    });
    // What uses the database closes it a moment later, which leaves one file. A statement that is stuck on a blocking
    // thread must not hold up the end of the program.
    runtime.shutdown_timeout(CLOSING);
    done
}

/// Reads the settings; what is odd but harmless goes to standard error.
fn settings(given: &Given) -> Result<Config> {
    let checked = Config::read(given)?;
    for warning in &checked.warnings {
        let _ = writeln!(
            std::io::stderr(),
            "authara: note: {}",
            escape::harmless(&warning.to_string())
        );
    }
    // What only a library can tell of a key.
    crate::app::keys_from_settings(&checked.value).map_err(|error| Failure::Words(error.to_string()))?;
    // The same of certificates and templates.
    crate::app::mail::mailer(&checked.value).map_err(|error| Failure::Words(error.to_string()))?;
    Ok(checked.value)
}

/// The program as operator commands use it: no server, the database open.
async fn app(given: &Given) -> Result<Arc<App>> {
    let mut config = settings(given)?;
    // An operator has no other way, and a password is hashed at the lowest priority.
    config.hashing.patience = Duration::from_mins(10);
    Ok(App::build(config, Arc::new(SystemClock)).await?)
}

fn indented(problems: &Problems) -> String {
    let lines: Vec<String> = problems.0.iter().map(|problem| format!("  {problem}")).collect();
    lines.join("\n")
}
