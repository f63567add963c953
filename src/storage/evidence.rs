//! What was proved on the way in, compared with the account as it is now.

use crate::domain::Evidence;
use crate::storage::value::args;
use crate::storage::{Conn, Result};

/// See [`Conn::evidence`].
pub struct Proofs<'c>(pub(super) &'c mut Conn);

impl Proofs<'_> {
    /// Whether what was proved still holds. Uses up what may be used once. The account is locked
    /// before, so that the answer stays true until the transaction ends.
    pub async fn redeem(self, evidence: &Evidence) -> Result<bool> {
        match evidence {
            Evidence::Password { user, seen } => {
                let sql = "SELECT user_id FROM passwords WHERE user_id = $1 AND changed_at = $2";
                Ok(!self.0.query(sql, args![*user, seen.at()]).await?.is_empty())
            }
            Evidence::Code { user, address, .. } => {
                let sql = "SELECT id FROM users WHERE id = $1 AND email = $2";
                Ok(!self.0.query(sql, args![*user, address]).await?.is_empty())
            }
        }
    }
}
