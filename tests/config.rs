//! Settings: every rule, everything wrong at once, and never a secret in a message.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use authara::config::vars::VARS;
use authara::config::{Config, Database, Environment, Given, Listen, LogLevel, Problems, Tls};
use authara::domain::Secret;
use authara::domain::organization::OrganizationMode;
use authara::domain::session::Rotation;

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
    assert!(!config.tokens.hs256 && config.tokens.keys.is_empty());
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
        ("AUTHARA_CHALLENGE_ENABLED", "true"),
        ("AUTHARA_EMAIL_PROVIDER", "smtp"),
        ("AUTHARA_WEBHOOK_URL", "https://example.com/hook"),
        ("AUTHARA_OAUTH_PROVIDERS", "google"),
        ("AUTHARA_INTERNAL_API_TOKEN", "x"),
        ("AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED", "true"),
        ("AUTHARA_PUBLIC_ORGANIZATION_MANAGEMENT_ENABLED", "true"),
    ] {
        let text = problems(&[(name, value)]);
        assert!(
            text.starts_with(&format!("{name}: is a setting of the older server")),
            "{text}"
        );
    }
    for (name, value) in [
        ("AUTHARA_CHALLENGE_ENABLED", "false"),
        ("AUTHARA_CHALLENGE_TTL", "30m"),
        ("AUTHARA_EMAIL_PROVIDER", "noop"),
        ("AUTHARA_CACHE_PROVIDER", "redis"),
        ("AUTHARA_REDIS_HOST", "cache"),
        ("AUTHARA_DB_MAX_IDLE_CONNS", "20"),
        ("AUTHARA_DB_CONN_MAX_LIFETIME", "30m"),
        ("AUTHARA_RATE_LIMIT_CLEANUP_EVERY", "200"),
        ("AUTHARA_RATE_LIMIT_PASSKEY_LOGIN_IP_LIMIT", "30"),
        ("AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED", "false"),
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
fn token_keys_must_fit_their_algorithm() {
    let other = "0ZLr1PoQzHfCVn1Fa7S+fkQ4ZbDAVWT6eVBPGNEhCqg=";
    let long = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUx";
    // Of two, the later one counts.
    let eddsa = ("AUTHARA_JWT_ALGORITHM", "EdDSA");
    let keys = |text: &str, more: &[(&str, &str)]| read(&[&[("AUTHARA_JWT_KEYS", text), eddsa], more].concat());
    let hs256 = ("AUTHARA_JWT_ALGORITHM", "HS256");
    let active = |id| ("AUTHARA_JWT_ACTIVE_KEY_ID", id);

    let one = keys(&format!("k1:{SECRET}"), &[]).expect("accepted").value;
    assert_eq!(one.tokens.active_key_id, "k1");
    let two = format!("k1:{SECRET}, k2:{other}");
    assert_eq!(
        keys(&two, &[active("k2")]).expect("accepted").value.tokens.keys.len(),
        2
    );
    assert!(
        keys(&format!("k:{long}"), &[hs256])
            .expect("accepted")
            .value
            .tokens
            .hs256
    );

    for (text, more, words) in [
        (two.as_str(), &[][..], "AUTHARA_JWT_ACTIVE_KEY_ID: is not set"),
        (&two, &[active("k3")], "must be the id of one of AUTHARA_JWT_KEYS"),
        (&format!("k:{long}"), &[], "EdDSA needs exactly 32"),
        ("k:c2hvcnQ=", &[hs256], "HS256 needs at least 32"),
        ("k:!", &[], "key 1 is not base64"),
        (SECRET, &[], "key 1 has no id"),
        (&format!("k 1:{SECRET}"), &[], "key 1 needs an id"),
        (
            &format!("k:{SECRET},k:{other}"),
            &[],
            "key 2 has the id of an earlier one",
        ),
        (&format!("k:{SECRET},"), &[], "key 2 has no id"),
        (
            "k:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            &[],
            "key 1 is an example value",
        ),
    ] {
        let problems = keys(text, more).expect_err(text).to_string();
        assert!(problems.contains(words), "{text}: {problems}");
    }
    assert!(problems(&[hs256]).contains("AUTHARA_JWT_ALGORITHM=HS256 needs it"));
    assert!(problems(&[active("k")]).contains("AUTHARA_JWT_KEYS is not"));
}

#[test]
fn r130_example_secrets_do_not_start() {
    for (text, words) in [
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "is an example value"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "is an example value"),
        ("c2hvcnQ=", "must be base64 of 32 bytes"),
    ] {
        let text = problems(&[("AUTHARA_SECRET_KEY", text)]);
        assert!(text.contains(words), "{text}");
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

/// A file that is removed when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &str, mode: u32) -> Self {
        let path = std::env::temp_dir().join(format!("authara-config-{}-{name}", std::process::id()));
        fs::write(&path, content).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("a plain path")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn r130_a_secret_can_come_from_a_file_of_its_owner() {
    let from = |path: &str| read(&[("AUTHARA_SECRET_KEY", ""), ("AUTHARA_SECRET_KEY_FILE", path)]);
    let good = Scratch::new("good", &format!("{SECRET}\r\n"), 0o600);
    let open = Scratch::new("open", SECRET, 0o640);
    let empty = Scratch::new("empty", "\n", 0o600);
    let two_lines = Scratch::new("two", &format!("{SECRET}\n\n"), 0o400);

    assert_eq!(from(good.path()).expect("accepted").value.secret_key.expose(), SECRET);
    for (path, words) in [
        (open.path(), "chmod 600"),
        (empty.path(), "which is empty"),
        (two_lines.path(), "must be base64 of 32 bytes"),
        ("/nowhere/secret", "cannot be read"),
        ("/tmp", "which is not a file"),
    ] {
        let text = from(path).expect_err(path).to_string();
        assert!(text.contains(words), "{path}: {text}");
        assert!(!text.contains("is not set"), "{path}: {text}");
    }
    let both = problems(&[("AUTHARA_SECRET_KEY_FILE", good.path())]);
    assert_eq!(
        both,
        "AUTHARA_SECRET_KEY_FILE: is set, and so is AUTHARA_SECRET_KEY; keep one of the two"
    );
    assert!(problems(&[("AUTHARA_LISTEN_FILE", "/x")]).contains("is not a setting"));
}

#[test]
fn an_env_file_is_read_and_a_missing_one_named() {
    let file = Scratch::new(
        "env",
        "PUBLIC_URL='https://file.example'\nAUTHARA_NO=1\nOTHER=2\n",
        0o644,
    );

    let given = Given::from_environment(Some(&file.0)).expect("read");
    let text = Config::read(&given).expect_err("incomplete").to_string();
    let missing = Given::from_environment(Some(Path::new("/nowhere.env")));

    assert!(text.contains("AUTHARA_NO: is not a setting"), "{text}");
    assert!(!text.contains("PUBLIC_URL") && !text.contains("OTHER"), "{text}");
    assert!(
        missing
            .err()
            .expect("missing")
            .to_string()
            .starts_with("/nowhere.env: cannot be read")
    );
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

/// A folder of message files, removed when the test ends.
struct Messages(PathBuf);

impl Messages {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("messages-{name}"));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (file, text) in files {
            fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn setting(&self) -> (&str, &str) {
        ("AUTHARA_MESSAGES_DIR", self.0.to_str().unwrap())
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_site_brings_its_own_words_and_languages() {
    let messages = Messages::new(
        "own",
        &[
            ("en.json", r#"{ "sign_in.title": "Welcome back" }"#),
            (
                "it.json",
                r#"{ "sign_in.title": "Accedi", "ago.minutes": { "one": "un minuto fa", "other": "{count} minuti fa" } }"#,
            ),
            ("README.txt", "not a message file"),
        ],
    );

    let warned = warnings(&[messages.setting()]);
    let plain = config(&[]).languages;
    let own = config(&[messages.setting(), ("AUTHARA_LANGUAGES", "it, en")]).languages;
    let tags: Vec<_> = own.all().map(|phrases| phrases.tag()).collect();

    assert!(
        warned.starts_with("AUTHARA_MESSAGES_DIR: it.json does not have ") && !warned.contains("en.json"),
        "{warned}"
    );
    assert_eq!(plain.all().count(), 6);
    assert_eq!(plain.choose(None, None).tag(), "en");
    assert_eq!(tags, ["it", "en"]);
    assert_eq!(own.choose(None, Some("en")).sign_in_title(), "Welcome back");
    assert_eq!(own.choose(None, Some("fr")).sign_in_title(), "Accedi");
    assert_eq!(own.choose(None, None).ago_minutes(1), "un minuto fa");
    assert_eq!(own.choose(None, None).sign_up_title(), "Sign up", "not translated yet");
}

#[test]
fn messages_that_cannot_be_used_are_problems() {
    for (name, file, text, words) in [
        (
            "key",
            "de.json",
            r#"{ "sign_in.titel": "x" }"#,
            "de.json: sign_in.titel: there is no such message",
        ),
        (
            "place",
            "de.json",
            r#"{ "sign_in.lead": "{ort}" }"#,
            "{ort} stands for nothing there",
        ),
        ("broken", "de.json", "{", "de.json is not JSON"),
        ("list", "de.json", "[]", "must be one JSON object"),
        (
            "number",
            "de.json",
            r#"{ "sign_in.title": 1 }"#,
            "sign_in.title is neither a text nor a pair of forms",
        ),
        ("name", "de_DE!.json", "{}", "the name must be a language tag"),
        (
            "old",
            "en-old.json",
            "{}",
            "en-old.json: the name must be a language tag",
        ),
        (
            "private",
            "x-house.json",
            "{}",
            "x-house.json: the name must be a language tag",
        ),
        (
            "twice",
            "de.json.json",
            "{}",
            "de.json.json: the name must be a language tag",
        ),
        (
            "empty",
            "de.json",
            r#"{ "sign_in.title": " " }"#,
            "sign_in.title: is empty",
        ),
    ] {
        let messages = Messages::new(name, &[(file, text)]);
        let text = problems(&[messages.setting()]);

        assert!(
            text.starts_with("AUTHARA_MESSAGES_DIR: ") && text.contains(words),
            "{text}"
        );
    }
    let missing = problems(&[("AUTHARA_MESSAGES_DIR", "/nowhere"), ("AUTHARA_ORG_MODE", "none")]);
    let unknown = problems(&[("AUTHARA_LANGUAGES", "en, tlh")]);

    assert!(
        missing.contains("names a folder that cannot be read") && missing.contains("AUTHARA_ORG_MODE"),
        "{missing}"
    );
    assert_eq!(unknown, "AUTHARA_LANGUAGES: there are no messages in tlh");
}

#[test]
fn r130_everything_wrong_with_languages_is_reported_together() {
    let messages = Messages::new(
        "all",
        &[
            (
                "de.json",
                r#"{ "sign_in.titel": "x", "sign_in.title": 1, "ago.days": { "one": 1, "other": [] } }"#,
            ),
            ("en-old.json", "{}"),
            ("fr.json", "{"),
            ("it.json", "[]"),
        ],
    );

    let listed = problems(&[messages.setting(), ("AUTHARA_LANGUAGES", "it, tlh.json: x, de, DE")]);
    let nowhere = problems(&[("AUTHARA_MESSAGES_DIR", "/nowhere"), ("AUTHARA_LANGUAGES", "tlh")]);

    assert_eq!(
        listed.lines().collect::<Vec<_>>(),
        [
            "AUTHARA_LANGUAGES: there are no messages in language 2, which must be a tag, as in pt-BR",
            "AUTHARA_LANGUAGES: names de twice",
            "AUTHARA_MESSAGES_DIR: de.json: ago.days: one is not a text",
            "AUTHARA_MESSAGES_DIR: de.json: ago.days: other is not a text",
            "AUTHARA_MESSAGES_DIR: de.json: sign_in.title is neither a text nor a pair of forms",
            "AUTHARA_MESSAGES_DIR: en-old.json: the name must be a language tag, as in pt-BR.json",
            "AUTHARA_MESSAGES_DIR: fr.json is not JSON: EOF while parsing an object at line 1 column 1",
            "AUTHARA_MESSAGES_DIR: it.json must be one JSON object of keys and texts",
            "AUTHARA_MESSAGES_DIR: de.json: sign_in.titel: there is no such message",
        ]
    );
    assert!(
        nowhere.contains("names a folder that cannot be read") && nowhere.contains("there are no messages in tlh"),
        "{nowhere}"
    );
}

/// Every setting as an operator might have it, with something behind: what is left when a line break is lost.
fn with_something_behind(something: &str) -> impl Iterator<Item = (String, String)> {
    VARS.iter().flat_map(move |var| {
        let known = match var.default {
            authara::config::var::Default::Is(text) => text,
            _ => match var.name {
                "DATABASE_URL" => "sqlite:///var/lib/authara.db",
                "PUBLIC_URL" | "AUTHARA_TERMS_URL" | "AUTHARA_ISSUER_URL" => "https://example.com",
                "AUTHARA_JWT_KEYS" => "k1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
                _ => "x",
            },
        };
        let of_file = var
            .is_secret
            .then(|| (format!("{}_FILE", var.name), format!("/nowhere/x{something}")));
        [(var.name.to_owned(), format!("{known}{something}"))]
            .into_iter()
            .chain(of_file)
    })
}

#[test]
fn a_lost_line_break_is_found_in_every_setting() {
    for lost in [
        "AUTHARA_SECRET_KEY",
        "POSTGRESQL_PASSWORD",
        "AUTHARA_JWT_KEYS_FILE",
        "AUTHARA_UNHEARD_OF",
    ] {
        for (name, value) in with_something_behind(&format!("{lost}=hunter2/Planted")) {
            let text = problems(&[(&name, &value)]);

            assert!(
                text.contains(&format!("{name}: holds the name of another setting")),
                "{name}: {text}"
            );
            assert!(!text.contains("hunter2"), "{name}: {text}");
        }
    }
}

#[test]
fn no_message_shows_what_a_setting_is() {
    for something in [
        "hunter2Planted",
        " hunter2Planted",
        ",hunter2Planted",
        ":hunter2Planted",
        "\nhunter2Planted",
    ] {
        for (name, value) in with_something_behind(something) {
            let text = match read(&[(&name, &value)]) {
                Ok(checked) => Problems(checked.warnings).to_string(),
                Err(problems) => problems.to_string(),
            };

            assert!(!text.contains("hunter2"), "{name}={value:?}: {text}");
        }
    }
}
