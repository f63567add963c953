//! `authara config …`: checking and explaining the settings.

use std::path::Path;

use crate::app;
use crate::cli::args::Config as Command;
use crate::cli::print::Printer;
use crate::cli::{Failure, Result, settings};
use crate::config::{self, Brand, Database, Given, Support, Target, list, vars::VARS};
use crate::domain::Clock as _;
use crate::domain::time::SystemClock;
use crate::look::Accent;
use crate::storage::{Store, about, backup, migrate};

pub(super) async fn run(command: &Command, env_file: Option<&Path>, out: &mut Printer) -> Result<()> {
    match command {
        Command::Check { database } => {
            let config = check(env_file, out)?;
            if *database {
                look(&config.database, out).await
            } else {
                Ok(())
            }
        }
        Command::List { markdown: true, .. } => out.line(list::markdown().trim_end()),
        Command::List { yaml: true, .. } => out.line(list::yaml().trim_end()),
        Command::List { .. } => explain(out),
    }
}

/// What the database is like. Fails if `serve` could not use it.
async fn look(database: &Database, out: &mut Printer) -> Result<()> {
    let store = Store::open(&app::target(database)).await?;
    about::check_encoding(&store).await?;
    let steps = migrate::status(&store).await?;
    let applied = steps.iter().filter(|step| step.applied).count();
    if applied == 0 {
        return Err(Failure::Words(
            "the database is empty; run `authara migrate up` with the same settings".to_owned(),
        ));
    }
    let about = about::about(&store, SystemClock.now()).await?;
    out.line("The database answers.")?;
    out.line(format!("  version           {}", about.version))?;
    out.line(format!("  encoding          {}", about.encoding))?;
    out.line(match &about.durability_lost_by {
        None => "  durability        what is acknowledged survives a loss of power".to_owned(),
        Some(off) => {
            format!("  durability        a loss of power loses acknowledged changes; off:\n                    {off}")
        }
    })?;
    if let Some(ahead) = about.clock_ahead {
        out.line(match ahead {
            0 => "  clock             the same as here".to_owned(),
            1.. => format!("  clock             {ahead} s ahead of this machine's"),
            _ => format!("  clock             {} s behind this machine's", -ahead),
        })?;
    }
    out.line(if about.may_migrate {
        "  rights            may make tables"
    } else {
        "  rights            may not make tables, which `authara migrate up` must"
    })?;
    out.line(format!(
        "  schema            {applied} of {} migrations applied",
        steps.len()
    ))?;
    out.line(format!("  size              {} kB", about.bytes.div_ceil(1024)))?;
    migrate::check(&store).await?;
    Ok(())
}

fn check(env_file: Option<&Path>, out: &mut Printer) -> Result<config::Config> {
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
    if let Some(metrics) = config.metrics_listen {
        out.line(format!("  metrics           {metrics}, for everybody who can reach it"))?;
    }
    out.line(format!("  database          {database}"))?;
    if let Some(folder) = &config.backups.folder {
        backup::check_folder(folder).map_err(|problem| Failure::Words(format!("AUTHARA_BACKUP_DIR: {problem}")))?;
        out.line(format!(
            "  copies            {}, {} of them",
            folder.display(),
            config.backups.keep
        ))?;
    }
    let languages: Vec<&str> = config.languages.all().map(|phrases| phrases.tag()).collect();
    out.line(format!("  languages         {}", languages.join(", ")))?;
    looks(&config.brand, out)?;
    Ok(config)
}

/// How pages look, as far as it is not the default.
fn looks(brand: &Brand, out: &mut Printer) -> Result<()> {
    out.line(format!("  product name      {}", brand.product_name))?;
    if let Some(logo) = &brand.logo {
        out.line(format!("  logo              {logo}"))?;
    }
    if let Some(favicon) = &brand.favicon {
        out.line(format!("  favicon           {favicon}"))?;
    }
    if let Some(Accent { given, light, dark }) = &brand.accent {
        out.line(format!("  accent colour     {given}"))?;
        for (page, shades) in [("light pages", light), ("dark pages", dark)] {
            let (fill, text, words) = (shades.fill, shades.on_fill, shades.text);
            out.line(format!("    {page:<15} buttons {fill} with {text}, links {words}"))?;
        }
    }
    if let Some(css) = &brand.css {
        out.line(format!("  own style sheet   {} bytes", css.len()))?;
    }
    let links = [
        ("terms", brand.terms.as_ref().map(Target::as_str)),
        ("privacy", brand.privacy.as_ref().map(Target::as_str)),
        ("imprint", brand.imprint.as_ref().map(Target::as_str)),
        ("support", brand.support.as_ref().map(Support::words)),
    ];
    for (name, target) in links {
        if let Some(target) = target {
            out.line(format!("  {name:<17} {target}"))?;
        }
    }
    Ok(())
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
        let otherwise = match (var.required, var.default.words()) {
            ("", "") => "not set by default".to_owned(),
            ("", default) => format!("default: {default}"),
            (when, _) => format!("required {when}"),
        };
        out.line(format!("    {}; {otherwise}", var.kind.words()))?;
    }
    Ok(())
}
