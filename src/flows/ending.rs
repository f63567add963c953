//! The one way to end sessions.
//!
//! The account is locked first, with the lock that `entry::advance` takes: a sign-in that is under
//! way is either before, and ends with the rest, or after, and sees the change that ended them.

use crate::domain::audit::Action;
use crate::domain::{By, SessionId, UserId};
use crate::flows::Result;
use crate::flows::announce::Deed;
use crate::storage::Tx;

/// Which sessions of an account end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// This one.
    One(SessionId),
    /// All but this one.
    AllBut(SessionId),
    /// All.
    All,
}

/// Ends sessions of an account, in the transaction of the change that ends them. Returns how many
/// live ones ended, and leaves one audit line, `action`, if there were any.
pub(super) async fn end(tx: &mut Tx, by: &By, user: UserId, which: Which, action: Action) -> Result<u64> {
    tx.users().lock(user).await?;
    let ended = match which {
        Which::One(session) => u64::from(tx.sessions().revoke(session, user, by.now).await?),
        Which::AllBut(session) => tx.sessions().revoke_of_user(user, Some(session), by.now).await?,
        Which::All => tx.sessions().revoke_of_user(user, None, by.now).await?,
    };
    if ended == 0 {
        return Ok(0);
    }
    let deed = Deed::new(by, action).to(user);
    let deed = match which {
        Which::One(session) => deed.in_session(session),
        Which::AllBut(session) => deed.in_session(session).detail(ended.to_string()),
        Which::All => deed.detail(ended.to_string()),
    };
    deed.note(tx).await?;
    Ok(ended)
}
