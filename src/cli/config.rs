//! `authara config …`: checking and explaining the settings.

use std::path::Path;

use crate::cli::args::Config as Command;
use crate::cli::print::Printer;
use crate::cli::{Result, settings};
use crate::config::{Database, Given, list, vars::VARS};

pub(super) fn run(command: &Command, env_file: Option<&Path>, out: &mut Printer) -> Result<()> {
    match command {
        Command::Check => check(env_file, out),
        Command::List { markdown: true, .. } => out.line(list::markdown().trim_end()),
        Command::List { yaml: true, .. } => out.line(list::yaml().trim_end()),
        Command::List { .. } => explain(out),
    }
}

fn check(env_file: Option<&Path>, out: &mut Printer) -> Result<()> {
    let config = settings(&Given::from_environment(env_file)?)?;
    let database = match &config.database {
        Database::Sqlite { path } => format!("SQLite, {}", path.display()),
        Database::Postgres(postgres) => {
            let servers = postgres.servers.iter().map(|(host, port)| format!("{host}:{port}"));
            format!(
                "PostgreSQL, {} on {}",
                postgres.database,
                servers.collect::<Vec<_>>().join(", ")
            )
        }
    };
    out.line("The settings can be used.")?;
    out.line(format!("  browsers come to  {}", config.public_url.origin))?;
    out.line(format!("  listening on      {}", config.listen))?;
    out.line(format!("  database          {database}"))
}

fn explain(out: &mut Printer) -> Result<()> {
    for var in VARS {
        let secret = if var.is_secret {
            format!(" (secret; or {}_FILE)", var.name)
        } else {
            String::new()
        };
        out.line(format!("{}{secret}", var.name))?;
        out.line(format!("    {}", var.help))?;
        out.line(format!("    {}; default: {}", var.kind.words(), var.default.words()))?;
    }
    Ok(())
}
