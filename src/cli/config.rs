//! `authara config …`: checking and explaining the settings.

use std::path::Path;

use crate::cli::args::Config as Command;
use crate::cli::print::Printer;
use crate::cli::{Result, settings};
use crate::config::{Brand, Database, Given, Support, Target, list, vars::VARS};
use crate::look::Accent;

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
    if let Some(metrics) = config.metrics_listen {
        out.line(format!("  metrics           {metrics}, for everybody who can reach it"))?;
    }
    out.line(format!("  database          {database}"))?;
    let languages: Vec<&str> = config.languages.all().map(|phrases| phrases.tag()).collect();
    out.line(format!("  languages         {}", languages.join(", ")))?;
    looks(&config.brand, out)
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
