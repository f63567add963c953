//! What becomes of an account itself: another username, or its end.

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::limit::Limit;
use crate::domain::organization::{Departure, Membership};
use crate::domain::{Allowed, By, Caller, PlatformRole, Refusal, Timestamp, User, UserId, Username};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::entry::confirm::Recent;
use crate::flows::{Error, Result, tokens};
use crate::storage::Tx;

/// Changes the caller's username; `false` if it is the one they have.
///
/// Refused with `UsernameInvalid`, with `UsernameTaken` if somebody has it in whatever case or
/// nobody may have it, with `TooMany` after too many tries, and with `SignInRequired` if the session
/// ended meanwhile.
pub async fn rename(app: &App, caller: &Caller, text: &str) -> Result<bool> {
    let name = Username::parse(text.trim()).ok_or(Refusal::UsernameInvalid)?;
    let user = caller.user.id;
    if name == caller.user.username {
        return Ok(false);
    }
    let key = attempts::of_user(app, user);
    let by = caller.by();
    let attempt = Try::new(app, &by)
        .of_account(Limit::UsernameAccount, key, Some(user))
        .await?;
    let renamed = app
        .store
        .write(async |tx| -> Result<_> {
            tokens::standing(tx, caller).await?;
            if name.is_reserved() || !tx.users().rename(user, &name).await? {
                return Err(Refusal::UsernameTaken.into());
            }
            // Neither name stands there: it may be made from the address, and the line outlives the account.
            let deed = Deed::new(&by, Action::UsernameChanged);
            deed.to(user).in_session(caller.session).note(tx).await?;
            Ok(true)
        })
        .await;
    match renamed {
        // Every name that is tried counts.
        Ok(_) | Err(Error::Refused(_)) => attempt.failed(),
        Err(_) => attempt.undo().await,
    }
    renamed
}

/// Keeps the language in which the caller wants to read, so that letters are written in it.
pub async fn read_in(app: &App, caller: &Caller, language: &str) -> Result<()> {
    if caller.user.language == language {
        return Ok(());
    }
    let user = caller.user.id;
    app.store
        .write(async |tx| tx.users().set_language(user, language).await)
        .await?;
    Ok(())
}

/// What the end of an account would mean.
#[derive(Debug, Clone)]
pub struct Farewell {
    /// The organizations that end with it, for nobody else is in them.
    pub ending: Vec<Membership>,
    /// The organizations that go on without its owner.
    pub remaining: Vec<Membership>,
    /// Why it cannot be deleted now.
    pub obstacle: Option<Refusal>,
}

/// What it would mean for the caller if they deleted their account now.
pub async fn farewell(app: &App, caller: &Caller) -> Result<Farewell> {
    let mut conn = app.store.read().await?;
    let user = caller.user.id;
    let departures = conn.organizations().departures(user).await?;
    let is_last_admin = caller.roles.contains(&PlatformRole::Admin) && conn.roles().active_admins().await? == [user];
    let obstacle = if is_last_admin {
        Some(Refusal::LastAdmin)
    } else {
        orphan(&departures)
    };
    let (ending, remaining): (Vec<_>, Vec<_>) = departures.into_iter().partition(Departure::is_end);
    let memberships = |departures: Vec<Departure>| departures.into_iter().map(|departure| departure.membership);
    Ok(Farewell {
        ending: memberships(ending).collect(),
        remaining: memberships(remaining).collect(),
        obstacle,
    })
}

/// Deletes the caller's account with everything that is theirs: password, roles, sessions and their
/// tokens, memberships, and the organizations that nobody else is in. The audit keeps ids.
///
/// Refused with `LastAdmin`, with `LastOwner` while an organization would be left without an owner,
/// and with `SignInRequired` if the session ended meanwhile.
pub async fn delete(app: &App, proof: &Recent) -> Result<()> {
    let caller = proof.caller();
    let user = caller.user.id;
    let by = caller.by();
    app.store
        .write(async |tx| -> Result<()> {
            let Some(found) = hold(tx, user).await? else {
                // They clicked twice.
                return Ok(());
            };
            tokens::recent_standing(tx, caller).await?;
            remove(app, tx, &found, caller.now).await?;
            unlist(tx, &by, &found).await?;
            let deed = Deed::new(&by, Action::UserDeleted);
            deed.to(user).in_session(caller.session).note(tx).await?;
            Ok(())
        })
        .await
}

/// Locks an account that is to be removed; `None` if it is gone already. Refused with `LastAdmin`.
pub(super) async fn hold(tx: &mut Tx, user: UserId) -> Result<Option<User>> {
    // Admins, then the person, then organizations: every flow locks in this order.
    spare_last_admin(tx, user).await?;
    Ok(tx.users().lock(user).await?)
}

/// Removes an account that is [held](hold). Refused with `LastOwner`.
pub(super) async fn remove(app: &App, tx: &mut Tx, user: &User, now: Timestamp) -> Result<()> {
    tx.organizations().lock_of_user(user.id).await?;
    if let Some(refusal) = orphan(&tx.organizations().departures(user.id).await?) {
        return Err(refusal.into());
    }
    attempts::drop_all(app, tx, user, now).await?;
    // Those of the account go with it; those of a sign-up know the address alone.
    tx.letters().delete_of_address(&user.email).await?;
    tx.challenges().delete_of_address(&user.email).await?;
    tx.organizations().delete_without(user.id).await?;
    tx.users().delete(user.id).await?;
    Ok(())
}

/// Takes the address of an account that its owner or an operator deletes from the allowlist. One that goes by itself leaves
/// the entry to whose address it is.
pub(super) async fn unlist(tx: &mut Tx, by: &By, user: &User) -> Result<()> {
    let entry = Allowed::Address(user.email.clone());
    if tx.allowlist().remove(&entry).await? {
        let deed = Deed::new(by, Action::AddressUnlisted).detail(entry.kind());
        deed.to(user.id).note(tx).await?;
    }
    Ok(())
}

/// The refusal for the sake of the first organization that would be left without an owner.
fn orphan(departures: &[Departure]) -> Option<Refusal> {
    let found = departures.iter().find(|departure| departure.leaves_no_owner())?;
    Some(Refusal::LastOwner {
        organization: found.membership.name.clone(),
    })
}

/// Refuses to go on if nobody else could do an admin's work.
pub(super) async fn spare_last_admin(tx: &mut Tx, user: UserId) -> Result<()> {
    let admins = tx.roles().lock_active_admins().await?;
    if admins == [user] {
        Err(Refusal::LastAdmin.into())
    } else {
        Ok(())
    }
}
