//! What `authara config check` says of the settings.

use serde_json::{Value, json};

use crate::app;
use crate::cli::print::{Printer, thousands};
use crate::cli::{Failure, Result};
use crate::config::{Brand, Config, Database, Support, Target};
use crate::look::{Accent, Shades};
use crate::storage::backup;

/// Fails unless copies can be kept where they should be.
pub(super) fn folder(config: &Config) -> Result<()> {
    match &config.backups.folder {
        None => Ok(()),
        Some(folder) => {
            backup::check_folder(folder).map_err(|problem| Failure::Words(format!("AUTHARA_BACKUP_DIR: {problem}")))
        }
    }
}

/// For people.
pub(super) fn settings(config: &Config, out: &mut Printer) -> Result<()> {
    let database = match &config.database {
        Database::Sqlite { path } => format!("SQLite, {}", path.display()),
        Database::Postgres(postgres) => format!("PostgreSQL, {} on {}", postgres.database, servers(config).join(", ")),
    };
    out.line("The settings can be used.")?;
    out.line(format!("  browsers come to  {}", config.public_url.origin))?;
    out.line(format!("  listening on      {}", config.listen))?;
    if let Some(metrics) = config.metrics_listen {
        out.line(format!("  metrics           {metrics}, for everybody who can reach it"))?;
    }
    out.line(format!("  database          {database}"))?;
    if let Some(folder) = &config.backups.folder {
        out.line(format!(
            "  copies            {}, {} of them",
            folder.display(),
            config.backups.keep
        ))?;
    }
    out.line(format!(
        "  mail              {}",
        mail(config).unwrap_or_else(|| "none is sent".to_owned())
    ))?;
    out.line(format!("  sign-up           {}", config.accounts.sign_up.meaning()))?;
    out.line(format!(
        "  allowlist         {}",
        if config.accounts.allowlist { "on" } else { "off" }
    ))?;
    if config.accounts.disposable.count() > 0 {
        let count = thousands(config.accounts.disposable.count() as u64);
        out.line(format!("  disposable        {count} domains"))?;
    }
    out.line(format!("  languages         {}", languages(config).join(", ")))?;
    looks(&config.brand, out)
}

/// For programs: where the server is, and how its pages look.
pub(super) fn value(config: &Config) -> Value {
    let database = match &config.database {
        Database::Sqlite { path } => json!({ "kind": "sqlite", "path": path.display().to_string() }),
        Database::Postgres(postgres) => {
            json!({ "kind": "postgres", "database": postgres.database, "servers": servers(config) })
        }
    };
    let folder = config.backups.folder.as_ref();
    let brand = &config.brand;
    json!({
        "public_url": config.public_url.origin,
        "listen": config.listen.to_string(),
        "metrics_listen": config.metrics_listen.map(|address| address.to_string()),
        "database": database,
        "backups": folder.map(|folder| json!({ "folder": folder.display().to_string(), "keep": config.backups.keep })),
        "mail": mail(config),
        "mail_from": config.mail.from.1.as_str(),
        "sign_up": config.accounts.sign_up.name(),
        "allowlist": config.accounts.allowlist,
        "disposable_domains": config.accounts.disposable.count(),
        "languages": languages(config),
        "product_name": brand.product_name,
        "logo": brand.logo.as_ref().map(ToString::to_string),
        "favicon": brand.favicon.as_ref().map(ToString::to_string),
        "accent_color": brand.accent.as_ref().map(accent),
        "custom_css_bytes": brand.css.as_ref().map(|css| css.len()),
        "terms_url": brand.terms.as_ref().map(Target::as_str),
        "privacy_url": brand.privacy.as_ref().map(Target::as_str),
        "imprint_url": brand.imprint.as_ref().map(Target::as_str),
        "support": brand.support.as_ref().map(Support::words),
    })
}

fn accent(accent: &Accent) -> Value {
    let shades = |shades: &Shades| {
        json!({
            "button": shades.fill.to_string(),
            "button_text": shades.on_fill.to_string(),
            "link": shades.text.to_string(),
        })
    };
    json!({
        "given": accent.given.to_string(),
        "light": shades(&accent.light),
        "dark": shades(&accent.dark),
    })
}

fn servers(config: &Config) -> Vec<String> {
    match &config.database {
        Database::Sqlite { .. } => Vec::new(),
        Database::Postgres(postgres) => {
            let servers = postgres.servers.iter();
            servers.map(|(host, port)| format!("{host}:{port}")).collect()
        }
    }
}

/// How letters are sent.
fn mail(config: &Config) -> Option<String> {
    // What cannot be used was told before.
    let mailer = app::mail::mailer(config).ok().flatten()?;
    Some(format!("{}, from {}", mailer.describe(), config.mail.from.1.as_str()))
}

fn languages(config: &Config) -> Vec<&str> {
    config.languages.all().map(|phrases| phrases.tag()).collect()
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
