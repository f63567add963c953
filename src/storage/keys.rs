//! Signing keys, private halves sealed.

use crate::domain::Timestamp;
use crate::domain::signing_key::SigningKey;
use crate::storage::{Conn, Result};

/// See [`Conn::keys`].
pub struct Keys<'c>(pub(super) &'c mut Conn);

impl Keys<'_> {
    /// Every key, oldest first.
    pub async fn all(self) -> Result<Vec<SigningKey>> {
        todo!()
    }

    /// Adds a key; `false` if its id is taken.
    pub async fn add(self, _key: &SigningKey) -> Result<bool> {
        todo!()
    }

    /// Adds the very first key; `false` if there is one, whoever else tries at the same time.
    pub async fn add_first(self, _key: &SigningKey) -> Result<bool> {
        todo!()
    }

    /// Sets the end of every key that has none yet but `except`; returns how many.
    pub async fn retire_others(self, _except: &str, _at: Timestamp) -> Result<u64> {
        todo!()
    }
}
