//! Which addresses accounts may have: the allowlist, and the domains of throw-away addresses.
//!
//! [`allowed`] is asked wherever a session is opened or goes on, in the transaction that opens it;
//! [`refuse_disposable`] wherever a person chooses an address.

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::{Allowed, By, Email, Refusal, Timestamp};
use crate::flows::Result;
use crate::flows::announce::Deed;
use crate::storage::allowlist::KeptOut;
use crate::storage::{Conn, Store, Tx};

/// Whether accounts with that address may be opened and used. All may while the allowlist is off.
pub(super) async fn allowed(app: &App, conn: &mut Conn, email: &Email) -> Result<bool> {
    Ok(!app.config.accounts.allowlist || conn.allowlist().admits(email).await?)
}

/// The same, outside of any transaction.
pub async fn allowed_now(app: &App, email: &Email) -> Result<bool> {
    if !app.config.accounts.allowlist {
        return Ok(true);
    }
    allowed(app, &mut app.store.read().await?, email).await
}

/// Refuses an address that a person chooses, with `EmailDisposable`.
pub(super) fn refuse_disposable(app: &App, email: &Email) -> std::result::Result<(), Refusal> {
    if app.disposable().have(email) {
        return Err(Refusal::EmailDisposable);
    }
    Ok(())
}

/// Puts an entry on the allowlist; `false` if it is there. It counts at once, whether or not the list is on yet.
pub async fn allow(app: &App, by: &By, entry: &Allowed) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let is_new = tx.allowlist().add(entry, by.now).await?;
            if is_new {
                note(tx, by, Action::AddressAllowed, entry).await?;
            }
            Ok(is_new)
        })
        .await
}

/// Takes an entry from the allowlist; `false` if it is not there. Where the list is on, sessions of accounts that are no
/// longer allowed end at their next refresh.
pub async fn unlist(app: &App, by: &By, entry: &Allowed) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let was_there = tx.allowlist().remove(entry).await?;
            if was_there {
                note(tx, by, Action::AddressUnlisted, entry).await?;
            }
            Ok(was_there)
        })
        .await
}

/// The entries after that one, each with when it was added; at most `limit`.
pub async fn list(app: &App, after: Option<&Allowed>, limit: u32) -> Result<Vec<(Allowed, Timestamp)>> {
    Ok(app.store.read().await?.allowlist().page(after, limit).await?)
}

/// Which accounts the allowlist keeps out, or would if it were on.
pub async fn kept_out(store: &Store) -> Result<KeptOut> {
    Ok(store.read().await?.allowlist().kept_out().await?)
}

async fn note(tx: &mut Tx, by: &By, action: Action, entry: &Allowed) -> Result<()> {
    let mut deed = Deed::new(by, action).detail(entry.kind());
    if let Allowed::Address(email) = entry
        && let Some(user) = tx.users().by_email(email).await?
    {
        deed = deed.to(user.id);
    }
    Ok(deed.note(tx).await?)
}
