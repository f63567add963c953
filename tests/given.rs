//! Settings as people bring them: from the older server, from Kubernetes, from an editor, from a volume.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::PathBuf;

use authara::config::{Config, Database, LogLevel, Problems, Tls};
use authara::domain::Algorithm;

use crate::kit::database::Folder;
use crate::kit::settings::{SECRET, read};

fn taken(more: &[(&str, &str)]) -> Config {
    read(more)
        .unwrap_or_else(|problems| panic!("{more:?}: {problems}"))
        .value
}

fn refused(more: &[(&str, &str)], why: &str) {
    let Err(problems) = read(more) else {
        panic!("{more:?}: taken")
    };
    assert!(problems.to_string().contains(why), "{more:?}: {problems}");
}

/// With a word, and without effect.
fn noted(more: &[(&str, &str)], why: &str) {
    let checked = read(more).unwrap_or_else(|problems| panic!("{more:?}: {problems}"));
    let warnings = Problems(checked.warnings).to_string();
    assert!(warnings.contains(why), "{more:?}: {warnings}");
}

const SERVER: [(&str, &str); 4] = [
    ("DATABASE_URL", ""),
    ("POSTGRESQL_HOST", "db"),
    ("POSTGRESQL_DATABASE", "authara"),
    ("POSTGRESQL_USERNAME", "authara"),
];

#[test]
fn newer_names_of_the_older_server_are_taken_for_ours() {
    let config = taken(&[
        ("AUTHARA_APP_NAME", "Shop"),
        ("AUTHARA_TRUSTED_PROXY_CIDRS", "10.0.0.0/8"),
        ("AUTHARA_RECENT_AUTHENTICATION_WINDOW", "5m"),
    ]);
    assert_eq!(config.brand.product_name, "Shop");
    assert_eq!(config.trusted_proxies.len(), 1);
    assert_eq!(config.step_up_max_age.as_secs(), 300);

    let certificate = ("POSTGRESQL_SSL_ROOT_CERT", "/etc/ssl/db.pem");
    let full = [&SERVER[..], &[("POSTGRESQL_SSL_MODE", "verify-full"), certificate]].concat();
    let Database::Postgres(postgres) = taken(&full).database else {
        panic!("not PostgreSQL")
    };
    assert_eq!(postgres.tls, Tls::VerifyFull);
    assert_eq!(postgres.root_certificates, Some(PathBuf::from("/etc/ssl/db.pem")));
    refused(
        &[&SERVER[..], &[("POSTGRESQL_SSL_MODE", "require")]].concat(),
        "must be disable or verify-full",
    );
    refused(
        &[("AUTHARA_APP_NAME", "Shop"), ("AUTHARA_PRODUCT_NAME", "Shop")],
        "AUTHARA_APP_NAME: is the older name of AUTHARA_PRODUCT_NAME",
    );
}

#[test]
fn what_the_older_server_switches_on_is_refused_until_it_is_there() {
    for (name, off, on) in [
        ("AUTHARA_METRICS_ENABLED", "false", "true"),
        ("AUTHARA_RECENT_AUTHENTICATION_ENABLED", "true", "false"),
        ("AUTHARA_PASSWORD_MIN_LENGTH", "8", "12"),
        ("AUTHARA_PUBLIC_ORGANIZATION_MANAGEMENT_ENABLED", "false", "true"),
    ] {
        noted(&[(name, off)], "is a setting of the older server");
        refused(&[(name, on)], name);
    }
    for (name, value) in [
        ("AUTHARA_ACCESS_TOKEN_REVOCATION_MODE", "expiry"),
        ("AUTHARA_PASSKEY_CLONE_RESPONSE", "alert"),
        ("AUTHARA_EMAIL_JOB_MAX_ATTEMPTS", "100"),
        ("AUTHARA_WEBHOOK_TIMEOUT", "3s"),
        ("AUTHARA_SECURITY_EVENT_ENABLED_EVENTS", "standard"),
        ("AUTHARA_OPERATOR_AUDIT_RETENTION_DAYS", "180"),
        ("AUTHARA_SESSION_CLEANUP_INTERVAL", "5m"),
    ] {
        noted(&[(name, value)], name);
    }
    // A switch that nobody knows yet is not passed over.
    for name in [
        "AUTHARA_EMAIL_ANYTHING_REQUIRED",
        "AUTHARA_WEBHOOK_SIGNING_ENABLED",
        "POSTGRESQL_SSLMODUS",
    ] {
        refused(&[(name, "true")], name);
    }
}

