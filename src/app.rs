//! Floor 3: everything a flow may touch, built once.

pub mod hourly;
pub mod jumps;
pub mod mail;
pub mod pulse;

use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use hourly::Hourly;
use jumps::Jumps;
use pulse::Pulse;

use crate::config::{Config, Database, Tls};
use crate::crypto::derive::{Key, Purpose, RootSecret};
use crate::crypto::keys::{self, BadKeys, KeySet};
use crate::crypto::password::{Hasher, PoolSize};
use crate::crypto::phc::Cost;
use crate::crypto::random;
use crate::crypto::recall::Recall;
use crate::crypto::stamp::Stamp;
use crate::domain::device::Device;
use crate::domain::key_text::{self, BadRootSecret};
use crate::domain::{Clock, Domains, Secret, Timestamp};
use crate::limits::Limiter;
use crate::metrics::Metrics;
use crate::outside::mail::Mailer;
use crate::storage::{self, PostgresTarget, Store, Target, about, migrate};

/// The running program, shared by all requests.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Whether it was set.
    pub jumps: Jumps,
    /// What the log was told in the last hour.
    pub hourly: Hourly,
    /// The password hashing pool.
    pub hasher: Hasher,
    /// Derives refresh tokens' successors.
    pub refresh_key: Key,
    /// Seals signing keys.
    pub seal_key: Key,
    /// Makes and recognises CSRF values.
    pub csrf: Stamp,
    /// Signs the one-time notice cookie.
    pub flash: Stamp,
    /// Signs the cookie by which a browser is known again.
    pub device: Stamp,
    /// Hashes the codes that are mailed.
    pub code_key: Key,
    /// Seals what is needed once a code was entered.
    pub challenge_key: Key,
    /// Signs the cookie of an attempt to get in that needs more than one step.
    pub entry: Stamp,
    /// Seals what queued letters say.
    pub letter_key: Key,
    /// Sends letters; `None` where none are sent.
    pub mailer: Option<Mailer>,
    /// Names accounts in the budgets that the database keeps.
    pub limit_key: Key,
    /// Access tokens whose signature has been checked before.
    pub recall: Recall,
    /// Limits that this instance keeps in memory.
    pub limiter: Limiter,
    /// How the workers are.
    pub pulse: Arc<Pulse>,
    /// What the program counts of itself.
    pub metrics: Metrics,
    keys: RwLock<Arc<KeySet>>,
    disposable: RwLock<Arc<Domains>>,
}

