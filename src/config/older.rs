//! Names that are not settings of this version: typing errors, and settings of the older server.

use crate::config::vars::VARS;

/// What a value of a name means here that is no setting of this version.
pub(super) struct Older {
    /// A name, or the start of several with `*` at the end.
    pattern: &'static str,
    /// When it can be passed over.
    harmless: Harmless,
    /// Why it has no effect: what this server does instead.
    about: &'static str,
}

enum Harmless {
    /// Nothing is lost.
    Always,
    /// With one of these values, which ask for what is so anyway.
    If(&'static [&'static str]),
    /// Somebody counts on it.
    Never,
}

const OFF: Harmless = Harmless::If(&["0", "f", "F", "false", "FALSE", "False"]);
const ON: Harmless = Harmless::If(&["1", "t", "T", "true", "TRUE", "True"]);

const OUTBOX: &str = "sees to its outbox by itself";
const NO_WEBHOOKS: &str = "has no webhooks yet";
const NO_PROVIDERS: &str = "has no sign-in through providers yet";
const NO_PASSKEYS: &str = "has no passkeys yet";
const BY_ITSELF: &str = "renews connections by itself";
const SDK: &str = "leaves it to the SDKs";

/// Names of the older server under which a setting of this version is taken as well.
pub(super) const RENAMED: &[(&str, &str)] = &[
    ("AUTHARA_APP_NAME", "AUTHARA_PRODUCT_NAME"),
    ("AUTHARA_TRUSTED_PROXY_CIDRS", "AUTHARA_TRUSTED_PROXIES"),
    ("AUTHARA_RECENT_AUTHENTICATION_WINDOW", "AUTHARA_STEP_UP_MAX_AGE"),
    ("AUTHARA_EMAIL_SMTP_TIMEOUT", "AUTHARA_EMAIL_TIMEOUT"),
    ("POSTGRESQL_SSL_MODE", "POSTGRESQL_SSLMODE"),
    ("POSTGRESQL_SSL_ROOT_CERT", "POSTGRESQL_SSLROOTCERT"),
];

/// The first pattern that fits counts. What switches something on is named whole: a pattern would pass over
/// the switches of a later version as well.
const OLDER: &[Older] = &[
    older("AUTHARA_CACHE_PROVIDER", Harmless::Always, "needs no cache"),
    older("AUTHARA_REDIS_*", Harmless::Always, "needs no Redis"),
    older(
        "AUTHARA_ACCESS_TOKEN_REVOCATION_MODE",
        Harmless::Always,
        "ends sessions at once in any case",
    ),
    older(
        "AUTHARA_DB_MAX_IDLE_CONNS",
        Harmless::Always,
        "keeps idle connections by itself",
    ),
    older("AUTHARA_DB_CONN_MAX_LIFETIME", Harmless::Always, BY_ITSELF),
    older("AUTHARA_DB_CONN_MAX_IDLE_TIME", Harmless::Always, BY_ITSELF),
    older("POSTGRESQL_TIMEZONE", Harmless::Always, "keeps all times in UTC"),
    older("POSTGRESQL_LOG_SQL", Harmless::Always, "never logs statements"),
    older(
        "AUTHARA_METRICS_ENABLED",
        OFF,
        "serves metrics where AUTHARA_METRICS_LISTEN says",
    ),
    older(
        "AUTHARA_PASSWORD_MIN_LENGTH",
        Harmless::If(&["8"]),
        "asks for 8 characters",
    ),
    older(
        "AUTHARA_RECENT_AUTHENTICATION_ENABLED",
        ON,
        "always asks for a recent proof where it matters",
    ),
    older("AUTHARA_EMAIL_WORKER_POLL_INTERVAL", Harmless::Always, OUTBOX),
    older(
        "AUTHARA_EMAIL_JOB_MAX_ATTEMPTS",
        Harmless::Always,
        "tries to send a letter until it is of no use any more",
    ),
    older("AUTHARA_EMAIL_PROCESSING_STALE_AFTER", Harmless::Always, OUTBOX),
    older("AUTHARA_EMAIL_STALE_REAPER_INTERVAL", Harmless::Always, OUTBOX),
    older("AUTHARA_EMAIL_MAINTENANCE_BATCH_SIZE", Harmless::Always, OUTBOX),
    older(
        "AUTHARA_EMAIL_CLEANUP_FAILED_AFTER",
        Harmless::Always,
        "keeps all letters as long as AUTHARA_EMAIL_CLEANUP_SENT_AFTER says",
    ),
    older("AUTHARA_EMAIL_CLEANUP_INTERVAL", Harmless::Always, "cleans up hourly"),
    older("AUTHARA_WEBHOOK_URL", Harmless::Never, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_SECRET", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_ENABLED_EVENTS", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_TIMEOUT", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_MAX_DELIVERY_ATTEMPTS", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_PROCESSING_STALE_AFTER", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_DELIVERED_RETENTION", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_FAILED_RETENTION", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_MAINTENANCE_BATCH_SIZE", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_WORKER_COUNT", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_STALE_REAPER_INTERVAL", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_WEBHOOK_CLEANUP_INTERVAL", Harmless::Always, NO_WEBHOOKS),
    older("AUTHARA_OAUTH_PROVIDERS", Harmless::Never, NO_PROVIDERS),
    older("AUTHARA_OAUTH_GOOGLE_CLIENT_ID", Harmless::Always, NO_PROVIDERS),
    older("AUTHARA_OAUTH_APPLE_*", Harmless::Always, NO_PROVIDERS),
    older("AUTHARA_PASSKEY_CLONE_RESPONSE", Harmless::Always, NO_PASSKEYS),
    older("AUTHARA_PASSKEY_CLONE_NOTIFY_USER", Harmless::Always, NO_PASSKEYS),
    older(
        "AUTHARA_RATE_LIMIT_CLEANUP_EVERY",
        Harmless::Always,
        "drops counters when their time is over",
    ),
    older("AUTHARA_RATE_LIMIT_PASSKEY_LOGIN_*", Harmless::Always, NO_PASSKEYS),
    older("AUTHARA_INTERNAL_API_TOKEN", Harmless::Never, "has no internal API yet"),
    older(
        "AUTHARA_PUBLIC_ORGANIZATION_MANAGEMENT_ENABLED",
        OFF,
        "has no routes to manage organizations yet",
    ),
    older(
        "AUTHARA_ORGANIZATION_INVITATION_TTL",
        Harmless::Always,
        "has no invitations yet",
    ),
    older(
        "AUTHARA_INVITATION_EMAIL_INCLUDE_CODE",
        Harmless::Always,
        "has no invitations yet",
    ),
    older("AUTHARA_SESSION_CLEANUP_INTERVAL", Harmless::Always, "cleans up hourly"),
    older(
        "AUTHARA_ADMIN_AUDIT_CLEANUP_INTERVAL",
        Harmless::Always,
        "cleans up hourly",
    ),
    older(
        "AUTHARA_OPERATOR_AUDIT_RETENTION_DAYS",
        Harmless::Always,
        "keeps one audit, as long as AUTHARA_ADMIN_AUDIT_RETENTION_DAYS says",
    ),
    older(
        "AUTHARA_SECURITY_EVENT_*",
        Harmless::Always,
        "keeps one audit of all events, as long as AUTHARA_ADMIN_AUDIT_RETENTION_DAYS says",
    ),
    older("AUTHARA_AUDIENCE", Harmless::Always, SDK),
    older("AUTHARA_ISSUER", Harmless::Always, SDK),
    older("AUTHARA_BASE_URL", Harmless::Always, SDK),
];

const fn older(pattern: &'static str, harmless: Harmless, about: &'static str) -> Older {
    Older {
        pattern,
        harmless,
        about,
    }
}

impl Older {
    /// Finds what is known of a name.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        OLDER.iter().find(|older| match older.pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == older.pattern,
        })
    }

    /// Whether passing the value over misleads nobody.
    pub(super) fn is_harmless(&self, value: &str) -> bool {
        match self.harmless {
            Harmless::Always => true,
            Harmless::If(values) => values.contains(&value),
            Harmless::Never => false,
        }
    }

    /// Why it has no effect.
    pub(super) fn words(&self) -> String {
        let about = self.about;
        format!("is a setting of the older server that this version does not have: it {about}")
    }
}

