//! Settings: every rule, everything wrong at once, and never a secret in a message.

mod files;
mod keys;
mod languages;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use authara::config::vars::VARS;
use authara::config::{Config, Database, Environment, Given, Listen, LogLevel, Problems, SignUp, Tls};
use authara::domain::organization::OrganizationMode;
use authara::domain::session::Rotation;
use authara::domain::{Algorithm, Secret};
use authara::words;

use crate::kit::settings::{SECRET, read};

fn config(changes: &[(&str, &str)]) -> Config {
    match read(changes) {
        Ok(checked) => checked.value,
        Err(problems) => panic!("{changes:?}: {problems}"),
    }
}

fn problems(changes: &[(&str, &str)]) -> String {
    match read(changes) {
        Ok(_) => panic!("{changes:?}: accepted"),
        Err(problems) => problems.to_string(),
    }
}

fn warnings(changes: &[(&str, &str)]) -> String {
    let warnings = read(changes).expect("accepted").warnings;
    Problems(warnings).to_string()
}

#[test]
fn three_settings_are_enough_and_the_rest_has_safe_defaults() {
    let config = config(&[]);

    assert_eq!(config.environment, Environment::Prod);
    assert_eq!(
        config.listen,
        Listen::Tcp("127.0.0.1:8080".parse().expect("an address"))
    );
    assert_eq!(
        config.database,
        Database::Sqlite {
            path: PathBuf::from("/var/lib/authara.db")
        }
    );
    assert_eq!(config.tokens.issuer, "https://example.com/auth");
    assert!(config.tokens.algorithm == Algorithm::EdDsa && config.tokens.keys.is_empty());
    assert_eq!(config.tokens.ttl, Duration::from_mins(10));
    assert_eq!(config.sessions.ttl, Duration::from_hours(60 * 24));
    assert_eq!(config.sessions.idle, Duration::from_hours(14 * 24));
    assert_eq!(config.sessions.rotation, Rotation::Always);
    assert_eq!(config.organization_mode, OrganizationMode::Single);
    assert_eq!(config.hashing.log_n, 15);
    assert!((1..=64).contains(&config.hashing.threads));
    assert_eq!(config.hashing.queue, config.hashing.threads * 16);
    assert_eq!(config.cookie_prefix, "");
    assert!(!config.json_tokens_always && !config.expose_version);
    assert_eq!(config.log_level, LogLevel::Info);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.server.header_timeout, Duration::from_secs(30));
    assert_eq!(config.server.max_connections, 4096);
}

#[test]
fn r130_everything_wrong_is_reported_together() {
    let text = problems(&[
        ("PUBLIC_URL", ""),
        ("DATABASE_URL", ""),
        ("AUTHARA_SECRET_KEY", "short"),
        ("AUTHARA_LISTEN", ":8080"),
        ("AUTHARA_HASH_COST", "14"),
        ("AUTHARA_ORG_MODE", "one"),
        ("AUTHARA_STEP_UP_MAX_AGE", "10"),
        ("AUTHARA_EXPOSE_VERSION", "yes"),
        ("AUTHARA_DEFAULT_RETURN_TO", "//evil"),
        ("AUTHARA_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL", "daily"),
        ("AUTHARA_SECRTE", "x"),
    ]);

    let names: Vec<&str> = text.lines().filter_map(|line| line.split(':').next()).collect();
    assert_eq!(
        names,
        [
            "AUTHARA_DEFAULT_RETURN_TO",
            "AUTHARA_EXPOSE_VERSION",
            "AUTHARA_HASH_COST",
            "AUTHARA_LISTEN",
            "AUTHARA_ORG_MODE",
            "AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL",
            "AUTHARA_SECRET_KEY",
            "AUTHARA_SECRTE",
            "AUTHARA_STEP_UP_MAX_AGE",
            "AUTHARA_TRUSTED_PROXIES",
            "DATABASE_URL",
            "PUBLIC_URL",
        ]
    );
    assert!(
        text.contains("AUTHARA_HASH_COST: must be a whole number from 15 to 20"),
        "{text}"
    );
}

#[test]
fn a_secret_is_never_shown() {
    let text = problems(&[
        ("AUTHARA_SECRET_KEY", "hunter2"),
        ("DATABASE_URL", "postgres://u:hunter2@db/d?sslmode=require"),
        ("AUTHARA_JWT_KEYS", "a:hunter2,hunter2,b:aHVudGVyMg=="),
        ("AUTHARA_INTERNAL_API_TOKEN", "hunter2"),
        ("AUTHARA_SECRETKEY", "hunter2"),
        ("POSTGRESQL_PASSWORD", "hunter2"),
    ]);

    assert!(!text.contains("hunter2"), "{text}");
    assert!(!format!("{:?}", config(&[])).contains(SECRET));
}

#[test]
fn empty_means_not_set() {
    assert_eq!(
        config(&[("AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL", "")])
            .sessions
            .rotation,
        Rotation::Always
    );
    assert_eq!(
        config(&[("AUTHARA_JWT_ISSUER", "")]).tokens.issuer,
        "https://example.com/auth"
    );
    assert_eq!(warnings(&[("AUTHARA_WEBHOOK_URL", ""), ("AUTHARA_NONSENSE", "")]), "");
}

