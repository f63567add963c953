//! How long sessions last and refresh tokens live, and the password hashing pool.

use std::num::NonZero;
use std::time::Duration;

use crate::config::reader::Reader;
use crate::config::text;
use crate::domain::session::Rotation;

/// Sessions and refresh tokens.
#[derive(Debug, Clone, Copy)]
pub struct Sessions {
    /// `AUTHARA_SESSION_TTL_DAYS`.
    pub ttl: Duration,
    /// `AUTHARA_REFRESH_TOKEN_TTL_DAYS`: the idle limit.
    pub idle: Duration,
    /// `AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL`.
    pub rotation: Rotation,
    /// `AUTHARA_MAX_SESSIONS_PER_USER`: rows of one account, live or not.
    pub most_per_user: u32,
}

const DAY: Duration = Duration::from_hours(24);

impl Sessions {
    /// `token_ttl` is the life of an access token, which must be the shortest of all.
    pub(super) fn read(reader: &mut Reader<'_>, token_ttl: Option<Duration>) -> Option<Self> {
        let mut days = |name| {
            let days = reader.number(name).and_then(|days| u32::try_from(days).ok());
            days.map(|days| DAY * days)
        };
        let ttl = days("AUTHARA_SESSION_TTL_DAYS");
        let idle = days("AUTHARA_REFRESH_TOKEN_TTL_DAYS");
        let rotation = reader.parse("AUTHARA_REFRESH_TOKEN_ROTATION_INTERVAL", rotation);
        let most_per_user = reader.count("AUTHARA_MAX_SESSIONS_PER_USER");
        let (ttl, idle) = (ttl?, idle?);
        if idle > ttl {
            reader.problem(
                "AUTHARA_REFRESH_TOKEN_TTL_DAYS",
                format!(
                    "must be at most AUTHARA_SESSION_TTL_DAYS, which is {}",
                    ttl.as_secs() / DAY.as_secs()
                ),
            );
        }
        if token_ttl.is_some_and(|token_ttl| token_ttl >= idle) {
            reader.problem(
                "AUTHARA_ACCESS_TOKEN_TTL_MINUTES",
                "must be shorter than AUTHARA_REFRESH_TOKEN_TTL_DAYS",
            );
        }
        Some(Self {
            ttl,
            idle,
            rotation: rotation?,
            most_per_user: u32::try_from(most_per_user?).ok()?,
        })
    }
}

fn rotation(text: &str) -> Result<Rotation, String> {
    match text {
        "always" => Ok(Rotation::Always),
        "0" | "disabled" | "off" => Ok(Rotation::Never),
        _ => text::duration(text)
            .filter(|age| *age >= Duration::from_secs(1))
            .map(Rotation::After)
            .ok_or_else(|| "must be always, off, or a duration of at least 1s such as 24h".to_owned()),
    }
}

/// The password hashing pool.
#[derive(Debug, Clone, Copy)]
pub struct Hashing {
    /// `AUTHARA_HASH_COST`: binary logarithm of scrypt's N, 15 to 20.
    pub log_n: u8,
    /// `AUTHARA_HASH_THREADS`.
    pub threads: usize,
    /// `AUTHARA_HASH_QUEUE`.
    pub queue: usize,
    /// How long a caller waits until their hash is begun.
    pub patience: Duration,
}

impl Hashing {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let log_n = reader
            .number("AUTHARA_HASH_COST")
            .and_then(|cost| u8::try_from(cost).ok());
        let threads = if reader.is_set("AUTHARA_HASH_THREADS") {
            reader.count("AUTHARA_HASH_THREADS")
        } else {
            let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
            Some(cores.min(64))
        };
        let queue = if reader.is_set("AUTHARA_HASH_QUEUE") {
            reader.count("AUTHARA_HASH_QUEUE")
        } else {
            threads.map(|threads| threads * 16)
        };
        Some(Self {
            log_n: log_n?,
            threads: threads?,
            queue: queue?,
            patience: Duration::from_secs(10),
        })
    }
}
