//! The registry of settings: every name that the program reads, once.
//!
//! Parsing, `authara config list`, the table in `README.md` and `assets/contract/config.yaml` are all
//! made from it, so that none can say something else than the others.

use crate::config::rates;
use crate::config::var::{Default, Group, Kind, Var};

/// Finds a setting.
pub fn find(name: &str) -> Option<&'static Var> {
    VARS.iter().find(|var| var.name == name)
}

const PLAIN: Var = Var {
    name: "",
    group: Group::Place,
    kind: Kind::Bool,
    default: Default::None,
    is_secret: false,
    required: "",
    help: "",
};

const fn number(from: u64, to: u64, unit: &'static str) -> Kind {
    Kind::Number { from, to, unit }
}

/// Every setting, in the order of the list.
pub const VARS: &[Var] = &{
    let mut all = [PLAIN; PLAIN_VARS.len() + rates::VARS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < PLAIN_VARS.len() {
            PLAIN_VARS[at]
        } else {
            rates::VARS[at - PLAIN_VARS.len()]
        };
        at += 1;
    }
    all
};

/// All but those that a table of its own makes.
const PLAIN_VARS: &[Var] = &[
    Var {
        name: "APP_ENV",
        group: Group::Place,
        kind: Kind::OneOf(&["prod", "dev"]),
        default: Default::Is("prod"),
        help: "In `prod` the public URL must be https, except on localhost and loopback addresses.",
        ..PLAIN
    },
    Var {
        name: "PUBLIC_URL",
        group: Group::Place,
        kind: Kind::Text("URL"),
        required: "always",
        help: "Scheme, host and port under which browsers reach this server, without a path: `https://example.com`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_LISTEN",
        group: Group::Place,
        kind: Kind::Text("address:port or unix:/path"),
        default: Default::Is("127.0.0.1:8080"),
        help: "Where to listen.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_TRUSTED_PROXIES",
        group: Group::Place,
        kind: Kind::Text("networks, comma-separated"),
        default: Default::Is("127.0.0.0/8,::1/128"),
        help: "Networks whose `Forwarded` and `X-Forwarded-For` headers are believed. `none` for no network.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_TRUST_PROXY_HEADERS",
        group: Group::Place,
        default: Default::Is("false"),
        help: "Older name: `true` trusts loopback and private networks. Use `AUTHARA_TRUSTED_PROXIES` instead.",
        ..PLAIN
    },
    Var {
        name: "LOG_LEVEL",
        group: Group::Place,
        kind: Kind::OneOf(&["debug", "info", "warn", "error"]),
        default: Default::Depends("info; debug with APP_ENV=dev"),
        help: "How much is logged.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_METRICS_LISTEN",
        group: Group::Place,
        kind: Kind::Text("address:port"),
        default: Default::Depends("off"),
        help: "Where Prometheus reads `/metrics`. Everybody who reaches that address may, so keep it to this machine or a private network.",
        ..PLAIN
    },
    Var {
        name: "DATABASE_URL",
        group: Group::Database,
        kind: Kind::Text("URL"),
        is_secret: true,
        required: "unless POSTGRESQL_* is set",
        help: "`sqlite:///absolute/path`, `sqlite://relative/path`, or \
               `postgres://user:password@host:5432/database?sslmode=verify-full` (or `sslmode=disable`; \
               `sslrootcert=/path` names a PEM file of authorities). Of several servers, `a:5432,b:5432`, the one that \
               takes writes is used.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_HOST",
        group: Group::Database,
        kind: Kind::Text("host, address or socket folder"),
        required: "without DATABASE_URL",
        help: "PostgreSQL's host, or several with commas.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_PORT",
        group: Group::Database,
        kind: number(1, 65535, ""),
        default: Default::Is("5432"),
        help: "PostgreSQL's port, on every host.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_DATABASE",
        group: Group::Database,
        kind: Kind::Text("name"),
        required: "with POSTGRESQL_HOST",
        help: "Database name.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_USERNAME",
        group: Group::Database,
        kind: Kind::Text("name"),
        required: "with POSTGRESQL_HOST",
        help: "Role to connect as.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_PASSWORD",
        group: Group::Database,
        kind: Kind::Text("text"),
        is_secret: true,
        help: "Its password, if it has one.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_SSLMODE",
        group: Group::Database,
        kind: Kind::OneOf(&["disable", "verify-full"]),
        default: Default::Is("disable"),
        help: "With `POSTGRESQL_HOST`: `verify-full` encrypts and checks certificate and name.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_SSLROOTCERT",
        group: Group::Database,
        kind: Kind::Text("path"),
        default: Default::Depends("the public authorities"),
        help: "With `POSTGRESQL_SSLMODE=verify-full`: PEM file of the authorities to trust.",
        ..PLAIN
    },
    Var {
        name: "POSTGRESQL_SCHEMA",
        group: Group::Database,
        kind: Kind::Text("name"),
        default: Default::Is("authara"),
        help: "Schema that holds the tables, also with `DATABASE_URL`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_DB_MAX_OPEN_CONNS",
        group: Group::Database,
        kind: number(1, 1000, "connections"),
        default: Default::Is("40"),
        help: "Connections to PostgreSQL at most, but three at least: two fifths are kept for refreshing, three tenths are for transactions of several statements, the others read.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_DB_POOLER",
        group: Group::Database,
        default: Default::Is("false"),
        help: "Whether a transaction-mode pooler such as PgBouncer stands before PostgreSQL.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_BACKUP_DIR",
        group: Group::Database,
        kind: Kind::Text("path"),
        default: Default::Depends("no copies"),
        help: "A folder for the copies that the server makes of its database by itself. It must be there, be writable for the server, and be used by no other one.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_BACKUP_EVERY",
        group: Group::Database,
        kind: Kind::Duration {
            from: 60,
            to: 31_536_000,
        },
        default: Default::Is("24h"),
        help: "With `AUTHARA_BACKUP_DIR`: how long after the newest copy the next one is made. The first comes five minutes after the start.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_BACKUP_KEEP",
        group: Group::Database,
        kind: number(1, 10_000, "copies"),
        default: Default::Is("14"),
        help: "With `AUTHARA_BACKUP_DIR`: how many copies are kept; older ones are deleted.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_SECRET_KEY",
        group: Group::Keys,
        kind: Kind::Text("base64 of 32 bytes"),
        is_secret: true,
        required: "always",
        help: "The root secret; every other secret is derived from it. Make one with `authara key generate`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_JWT_ALGORITHM",
        group: Group::Keys,
        kind: Kind::OneOf(&["EdDSA", "ES256", "HS256"]),
        default: Default::Is("EdDSA"),
        help: "How access tokens are signed. `ES256` is for libraries that do not know Ed25519. `HS256` is for the older Go SDK only: every program that can check such a token can make one.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_JWT_KEYS",
        group: Group::Keys,
        kind: Kind::Text("id:base64, comma-separated"),
        is_secret: true,
        required: "with HS256",
        default: Default::Depends("keys in the database"),
        help: "Keys of access tokens: seeds of exactly 32 bytes; with ES256, P-256 keys in PKCS #8 form; with HS256, secrets of at least 32 bytes.",
    },
    Var {
        name: "AUTHARA_JWT_ACTIVE_KEY_ID",
        group: Group::Keys,
        kind: Kind::Text("id"),
        required: "with several AUTHARA_JWT_KEYS",
        help: "Which of `AUTHARA_JWT_KEYS` signs; all of them verify.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_JWT_ISSUER",
        group: Group::Keys,
        kind: Kind::Text("text"),
        default: Default::Depends("PUBLIC_URL and /auth"),
        help: "Claim `iss` of access tokens.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_ACCESS_TOKEN_TTL_MINUTES",
        group: Group::Sessions,
        kind: number(1, 1440, "minutes"),
        default: Default::Is("10"),
        help: "Life of an access token. Shorter than `AUTHARA_REFRESH_TOKEN_TTL_DAYS`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_SESSION_TTL_DAYS",
        group: Group::Sessions,
        kind: number(1, 3650, "days"),
        default: Default::Is("60"),
        help: "A session's end, however much it is used.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_REFRESH_TOKEN_TTL_DAYS",
        group: Group::Sessions,
        kind: number(1, 3650, "days"),
        default: Default::Is("14"),
        help: "A session's end when it is not used. At most `AUTHARA_SESSION_TTL_DAYS`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL",
        group: Group::Sessions,
        kind: Kind::Text("always, off, or a duration"),
        default: Default::Is("always"),
        help: "When a refresh token is replaced: at every use, never, or at the first use once it is that old. The idle limit counts from the last use either way.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAX_SESSIONS_PER_USER",
        group: Group::Sessions,
        kind: number(1, 100_000, "sessions"),
        default: Default::Is("100"),
        help: "Sessions kept of one account, ended ones included. One more deletes the oldest.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_STEP_UP_MAX_AGE",
        group: Group::Sessions,
        kind: Kind::Duration { from: 60, to: 86400 },
        default: Default::Is("10m"),
        help: "How recent a sign-in must be for a critical change.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_ORG_MODE",
        group: Group::Behaviour,
        kind: Kind::OneOf(&["personal", "single", "multi"]),
        default: Default::Is("single"),
        help: "How organizations are used; cannot be changed once a database has been started with it.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_SIGNUP_MODE",
        group: Group::Behaviour,
        kind: Kind::OneOf(&["open", "invitation", "approval", "closed"]),
        default: Default::Is("open"),
        help: "Who may open an account: everybody, people with an invitation (nobody can send one yet), everybody but each account waits for \
               `authara user approve`, or nobody. \
               `authara user add` opens one in any case.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED",
        group: Group::Behaviour,
        default: Default::Is("false"),
        help: "Whether only those accounts may be opened and used whose address, or its domain, was added with `authara allow add`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_DISPOSABLE_DOMAINS_FILE",
        group: Group::Behaviour,
        kind: Kind::Text("path"),
        help: "A file of domains whose addresses nobody may choose for an account: one a line, `#` begins a comment, \
               domains below one count too. Read at the start and on SIGHUP.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_DEFAULT_RETURN_TO",
        group: Group::Behaviour,
        kind: Kind::Text("path"),
        default: Default::Is("/"),
        help: "Where a browser goes after sign-in when it did not say.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_COOKIE_PREFIX",
        group: Group::Behaviour,
        kind: Kind::OneOf(&["__Host-"]),
        help: "Prefix of cookie names. Needs an https public URL; the older SDKs know only names without it.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_JSON_TOKENS",
        group: Group::Behaviour,
        kind: Kind::OneOf(&["non-browser", "always"]),
        default: Default::Is("non-browser"),
        help: "Who gets tokens in JSON answers; browsers have them in cookies.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_ADMIN_AUDIT_RETENTION_DAYS",
        group: Group::Behaviour,
        kind: number(1, 36_500, "days"),
        default: Default::Is("180"),
        help: "How long audit lines are kept.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_USERNAME_LOGIN_ENABLED",
        group: Group::Behaviour,
        default: Default::Is("false"),
        help: "Whether people may sign in with their username in place of their address.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EXPOSE_VERSION",
        group: Group::Behaviour,
        default: Default::Is("false"),
        help: "Whether `GET /auth/version` answers.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CHALLENGE_ENABLED",
        group: Group::Mail,
        default: Default::Depends("true where mail is sent, but in dev"),
        help: "Whether an account is opened only once a code was entered that was mailed to its address.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_VERIFICATION_REQUIRED",
        group: Group::Mail,
        default: Default::Is("false"),
        help: "Whether people must prove their address before they go on. Accounts opened without a proof from then on are deleted after 7 days.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_LOGIN_CODE_ENABLED",
        group: Group::Mail,
        default: Default::Is("false"),
        help: "Whether people may sign in with a code that is mailed to the address of their account.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CHALLENGE_TTL",
        group: Group::Mail,
        kind: Kind::Duration { from: 300, to: 86_400 },
        default: Default::Is("30m"),
        help: "How long somebody may take from asking for a code to entering one.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CHALLENGE_VERIFICATION_CODE_TTL",
        group: Group::Mail,
        kind: Kind::Duration { from: 60, to: 3600 },
        default: Default::Is("10m"),
        help: "How long a code can be used.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CHALLENGE_MAX_ATTEMPTS",
        group: Group::Mail,
        kind: number(1, 20, "attempts"),
        default: Default::Is("5"),
        help: "Wrong codes before another attempt must be begun.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CHALLENGE_MAX_RESENDS",
        group: Group::Mail,
        kind: number(0, 10, "codes"),
        default: Default::Is("3"),
        help: "Further codes in one attempt.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CHALLENGE_MIN_RESEND_INTERVAL",
        group: Group::Mail,
        kind: Kind::Duration { from: 0, to: 900 },
        default: Default::Is("30s"),
        help: "The least time from one code to the next.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_FROM",
        group: Group::Mail,
        kind: Kind::Text("address, or name and address"),
        required: "with any way to send mail",
        help: "The sender of every letter: `login@example.com`, or `Example <login@example.com>`. Without a name it is that of the site.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_REPLY_TO",
        group: Group::Mail,
        kind: Kind::Text("address"),
        help: "Where answers go, if not to the sender.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_PROVIDER",
        group: Group::Mail,
        kind: Kind::OneOf(&["smtp", "noop"]),
        help: "`noop` sends no letters, whatever else is set. Otherwise a way to send is chosen by setting it: a mail server, a mail service, a program, or a folder.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_SMTP_HOST",
        group: Group::Mail,
        kind: Kind::Text("host"),
        help: "The mail server.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_SMTP_PORT",
        group: Group::Mail,
        kind: number(1, 65_535, ""),
        default: Default::Is("587"),
        help: "Its port: 587, or 465 where TLS comes first.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_SMTP_TLS",
        group: Group::Mail,
        kind: Kind::Text("starttls, implicit or none"),
        default: Default::Is("true"),
        help: "`starttls` refuses to go on without TLS; `implicit` begins with it; `none` is only for a server on this machine. `true` is `implicit` on port 465 and `starttls` on every other.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_SMTP_USERNAME",
        group: Group::Mail,
        kind: Kind::Text("text"),
        help: "The name at the mail server.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_SMTP_PASSWORD",
        group: Group::Mail,
        kind: Kind::Text("text"),
        is_secret: true,
        help: "The password at the mail server.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_SMTP_CA_FILE",
        group: Group::Mail,
        kind: Kind::Text("path"),
        help: "Certificates in PEM form to trust in place of the public authorities, for a mail server with one of a company's own.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAIL_PRESET",
        group: Group::Mail,
        kind: Kind::Text("resend, postmark, ses, mailgun or brevo"),
        help: "A mail service that takes letters over HTTP, for machines whose ports for mail are closed.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAIL_URL",
        group: Group::Mail,
        kind: Kind::Text("URL"),
        default: Default::Depends("that of the service"),
        help: "Where the mail service takes letters. Needed for `mailgun` and `ses`, whose addresses hold a domain or a region, and for a template of your own.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAIL_KEY",
        group: Group::Mail,
        kind: Kind::Text("text"),
        is_secret: true,
        help: "The key at the mail service; for `ses` the id of the key and its secret, with a colon between.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAIL_TEMPLATE_FILE",
        group: Group::Mail,
        kind: Kind::Text("path"),
        help: "JSON that a mail service without a preset wants, with `{from}`, `{to}`, `{subject}`, `{text}` and `{html}` in its texts; the key is sent as `Authorization: Bearer`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAIL_COMMAND",
        group: Group::Mail,
        kind: Kind::Text("program and arguments"),
        help: "A program that reads a letter from its standard input and sends it, as in `/usr/sbin/sendmail -t -i`. `{to}` stands for the recipient.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAIL_DIR",
        group: Group::Mail,
        kind: Kind::Text("path"),
        help: "A folder for letters as files, one `.eml` each, which another program sends.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_TIMEOUT",
        group: Group::Mail,
        kind: Kind::Duration { from: 1, to: 300 },
        default: Default::Is("30s"),
        help: "How long sending one letter may take in all.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_WORKER_COUNT",
        group: Group::Mail,
        kind: number(1, 16, ""),
        default: Default::Is("2"),
        help: "Letters that are sent at once.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_EMAIL_CLEANUP_SENT_AFTER",
        group: Group::Mail,
        kind: Kind::Duration {
            from: 3600,
            to: 31_536_000,
        },
        default: Default::Is("720h"),
        help: "How long the recipient of a letter and the answer of the mail server are kept. What a letter said is not kept.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_PRODUCT_NAME",
        group: Group::Brand,
        kind: Kind::Text("text"),
        default: Default::Depends("the host of PUBLIC_URL"),
        help: "What people call this site: in titles, in the head of every page and in headings. At most 60 characters.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_LOGO_FILE",
        group: Group::Brand,
        kind: Kind::Text("path"),
        help: "SVG, PNG, WebP or JPEG of at most 512 KiB, shown in place of the name.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_FAVICON_FILE",
        group: Group::Brand,
        kind: Kind::Text("path"),
        help: "SVG, PNG or ICO of at most 128 KiB, shown in the browser's tab.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_ACCENT_COLOR",
        group: Group::Brand,
        kind: Kind::Text("#rgb or #rrggbb"),
        help: "Colour of buttons. Links, light and dark pages get shades of it that can be read.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_TERMS_URL",
        group: Group::Brand,
        kind: Kind::Text("URL or path"),
        help: "The terms of use, linked from every page.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_PRIVACY_URL",
        group: Group::Brand,
        kind: Kind::Text("URL or path"),
        help: "The privacy notice, linked from every page.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_IMPRINT_URL",
        group: Group::Brand,
        kind: Kind::Text("URL or path"),
        help: "Who is behind this site, linked from every page.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_SUPPORT",
        group: Group::Brand,
        kind: Kind::Text("e-mail address, URL or path"),
        help: "Whom people can ask for help, linked from every page and named when something breaks.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_CUSTOM_CSS_FILE",
        group: Group::Brand,
        kind: Kind::Text("path"),
        help: "Rules added to the style sheet, at most 256 KiB.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_LANGUAGES",
        group: Group::Brand,
        kind: Kind::Text("tags, comma-separated"),
        default: Default::Depends("en, de, fr, es, pt-BR, zh-Hans, and those of AUTHARA_MESSAGES_DIR"),
        help: "Languages that pages are offered in. The first is for browsers that ask for none of them.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MESSAGES_DIR",
        group: Group::Brand,
        kind: Kind::Text("path"),
        help: "Folder of message files such as `de.json`, whose messages replace the built-in ones or add a language.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_HASH_COST",
        group: Group::Limits,
        kind: number(15, 20, ""),
        default: Default::Is("15"),
        help: "Cost of password hashes, as power of two: 15 takes 32 MiB a hash, each step up doubles memory and time.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_HASH_THREADS",
        group: Group::Limits,
        kind: number(1, 64, "threads"),
        default: Default::Depends("number of cores"),
        help: "Password hashes that are computed at once.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_HASH_QUEUE",
        group: Group::Limits,
        kind: number(1, 100_000, "hashes"),
        default: Default::Depends("16 × AUTHARA_HASH_THREADS"),
        help: "Password hashes that may wait; more get 503 with `Retry-After`.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_HEADER_TIMEOUT",
        group: Group::Limits,
        kind: Kind::Duration { from: 1, to: 3600 },
        default: Default::Is("30s"),
        help: "Time for a request's header, and for a kept-alive connection to be idle.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_BODY_TIMEOUT",
        group: Group::Limits,
        kind: Kind::Duration { from: 1, to: 3600 },
        default: Default::Is("15s"),
        help: "Time for a request's body.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_REQUEST_TIMEOUT",
        group: Group::Limits,
        kind: Kind::Duration { from: 1, to: 3600 },
        default: Default::Is("30s"),
        help: "Time for everything else of a request.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAX_CONNECTIONS",
        group: Group::Limits,
        kind: number(1, 1_000_000, "connections"),
        default: Default::Is("4096"),
        help: "Connections at once, and requests in work at once.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_MAX_CONNECTIONS_PER_ADDRESS",
        group: Group::Limits,
        kind: number(1, 1_000_000, "connections"),
        default: Default::Is("256"),
        help: "The same from one address that is no trusted proxy.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_SHUTDOWN_TIMEOUT",
        group: Group::Limits,
        kind: Kind::Duration { from: 1, to: 3600 },
        default: Default::Is("10s"),
        help: "Time for requests in flight after SIGTERM.",
        ..PLAIN
    },
    Var {
        name: "AUTHARA_RATE_LIMIT_MAX_ENTRIES",
        group: Group::Limits,
        kind: number(1, 10_000_000, "counters"),
        default: Default::Is("50000"),
        help: "Counters kept in memory, about 130 bytes each. When they are all in use, newcomers share a few.",
        ..PLAIN
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_listed_once_under_its_heading_and_explained() {
        for (at, var) in VARS.iter().enumerate() {
            assert!(
                !VARS[..at].iter().any(|other| other.name == var.name),
                "{} twice",
                var.name
            );
            assert!(var.help.ends_with('.'), "{}", var.name);
        }
        let groups: Vec<usize> = VARS
            .iter()
            .map(|var| {
                Group::ALL
                    .iter()
                    .position(|group| *group == var.group)
                    .expect("a group")
            })
            .collect();
        assert!(groups.is_sorted(), "settings of one group stand together");
    }
}
