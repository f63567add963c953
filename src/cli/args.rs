//! The command line, declared.

mod allow;
mod mail;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::upstream::Upstream;

pub(super) use allow::Allow;
pub(super) use mail::Mail;

/// Login for your own application, in one file.
#[derive(Debug, Parser)]
#[command(name = "authara", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = "`authara help COMMAND` tells more about one.\n\
    Settings come from the environment; `authara config list` explains each.\n\
    Exit codes: 0 done, 1 refused or failed, 2 wrong usage.")]
pub(super) struct Arguments {
    /// Read settings from this file of NAME=value lines too; the environment wins, where it is read.
    #[arg(long, global = true, value_name = "FILE", display_order = 900)]
    pub(super) env_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Try it out: needs no settings, has a sample application and its data in ./.authara, for this machine only.
    #[command(
        after_help = "The environment is not read. A file named with --env-file may hold every setting but those of the \
        database, the root secret, the addresses to listen on, APP_ENV and PUBLIC_URL, which dev chooses.\n\
        Example: authara dev --upstream http://localhost:3000"
    )]
    Dev(Dev),
    /// Run the server.
    Serve,
    /// Bring the database to the form this version needs.
    Migrate {
        #[command(subcommand)]
        command: Migrate,
    },
    /// Write a copy of the database to a file, with the server up or down.
    #[command(after_help = "Example: authara backup /var/backups/authara/$(date +%F).db")]
    Backup {
        /// The file, which must not exist yet.
        #[arg(value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        printed: Printed,
    },
    /// Put a copy in the place of the database, which is kept. The server must be down.
    #[command(
        after_help = "A copy of SQLite can be restored into PostgreSQL, and the other way round.\n\
        Example: authara restore /var/backups/authara/2026-11-28.db"
    )]
    Restore {
        /// The copy.
        #[arg(value_name = "FILE")]
        from: PathBuf,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        printed: Printed,
    },
    /// Look at accounts and change them, with the server up or down.
    User {
        #[command(subcommand)]
        command: User,
    },
    /// Say which addresses accounts may have, where the allowlist is on.
    #[command(alias = "allowlist")]
    Allow {
        #[command(subcommand)]
        command: Allow,
    },
    /// Make, list and rotate the keys that sign access tokens.
    Key {
        #[command(subcommand)]
        command: Key,
    },
    /// Show what was noted of sign-ins, changes and refusals, newest first.
    #[command(after_help = "Examples:\n  authara audit --user ada@example.com --since 7d\n  \
        authara audit --action session.sign_in --result refused --json")]
    Audit(Audit),
    /// Try out whether mail arrives, and look at the letters that were sent or wait.
    Mail {
        #[command(subcommand)]
        command: Mail,
    },
    /// Check the settings, or list what can be set.
    Config {
        #[command(subcommand)]
        command: Config,
    },
    /// Print every route with the access it needs.
    Routes(Printed),
    /// Ask the running server whether it is ready; exit 0 only if it is.
    Healthcheck(Printed),
}

/// How data is printed.
#[derive(Debug, Args)]
pub(super) struct Printed {
    /// Print JSON for programs instead of words for people.
    #[arg(long)]
    pub(super) json: bool,
}

/// A pass around the question before what cannot be undone.
#[derive(Debug, Args)]
pub(super) struct Sure {
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
}

/// `authara migrate …`
#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// Apply what is pending, one transaction each, under a lock.
    Up(Printed),
    /// Say what is pending; exit 0 only if nothing is.
    Status(Printed),
    /// Print the SQL that `up` would run.
    Plan(Printed),
}

/// `authara user …`
#[derive(Debug, Subcommand)]
pub(super) enum User {
    /// Open an account. The password is asked for, or read from standard input.
    #[command(after_help = "Example: authara user add ada@example.com --role admin")]
    Add {
        /// The e-mail address.
        email: String,
        /// A platform role: admin or operator (in tokens `authara:admin` and `authara:operator`). May be given more than once.
        #[arg(long = "role", value_name = "ROLE")]
        roles: Vec<crate::domain::PlatformRole>,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        printed: Printed,
    },
    /// List accounts: in the order they were opened, or with --search by address.
    #[command(after_help = "Examples:\n  authara user list --search ada --limit 20\n  \
        authara user list --search @example.com\n  authara user list --role admin")]
    List {
        /// Only those whose address or username begins with this; @example.com means all of that domain.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// Only those with this platform role.
        #[arg(long, value_name = "ROLE", conflicts_with = "search")]
        role: Option<crate::domain::PlatformRole>,
        /// Only those who wait for approval.
        #[arg(long, conflicts_with_all = ["search", "role"])]
        waiting: bool,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Go on after this account, which ended the page before.
        #[arg(long, value_name = "USER")]
        after: Option<String>,
        #[command(flatten)]
        printed: Printed,
    },
    /// Show one account.
    Show {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        printed: Printed,
    },
    /// Switch an account off and end its sessions.
    Disable {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        printed: Printed,
    },
    /// Switch an account on again.
    Enable {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        printed: Printed,
    },
    /// Approve an account that waits for it (`AUTHARA_SIGNUP_MODE=approval`), and tell its owner.
    Approve {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        printed: Printed,
    },
    /// Delete an account for good, with everything of it but its audit lines.
    #[command(after_help = "Example: authara user delete ada@example.com")]
    Delete {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        printed: Printed,
    },
    /// Let everybody try again at once to sign in to an account that was guessed at too often.
    Unlock {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        printed: Printed,
    },
    /// Give a platform role: admin (all accounts) or operator (settings and letters). Neither implies the other.
    #[command(after_help = "Example: authara user grant ada@example.com admin")]
    Grant {
        #[command(flatten)]
        who: Who,
        /// admin or operator.
        role: crate::domain::PlatformRole,
        #[command(flatten)]
        printed: Printed,
    },
    /// Take a platform role and end the account's sessions.
    Revoke {
        #[command(flatten)]
        who: Who,
        /// admin or operator.
        role: crate::domain::PlatformRole,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        printed: Printed,
    },
    /// Set a new password and end the account's sessions.
    Password {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        password: NewPassword,
        #[command(flatten)]
        printed: Printed,
    },
    /// List an account's live sessions, or end them.
    #[command(after_help = "Example: authara user sessions ada@example.com --end-all")]
    Sessions {
        #[command(flatten)]
        who: Who,
        /// End this session.
        #[arg(long, value_name = "SESSION", conflicts_with = "end_all", value_parser = session)]
        end: Option<crate::domain::SessionId>,
        /// End all of them.
        #[arg(long)]
        end_all: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        printed: Printed,
    },
}