/// Why the program cannot be built; the text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The root secret cannot be used.
    #[error("AUTHARA_SECRET_KEY {0}")]
    RootSecret(#[from] BadRootSecret),
    /// The database cannot be used.
    #[error(transparent)]
    Storage(#[from] storage::Error),
    /// The signing keys cannot be used.
    #[error("{0}")]
    Keys(#[from] BadKeys),
    /// The settings of mail cannot be used.
    #[error("{0}")]
    Mail(#[from] mail::BadMail),
    /// The settings ask for another organization mode than the database was started with.
    #[error("AUTHARA_ORG_MODE is {asked}, but this database was started with {recorded}; the mode cannot be changed")]
    OrganizationMode {
        /// What the settings say.
        asked: &'static str,
        /// What the database says.
        recorded: &'static str,
    },
}

impl App {
    /// Opens the database, which must be migrated, and makes what is made once in its life: the
    /// first signing key, and the record of the organization mode.
    pub async fn build(config: Config, clock: Arc<dyn Clock>) -> Result<Arc<Self>, BuildError> {
        let cost = Cost {
            log_n: config.hashing.log_n,
            ..Cost::DEFAULT
        };
        Self::build_with_cost(config, clock, cost).await
    }

    /// The same with another hashing cost; tests use a cheap one.
    pub async fn build_with_cost(config: Config, clock: Arc<dyn Clock>, cost: Cost) -> Result<Arc<Self>, BuildError> {
        let root = RootSecret::parse(&config.secret_key)?;
        let store = Store::open(&target(&config.database)).await?;
        about::check_encoding(&store).await?;
        migrate::check(&store).await?;
        settle_mode(&store, &config, clock.now()).await?;

        let seal_key = root.key(Purpose::SigningKeys);
        let keys = load_keys(&store, &config, &seal_key, clock.now()).await?;
        let size = PoolSize {
            threads: config.hashing.threads,
            queue: config.hashing.queue,
            patience: config.hashing.patience,
        };

        Ok(Arc::new(Self {
            hasher: Hasher::start(cost, size),
            refresh_key: root.key(Purpose::RefreshSuccessor),
            csrf: Stamp::new(root.key(Purpose::Csrf)),
            flash: Stamp::new(root.key(Purpose::Flash)),
            device: Stamp::new(root.key(Purpose::Device)),
            code_key: root.key(Purpose::Codes),
            challenge_key: root.key(Purpose::Challenges),
            entry: Stamp::new(root.key(Purpose::Entry)),
            letter_key: root.key(Purpose::Letters),
            mailer: mail::mailer(&config)?,
            limit_key: root.key(Purpose::Limits),
            recall: Recall::default(),
            limiter: Limiter::new(config.limits.max_entries),
            jumps: Jumps::default(),
            hourly: Hourly::default(),
            pulse: Arc::new(Pulse::new(clock.clone())),
            metrics: Metrics::new(clock.now()),
            keys: RwLock::new(Arc::new(keys)),
            disposable: RwLock::new(config.accounts.disposable.clone()),
            seal_key,
            config,
            store,
            clock,
        }))
    }

    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A fresh id, ordered by time; for naming things, never as a secret.
    pub fn fresh_id(&self) -> Uuid {
        random::id(self.now())
    }

    /// A browser that nobody has been signed in to with.
    pub fn new_device(&self) -> Device {
        Device::new(u128::from_be_bytes(random::bytes()))
    }

    /// The keys of access tokens as they are now.
    pub fn keys(&self) -> Arc<KeySet> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The domains whose addresses nobody may choose, as they are now.
    pub fn disposable(&self) -> Arc<Domains> {
        self.disposable.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts in force what may change under a running program.
    pub fn renew(&self, config: &Config) {
        *self.disposable.write().unwrap_or_else(PoisonError::into_inner) = config.accounts.disposable.clone();
    }

    /// Puts another key set in force for every request from now on.
    pub fn replace_keys(&self, keys: KeySet) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }
}

/// The database that the settings name, in storage's words.
pub fn target(database: &Database) -> Target {
    match database {
        Database::Sqlite { path } => Target::Sqlite(path.clone()),
        Database::Postgres(postgres) => Target::Postgres(Box::new(PostgresTarget {
            servers: postgres.servers.clone(),
            database: postgres.database.clone(),
            username: postgres.username.clone(),
            password: postgres.password.clone(),
            schema: postgres.schema.clone(),
            verify_tls: postgres.tls == Tls::VerifyFull,
            root_certificates: postgres.root_certificates.clone(),
            max_connections: postgres.max_connections,
            behind_pooler: postgres.behind_pooler,
        })),
    }
}

async fn settle_mode(store: &Store, config: &Config, now: Timestamp) -> Result<(), BuildError> {
    let asked = config.organization_mode;
    let recorded = store.read().await?.organizations().mode().await?;
    let recorded = match recorded {
        Some(mode) => mode,
        None => {
            store
                .write(async |tx| -> storage::Result<_> { tx.organizations().settle_mode(asked, now).await })
                .await?
        }
    };
    if recorded == asked {
        Ok(())
    } else {
        Err(BuildError::OrganizationMode {
            asked: asked.name(),
            recorded: recorded.name(),
        })
    }
}

async fn load_keys(store: &Store, config: &Config, seal: &Key, now: Timestamp) -> Result<KeySet, BuildError> {
    if let Some(keys) = keys_from_settings(config)? {
        return Ok(keys);
    }
    let mut stored = store.read().await?.keys().all().await?;
    if stored.is_empty() {
        let first = keys::generate(config.tokens.algorithm, seal, now, now);
        store
            .write(async |tx| -> storage::Result<()> {
                tx.keys().lock().await?;
                if tx.keys().all().await?.is_empty() {
                    tx.keys().add(&first).await?;
                }
                Ok(())
            })
            .await?;
        stored = store.read().await?.keys().all().await?;
    }
    Ok(KeySet::from_database(&stored, config.tokens.algorithm, seal, now)?)
}

/// The keys of `AUTHARA_JWT_KEYS`; `None` when they are in the database. An error names one that cannot be used.
pub fn keys_from_settings(config: &Config) -> Result<Option<KeySet>, BadKeys> {
    let tokens = &config.tokens;
    if tokens.keys.is_empty() {
        return Ok(None);
    }
    let decode = |(id, text): &(String, Secret)| {
        // What the settings let through decodes; anything else is refused below for its length.
        let bytes = key_text::decode(text).map(|bytes| bytes.to_vec());
        (id.clone(), bytes.unwrap_or_default())
    };
    let keys: Vec<_> = tokens.keys.iter().map(decode).collect();
    KeySet::from_settings(tokens.algorithm, &keys, &tokens.active_key_id).map(Some)
}