#[test]
fn an_unknown_name_is_refused_and_the_nearest_offered() {
    let text = problems(&[("AUTHARA_ACCESS_TOKEN_TTL_MINUTE", "5")]);

    assert_eq!(
        text,
        "AUTHARA_ACCESS_TOKEN_TTL_MINUTE: is not a setting; did you mean AUTHARA_ACCESS_TOKEN_TTL_MINUTES?"
    );
}

#[test]
fn settings_of_the_older_server_are_refused_where_passing_them_over_would_mislead() {
    for (name, value) in [
        ("AUTHARA_WEBHOOK_URL", "https://example.com/hook"),
        ("AUTHARA_OAUTH_PROVIDERS", "google"),
        ("AUTHARA_INTERNAL_API_TOKEN", "x"),
        ("AUTHARA_PUBLIC_ORGANIZATION_MANAGEMENT_ENABLED", "true"),
    ] {
        let text = problems(&[(name, value)]);
        assert!(
            text.starts_with(&format!("{name}: is a setting of the older server")),
            "{text}"
        );
    }
    for (name, value) in [
        ("AUTHARA_CACHE_PROVIDER", "redis"),
        ("AUTHARA_REDIS_HOST", "cache"),
        ("AUTHARA_DB_MAX_IDLE_CONNS", "20"),
        ("AUTHARA_DB_CONN_MAX_LIFETIME", "30m"),
        ("AUTHARA_RATE_LIMIT_CLEANUP_EVERY", "200"),
        ("AUTHARA_RATE_LIMIT_PASSKEY_LOGIN_IP_LIMIT", "30"),
        ("POSTGRESQL_TIMEZONE", "UTC"),
    ] {
        let text = warnings(&[(name, value)]);
        assert!(
            text.starts_with(&format!("{name}: is a setting of the older server")),
            "{text}"
        );
    }
}

#[test]
fn r130_in_production_the_public_url_is_https_except_on_this_machine() {
    assert!(problems(&[("PUBLIC_URL", "http://example.com")]).contains("must be https"));
    assert!(!config(&[("PUBLIC_URL", "http://localhost:8080")]).public_url.is_https);
    assert!(
        !config(&[("PUBLIC_URL", "http://example.com"), ("APP_ENV", "dev")])
            .public_url
            .is_https
    );
    assert_eq!(config(&[("APP_ENV", "dev")]).log_level, LogLevel::Debug);
}

#[test]
fn the_host_prefix_needs_https() {
    let prefix = ("AUTHARA_COOKIE_PREFIX", "__Host-");

    assert_eq!(config(&[prefix]).cookie_prefix, "__Host-");
    assert!(problems(&[prefix, ("PUBLIC_URL", "http://localhost")]).contains("https PUBLIC_URL"));
    assert!(problems(&[("AUTHARA_COOKIE_PREFIX", "__Secure-")]).contains("must be __Host-"));
}

#[test]
fn proxies_are_networks_or_the_older_switch_but_not_both() {
    let count = |changes: &[(&str, &str)]| config(changes).trusted_proxies.len();

    assert_eq!(count(&[("AUTHARA_TRUSTED_PROXIES", "none")]), 0);
    assert_eq!(
        count(&[("AUTHARA_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1 ,fd00::/8")]),
        3
    );
    assert_eq!(count(&[("AUTHARA_TRUST_PROXY_HEADERS", "TRUE")]), 6);
    assert_eq!(count(&[("AUTHARA_TRUST_PROXY_HEADERS", "f")]), 2);
    let both = [
        ("AUTHARA_TRUST_PROXY_HEADERS", "1"),
        ("AUTHARA_TRUSTED_PROXIES", "10.0.0.0/8"),
    ];
    assert!(problems(&both).contains("keep AUTHARA_TRUSTED_PROXIES"));
}

#[test]
fn metrics_are_off_unless_they_have_an_address_of_their_own() {
    let listen = |text| config(&[("AUTHARA_METRICS_LISTEN", text)]).metrics_listen;

    assert_eq!(listen(""), None);
    assert_eq!(listen("127.0.0.1:9090"), "127.0.0.1:9090".parse().ok());
    for wrong in ["9090", "localhost:9090", "unix:/run/metrics.sock", "127.0.0.1:8080"] {
        let text = problems(&[("AUTHARA_METRICS_LISTEN", wrong)]);
        assert!(text.starts_with("AUTHARA_METRICS_LISTEN: "), "{text}");
    }
}

#[test]
fn a_socket_can_be_listened_on() {
    let listen = |text| config(&[("AUTHARA_LISTEN", text)]).listen;

    assert_eq!(
        listen("unix:/run/authara.sock"),
        Listen::Unix(PathBuf::from("/run/authara.sock"))
    );
    assert_eq!(listen("[::]:80"), Listen::Tcp("[::]:80".parse().expect("an address")));
    for wrong in ["unix:", "unix:relative", ":8080", "localhost:8080", "8080", "127.0.0.1"] {
        assert!(
            problems(&[("AUTHARA_LISTEN", wrong)]).contains("AUTHARA_LISTEN: "),
            "{wrong}"
        );
    }
}

