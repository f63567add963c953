//! The contract of settings is the registry, and the registry is what is read.

use std::fs;

use authara::config::{Given, list, var, vars};

#[test]
fn the_contract_file_is_written_from_the_registry() {
    let written = fs::read_to_string("assets/contract/config.yaml").unwrap_or_default();

    assert!(
        written == list::yaml(),
        "assets/contract/config.yaml is out of date; run: cargo run -- config list --yaml > assets/contract/config.yaml"
    );
}

#[test]
fn every_registered_setting_is_read_and_no_other() {
    let sources: String = [
        "mod",
        "accounts",
        "backups",
        "brand",
        "challenges",
        "database",
        "languages",
        "limits",
        "mail",
        "mail/http",
        "rates",
        "server",
        "sessions",
        "tokens",
    ]
    .map(|name| fs::read_to_string(format!("src/config/{name}.rs")).expect("a source file"))
    .concat();

    for var in vars::VARS {
        // A limit's two settings are made from one name.
        let stem = var.name.strip_suffix("_LIMIT").or(var.name.strip_suffix("_WINDOW"));
        let is_read = |name: &str| sources.contains(&format!("\"{name}\""));
        assert!(
            is_read(var.name) || stem.is_some_and(is_read),
            "{} is never read",
            var.name
        );
    }
}

#[test]
fn every_default_is_a_value_that_would_be_accepted() {
    for var in vars::VARS {
        let var::Default::Is(default) = var.default else {
            continue;
        };
        let pairs = [
            ("PUBLIC_URL", "https://example.com"),
            ("DATABASE_URL", "sqlite://a.db"),
            ("AUTHARA_SECRET_KEY", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
            // The only default that belongs to the other way of naming a database.
            if var.name == "POSTGRESQL_PORT" {
                ("APP_ENV", "prod")
            } else {
                (var.name, default)
            },
        ];
        let given = Given::from_pairs(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));

        let read = authara::config::Config::read(&given);

        assert!(read.is_ok(), "{}: {}", var.name, read.expect_err("refused"));
    }
}

#[test]
fn the_table_names_every_setting_and_stays_a_table() {
    let table = list::markdown();

    for var in vars::VARS {
        let row = table
            .lines()
            .find(|line| line.starts_with(&format!("| `{}` |", var.name)));
        assert_eq!(row.expect(var.name).matches('|').count(), 5, "{}", var.name);
    }
}