/// Which account.
#[derive(Debug, Args)]
pub(super) struct Who {
    /// The e-mail address or the id.
    pub(super) user: String,
}

/// Where a password comes from. Never an argument, which others on the machine could read.
#[derive(Debug, Args)]
pub(super) struct NewPassword {
    /// Read the password from standard input (its first line) instead of asking.
    #[arg(long)]
    pub(super) password_stdin: bool,
}

/// `authara audit`
#[derive(Debug, Args)]
pub(super) struct Audit {
    /// Only what concerns this account: address or id.
    #[arg(long, value_name = "USER")]
    pub(super) user: Option<String>,
    /// Only this action; `--actions` lists them.
    #[arg(long, value_name = "ACTION", value_parser = action)]
    pub(super) action: Option<crate::domain::audit::Action>,
    /// Only what was done, or only what was refused.
    #[arg(long, value_name = "done|refused", value_parser = outcome)]
    pub(super) result: Option<crate::domain::audit::Outcome>,
    /// Only from this address.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) address: Option<std::net::IpAddr>,
    /// Only in the request of this id, as it stands in the log and in `X-Request-Id`.
    #[arg(long, value_name = "ID")]
    pub(super) request: Option<String>,
    /// Not older than this: a time, a day, or how long ago as in 7d, 24h, 30m.
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    pub(super) since: Option<crate::cli::since::Since>,
    /// Go on where the page before ended.
    #[arg(long, value_name = "MARK")]
    pub(super) before: Option<crate::cli::since::Mark>,
    /// At most so many.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) limit: u32,
    /// List the actions and what they mean.
    #[arg(long)]
    pub(super) actions: bool,
    #[command(flatten)]
    pub(super) printed: Printed,
}

fn action(text: &str) -> Result<crate::domain::audit::Action, &'static str> {
    crate::domain::audit::Action::parse(text).ok_or("not an action; see: authara audit --actions")
}

fn outcome(text: &str) -> Result<crate::domain::audit::Outcome, &'static str> {
    crate::domain::audit::Outcome::parse(text).ok_or("done or refused")
}

fn session(text: &str) -> Result<crate::domain::SessionId, &'static str> {
    let id = text.parse();
    id.map_err(|_| "not the id of a session; list them without --end")
}

/// `authara dev`
#[derive(Debug, Args)]
pub(super) struct Dev {
    /// The port; 0 takes any that is free.
    #[arg(long, default_value_t = crate::config::DEV_PORT)]
    pub(super) port: u16,
    /// Your application, which then answers at / in place of the sample: http, on this machine or another.
    #[arg(long, value_name = "URL")]
    pub(super) upstream: Option<Upstream>,
    /// The address in the browser's bar, if something stands in front of this server.
    #[arg(long, value_name = "URL")]
    pub(super) public_url: Option<String>,
}

/// `authara key …`
#[derive(Debug, Subcommand)]
pub(super) enum Key {
    /// Print 32 fresh random bytes in base64, for `AUTHARA_SECRET_KEY` or `AUTHARA_JWT_KEYS`.
    Generate {
        /// A private key for `AUTHARA_JWT_KEYS` with `AUTHARA_JWT_ALGORITHM=ES256` in place of them.
        #[arg(long)]
        es256: bool,
    },
    /// List the signing keys.
    List(Printed),
    /// Make a new signing key. It signs 15 minutes later, when every verifier has seen it.
    Rotate {
        /// Sign with it at once and refuse every older key: for a key that leaked.
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        printed: Printed,
    },
}

/// `authara config …`
#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Check the settings and report every problem.
    Check {
        /// Also connect to the database, and say what it is like: version, encoding, durability, clock, rights, schema, size.
        #[arg(long)]
        database: bool,
        #[command(flatten)]
        printed: Printed,
    },
    /// List every setting: name, type, default, meaning.
    List {
        /// As a Markdown table.
        #[arg(long, conflicts_with_all = ["yaml", "json"])]
        markdown: bool,
        /// As the YAML of `assets/contract/config.yaml`.
        #[arg(long, conflicts_with = "json")]
        yaml: bool,
        #[command(flatten)]
        printed: Printed,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_declared_without_contradiction() {
        Arguments::command().debug_assert();
    }
}
