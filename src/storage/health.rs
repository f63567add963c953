//! Whether the database answers.

use crate::storage::{Conn, Result};

/// See [`Conn::health`].
pub struct Health<'c>(pub(super) &'c mut Conn);

impl Health<'_> {
    /// One cheap statement.
    pub async fn ping(self) -> Result<()> {
        todo!()
    }
}
