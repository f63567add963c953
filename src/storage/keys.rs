//! Signing keys, private halves sealed.

use crate::domain::Timestamp;
use crate::domain::signing_key::SigningKey;
use crate::storage::row::Row;
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::keys`].
pub struct Keys<'c>(pub(super) &'c mut Conn);

/// The columns of a key.
macro_rules! columns {
    () => {
        "id, public, sealed, created_at, active_from, retired_at"
    };
}

/// Reads [`columns!`].
fn read(row: &mut Row) -> Result<SigningKey> {
    Ok(SigningKey {
        id: row.next("signing_keys.id")?,
        public: row.next("signing_keys.public")?,
        sealed: row.next("signing_keys.sealed")?,
        created_at: row.next("signing_keys.created_at")?,
        active_from: row.next("signing_keys.active_from")?,
        retired_at: row.next("signing_keys.retired_at")?,
    })
}

impl Keys<'_> {
    /// Every key, oldest first.
    pub async fn all(self) -> Result<Vec<SigningKey>> {
        let sql = concat!("SELECT ", columns!(), " FROM signing_keys ORDER BY created_at, id");
        self.0.list(sql, args![], read).await
    }

    /// Adds a key; `false` if its id is taken.
    pub async fn add(self, key: &SigningKey) -> Result<bool> {
        let sql = concat!(
            "INSERT INTO signing_keys (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING"
        );
        let args = args![
            &key.id,
            &key.public,
            &key.sealed,
            key.created_at,
            key.active_from,
            key.retired_at,
        ];
        Ok(self.0.execute(sql, args).await? == 1)
    }

    /// Holds back everybody else who asks for this lock before they add a key until this transaction has ended, so that two
    /// instances that start together do not both find none.
    pub async fn lock(self) -> Result<()> {
        // This row is always there.
        let lock = "SELECT number FROM authara_migrations WHERE number = 1 {pg: FOR UPDATE}";
        self.0.query(lock, args![]).await?;
        Ok(())
    }

    /// Ends every key but `except` at `at`, unless it ends before; returns how many.
    pub async fn retire_others(self, except: &str, at: Timestamp) -> Result<u64> {
        let sql = "UPDATE signing_keys SET retired_at = $2 WHERE id <> $1 AND (retired_at IS NULL OR retired_at > $2)";
        self.0.execute(sql, args![except, at]).await
    }
}