#[test]
fn lifetimes_are_ordered() {
    let text = problems(&[("AUTHARA_SESSION_TTL_DAYS", "7")]);
    assert!(
        text.contains("AUTHARA_REFRESH_TOKEN_TTL_DAYS: must be at most AUTHARA_SESSION_TTL_DAYS, which is 7"),
        "{text}"
    );

    let equal = [("AUTHARA_SESSION_TTL_DAYS", "14")];
    assert_eq!(config(&equal).sessions.idle, config(&equal).sessions.ttl);

    let text = problems(&[
        ("AUTHARA_ACCESS_TOKEN_TTL_MINUTES", "1440"),
        ("AUTHARA_REFRESH_TOKEN_TTL_DAYS", "1"),
    ]);
    assert!(
        text.contains("must be shorter than AUTHARA_REFRESH_TOKEN_TTL_DAYS"),
        "{text}"
    );
}

#[test]
fn rotation_has_three_forms() {
    let rotation = |text| {
        config(&[("AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL", text)])
            .sessions
            .rotation
    };

    assert_eq!(rotation("always"), Rotation::Always);
    assert_eq!(rotation("24h"), Rotation::After(Duration::from_hours(24)));
    for never in ["0", "disabled", "off"] {
        assert_eq!(rotation(never), Rotation::Never);
    }
}

#[test]
fn the_database_is_named_in_one_way() {
    let older = [
        ("DATABASE_URL", ""),
        ("POSTGRESQL_HOST", "db,other"),
        ("POSTGRESQL_PORT", "6543"),
        ("POSTGRESQL_DATABASE", "app"),
        ("POSTGRESQL_USERNAME", "me"),
        ("POSTGRESQL_PASSWORD", "p w"),
    ];
    let Database::Postgres(postgres) = config(&older).database else {
        panic!("not a server")
    };
    assert_eq!(postgres.servers, [("db".to_owned(), 6543), ("other".to_owned(), 6543)]);
    assert_eq!((&*postgres.schema, postgres.max_connections), ("authara", 40));
    assert_eq!((postgres.tls, postgres.behind_pooler), (Tls::Disable, false));
    assert_eq!(postgres.password, Secret::new("p w"));
    assert!(warnings(&older).contains("not encrypted"));

    assert!(problems(&older[1..]).contains("DATABASE_URL: is set, and so is POSTGRESQL_HOST"));
    assert!(problems(&older[..2]).contains("POSTGRESQL_USERNAME: is not set"));
    assert!(problems(&[older[0], ("POSTGRESQL_HOST", "db,")]).contains("POSTGRESQL_HOST: has an empty name"));
    assert!(problems(&[("DATABASE_URL", "")]).contains("DATABASE_URL: is not set"));
    assert!(problems(&[("POSTGRESQL_SCHEMA", "a; drop")]).contains("POSTGRESQL_SCHEMA: must be"));
}

#[test]
fn a_command_can_ask_for_the_database_alone() {
    let own = |value: &str| Given::from_pairs([("DATABASE_URL".to_owned(), value.to_owned())]);

    assert!(Database::from_settings(&own("sqlite://a.db")).is_ok());
    assert!(Database::from_settings(&own("")).is_err());
}

#[test]
fn the_settings_of_dev_need_nothing_but_a_folder_and_a_secret() {
    let mut config = Config::dev(4000, Path::new("/tmp/a b?"), &Secret::new(SECRET)).expect("settings");

    assert_eq!(config.environment, Environment::Dev);
    assert_eq!(
        config.listen,
        Listen::Tcp("127.0.0.1:4000".parse().expect("an address"))
    );
    assert_eq!(config.public_url.origin, "http://localhost:4000");
    assert_eq!(config.tokens.issuer, "http://localhost:4000/auth");
    assert_eq!(
        config.database,
        Database::Sqlite {
            path: PathBuf::from("/tmp/a b?/authara.db")
        }
    );

    config.set_public_port(4001);
    assert_eq!(config.tokens.issuer, "http://localhost:4001/auth");

    // Browsers leave it out of `Origin`, which must equal ours.
    config.set_public_port(80);
    assert_eq!(config.public_url.origin, "http://localhost");
}

#[test]
fn everybody_may_sign_up_unless_a_setting_says_otherwise() {
    let mode = |value| config(&[("AUTHARA_SIGNUP_MODE", value)]).accounts.sign_up;

    assert_eq!(config(&[]).accounts.sign_up, SignUp::Open);
    assert_eq!(mode("invitation"), SignUp::Invitation);
    assert_eq!(mode("approval"), SignUp::Approval);
    assert_eq!(mode("closed"), SignUp::Closed);
    assert!(problems(&[("AUTHARA_SIGNUP_MODE", "off")]).contains("open or invitation or approval or closed"));
}