/// The words for a name that nobody knows.
pub(super) fn unknown(name: &str) -> String {
    let files = VARS
        .iter()
        .filter(|var| var.is_secret)
        .map(|var| format!("{}_FILE", var.name));
    let known = VARS.iter().map(|var| var.name.to_owned()).chain(files);
    // Of another length altogether, it is not near: a name without end costs nothing then.
    let nearest = known
        .filter(|known| known.len().abs_diff(name.len()) <= name.len() / 3)
        .map(|known| (distance(name, &known), known))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, known)) if distance <= name.len() / 3 => {
            format!("is not a setting; did you mean {known}?")
        }
        _ => "is not a setting; see: authara config list".to_owned(),
    }
}

/// How many letters must be added, dropped, changed or swapped with their neighbour.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut rows = vec![vec![0; other.len() + 1]; one.len() + 1];
    for i in 0..=one.len() {
        for j in 0..=other.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let change = usize::from(one[i - 1] != other[j - 1]);
                let mut best = (rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1)
                    .min(rows[i - 1][j - 1] + change);
                if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                    best = best.min(rows[i - 2][j - 2] + 1);
                }
                best
            };
        }
    }
    rows[one.len()][other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::vars;

    #[test]
    fn the_nearest_name_is_offered_if_one_is_near() {
        assert_eq!(
            unknown("AUTHARA_SECRTE_KEY"),
            "is not a setting; did you mean AUTHARA_SECRET_KEY?"
        );
        assert_eq!(
            unknown("AUTHARA_SECRET_KEYFILE"),
            "is not a setting; did you mean AUTHARA_SECRET_KEY_FILE?"
        );
        assert_eq!(
            unknown("AUTHARA_SOMETHING_ALTOGETHER_DIFFERENT"),
            "is not a setting; see: authara config list"
        );
    }

    #[test]
    fn a_swap_of_neighbours_is_one_step() {
        assert_eq!(distance("abcd", "abdc"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn no_setting_of_this_version_is_taken_for_an_older_one() {
        for var in vars::VARS {
            assert!(Older::find(var.name).is_none(), "{}", var.name);
        }
        for (older, name) in RENAMED {
            assert!(vars::find(older).is_none() && vars::find(name).is_some(), "{older}");
            assert!(Older::find(older).is_none(), "{older}");
        }
    }
}
