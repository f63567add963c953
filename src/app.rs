//! Floor 3: everything a flow may touch, built once.

use std::sync::{Arc, RwLock};

use crate::config::Config;
use crate::crypto::derive::Key;
use crate::crypto::keys::KeySet;
use crate::crypto::password::Hasher;
use crate::crypto::stamp::Stamp;
use crate::domain::{Clock, Timestamp};
use crate::storage::Store;

/// The running program, shared by all requests.
pub struct App {
    /// The settings.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// The clock.
    pub clock: Arc<dyn Clock>,
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
    /// The keys of access tokens, replaced when they change.
    pub(crate) keys: RwLock<Arc<KeySet>>,
}

impl App {
    /// The present.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The keys of access tokens as they are now.
    pub fn keys(&self) -> Arc<KeySet> {
        self.keys
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }
}