#[test]
fn keys_are_read_by_an_algorithm_that_is_named() {
    let key = ("AUTHARA_JWT_KEYS", "k:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");

    refused(
        &[key],
        "AUTHARA_JWT_ALGORITHM: is not set, but AUTHARA_JWT_KEYS is: write HS256",
    );
    assert!(taken(&[key, ("AUTHARA_JWT_ALGORITHM", "HS256")]).tokens.algorithm == Algorithm::Hs256);
    assert!(taken(&[key, ("AUTHARA_JWT_ALGORITHM", "eddsa")]).tokens.algorithm == Algorithm::EdDsa);
}

#[test]
fn what_kubernetes_sets_for_a_service_of_that_name_is_passed_over() {
    for service in ["AUTHARA", "POSTGRESQL", "AUTHARA_POSTGRESQL", "POSTGRESQL_HL"] {
        for (end, value) in [
            ("_SERVICE_HOST", "10.96.0.5"),
            ("_SERVICE_PORT", "5432"),
            ("_SERVICE_PORT_TCP_POSTGRESQL", "5432"),
            ("_PORT", "tcp://10.96.0.5:5432"),
            ("_PORT_5432_TCP", "tcp://10.96.0.5:5432"),
            ("_PORT_5432_TCP_ADDR", "10.96.0.5"),
            ("_PORT_5432_TCP_PORT", "5432"),
            ("_PORT_5432_TCP_PROTO", "tcp"),
            ("_PORT_53_UDP", "udp://10.96.0.5:53"),
        ] {
            let name = format!("{service}{end}");
            noted(&[(&name, value)], &format!("{name}: comes from Kubernetes"));
        }
    }
    for (name, value) in [
        ("AUTHARA_PORT", "8080"),
        ("AUTHARA_PORT_HTTP", "8080"),
        ("POSTGRESQL_PORT_NUMBER", "5432"),
        ("POSTGRESQL_PORT_5432", "5432"),
        ("POSTGRESQL_SERVICE", "db"),
        ("POSTGRESQL_SERVICE_PORTS", "5432"),
        ("POSTGRESQL_TCP_PORT", "5432"),
    ] {
        refused(&[(name, value)], &format!("{name}: is not a setting"));
    }
    refused(
        &[&SERVER[..], &[("POSTGRESQL_PORT", "http://db")]].concat(),
        "POSTGRESQL_PORT: must be a whole number",
    );
}

#[test]
fn the_port_that_kubernetes_sets_for_a_service_is_no_setting() {
    let linked = ("POSTGRESQL_PORT", "tcp://10.96.0.5:5432");
    let port = |more: &[(&str, &str)]| {
        let Database::Postgres(postgres) = taken(&[&SERVER[..], more].concat()).database else {
            panic!("not PostgreSQL")
        };
        postgres.servers[0].1
    };

    assert!(matches!(taken(&[linked]).database, Database::Sqlite { .. }));
    assert_eq!(port(&[linked]), 5432);
    // What was given in a file holds beside it.
    assert_eq!(port(&[("POSTGRESQL_PORT", "5433"), linked]), 5433);
}

#[test]
fn words_count_however_they_are_written() {
    assert_eq!(taken(&[("LOG_LEVEL", "INFO")]).log_level, LogLevel::Info);
}

#[test]
fn a_secret_that_was_given_to_a_group_is_read_by_its_members() {
    let folder = Folder::new();
    let path = folder.0.join("key");
    std::fs::write(&path, SECRET).unwrap();
    let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    let shown = path.display().to_string();
    let given = [("AUTHARA_SECRET_KEY", ""), ("AUTHARA_SECRET_KEY_FILE", &*shown)];

    mode(0o440);
    refused(&given, "run: chmod 600");
    // Only root can give it away; for everybody else the rest is read by the mode alone.
    if chown(&path, Some(65_534), None).is_ok() {
        taken(&given);
        mode(0o444);
        refused(&given, "others than its owner may read");
        mode(0o460);
        refused(&given, "others than its owner may read");
    }
}
