//! What is done to accounts from outside: one function per change, for every door. The first
//! argument after `app` says who acts: an operator at the command line today. Every change is
//! audited in its own transaction, with its actor.

pub mod directory;

use crate::app::App;
use crate::crypto::password::Share;
use crate::domain::audit::Action;
use crate::domain::letter::Kind;
use crate::domain::{By, Client, Email, PlatformRole, Refusal, Secret, SessionId, Timestamp, User, UserId, Username};
use crate::flows::announce::Deed;
use crate::flows::ending::{self, Which};
use crate::flows::entry::sign_up;
use crate::flows::letters::{self, Values};
use crate::flows::{Error, Result, account, attempts, password};
use crate::storage::Tx;

/// Opens an account with its initial organization and the given roles.
pub async fn add(app: &App, by: &By, email: &str, password: Secret, roles: &[PlatformRole]) -> Result<User> {
    let email = Email::parse(email).ok_or(Refusal::EmailInvalid)?;
    let password = password::choose(app, &password, &email, None)?;
    let hash = app.hasher.hash(share(by), password).await?;

    app.store
        .write(async |tx| -> Result<_> {
            let (user, _) = sign_up::open_account(app, tx, by, &email, &hash).await?;
            for role in roles {
                tx.roles().grant(user.id, *role, by.now).await?;
                note(tx, by, Action::RoleGranted, user.id, role.name()).await?;
            }
            Ok(user)
        })
        .await
}

/// Fails as setting that password would, before anybody types it a second time. `username` is `None` for an account that
/// is yet to be opened.
pub fn check_password(app: &App, text: &Secret, email: &Email, username: Option<&Username>) -> Result<()> {
    password::choose(app, text, email, username)?;
    Ok(())
}

/// Switches an account off and ends its sessions; returns how many ended. Refused with `LastAdmin`,
/// and with `NotFound` if it does not exist.
pub async fn disable(app: &App, by: &By, user: UserId) -> Result<u64> {
    app.store
        .write(async |tx| -> Result<_> {
            account::spare_last_admin(tx, user).await?;
            let owner = found(tx, user).await?;
            if tx.users().disable(user, by.now).await? {
                note(tx, by, Action::UserDisabled, user, "").await?;
                tx.challenges().void_of_user(user).await?;
                letters::notify(app, tx, by, Kind::AccountDisabled, &owner, Values::new()).await?;
            }
            end_all(tx, by, user).await
        })
        .await
}

/// Deletes an account as its owner could ([`account::delete`]), with the same refusals; with
/// `NotFound` if it is gone already.
pub async fn delete(app: &App, by: &By, user: UserId) -> Result<()> {
    app.store
        .write(async |tx| -> Result<_> {
            let found = account::hold(tx, user).await?.ok_or(Refusal::NotFound)?;
            account::remove(app, tx, &found, by.now).await?;
            account::unlist(tx, by, &found).await?;
            note(tx, by, Action::UserDeleted, user, "").await
        })
        .await
}

/// Nobody has to prove an address any more. Should it be required again, it is of accounts that are opened then.
pub async fn expect_no_proof(app: &App) -> Result<u64> {
    let clear = async |tx: &mut Tx| tx.users().clear_proof_due().await;
    Ok(app.store.write(clear).await?)
}

/// Deletes up to `limit` accounts whose address should have been proved by now, and frees the addresses; returns how many there were to
/// look at. One that has a role or cannot be deleted is not looked at again.
pub async fn expire(app: &App, now: Timestamp, limit: u32) -> Result<u64> {
    let by = By::nobody(&Client::operator(), now);
    let overdue = app.store.read().await?.users().overdue(by.now, limit).await?;
    for &user in &overdue {
        let expired = app
            .store
            .write(async |tx| -> Result<()> {
                let Some(found) = account::hold(tx, user).await? else {
                    return Ok(());
                };
                let is_trusted = !tx.roles().of_user(user).await?.is_empty();
                if is_trusted || !tx.users().is_overdue(user, by.now).await? {
                    return Ok(tx.users().set_proof_due(user, None).await?);
                }
                account::remove(app, tx, &found, by.now).await?;
                note(tx, &by, Action::Expired, user, "").await
            })
            .await;
        match expired {
            Err(Error::Refused(refusal)) => {
                tracing::warn!(user.id = %user, "an account whose address was never proved stays: {refusal}");
                let keep = async |tx: &mut Tx| tx.users().set_proof_due(user, None).await;
                app.store.write(keep).await?;
            }
            expired => expired?,
        }
    }
    Ok(overdue.len() as u64)
}

/// Switches an account on; `false` if it was on. Refused with `NotFound`.
pub async fn enable(app: &App, by: &By, user: UserId) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let owner = found(tx, user).await?;
            let was_off = tx.users().enable(user).await?;
            if was_off {
                note(tx, by, Action::UserEnabled, user, "").await?;
                letters::notify(app, tx, by, Kind::AccountEnabled, &owner, Values::new()).await?;
            }
            Ok(was_off)
        })
        .await
}

/// Approves an account that waits for it, and tells its owner; `false` if it did not wait. Refused with `NotFound`.
pub async fn approve(app: &App, by: &By, user: UserId) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let owner = found(tx, user).await?;
            let waited = tx.users().approve(user).await?;
            if waited {
                note(tx, by, Action::UserApproved, user, "").await?;
                letters::notify(app, tx, by, Kind::AccountApproved, &owner, Values::new()).await?;
            }
            Ok(waited)
        })
        .await
}

/// Lets everybody try again to sign in to the account; `false` if nothing kept anybody from it.
/// Refused with `NotFound`.
pub async fn unlock(app: &App, by: &By, user: UserId) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let user = found(tx, user).await?;
            let was_locked = attempts::forget(app, tx, &user, by.now).await?;
            if was_locked {
                note(tx, by, Action::UserUnlocked, user.id, "").await?;
            }
            Ok(was_locked)
        })
        .await
}

/// Gives a role; `false` if the user has it. Refused with `NotFound`.
pub async fn grant(app: &App, by: &By, user: UserId, role: PlatformRole) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let owner = found(tx, user).await?;
            let is_new = tx.roles().grant(user, role, by.now).await?;
            if is_new {
                note(tx, by, Action::RoleGranted, user, role.name()).await?;
                tell_of_roles(app, tx, by, &owner).await?;
            }
            Ok(is_new)
        })
        .await
}

/// Takes a role and ends the user's sessions; `false` if the user does not have it. Refused with
/// `LastAdmin`, and with `NotFound`.
pub async fn revoke(app: &App, by: &By, user: UserId, role: PlatformRole) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            if role == PlatformRole::Admin {
                account::spare_last_admin(tx, user).await?;
            }
            let owner = found(tx, user).await?;
            let had_it = tx.roles().revoke(user, role).await?;
            if had_it {
                note(tx, by, Action::RoleRevoked, user, role.name()).await?;
                tell_of_roles(app, tx, by, &owner).await?;
                end_all(tx, by, user).await?;
            }
            Ok(had_it)
        })
        .await
}

/// Sets a password, ends the user's sessions, and lets everybody try again; returns how many ended.
/// Refused with `NotFound`.
pub async fn set_password(app: &App, by: &By, user: UserId, password: Secret) -> Result<u64> {
    let seen = app.store.read().await?.users().by_id(user).await?;
    let seen = seen.ok_or(Refusal::NotFound)?;
    let password = password::choose(app, &password, &seen.email, Some(&seen.username))?;
    let hash = app.hasher.hash(share(by), password).await?;

    app.store
        .write(async |tx| -> Result<_> {
            let user = found(tx, user).await?;
            tx.users().set_password(user.id, &hash, by.now).await?;
            note(tx, by, Action::PasswordChanged, user.id, "").await?;
            tx.challenges().void_of_user(user.id).await?;
            letters::notify(app, tx, by, Kind::PasswordChanged, &user, Values::new()).await?;
            attempts::forget(app, tx, &user, by.now).await?;
            end_all(tx, by, user.id).await
        })
        .await
}

/// Ends one session of a user, or all without one; returns how many ended. Refused with `NotFound`
/// if the one named is another user's or over.
pub async fn end_sessions(app: &App, by: &By, user: UserId, session: Option<SessionId>) -> Result<u64> {
    app.store
        .write(async |tx| -> Result<_> {
            let Some(session) = session else {
                return end_all(tx, by, user).await;
            };
            match ending::end(tx, by, user, Which::One(session), Action::SessionRevoked).await? {
                0 => Err(Refusal::NotFound.into()),
                ended => Ok(ended),
            }
        })
        .await
}

/// Tells the owner which roles they have now.
async fn tell_of_roles(app: &App, tx: &mut Tx, by: &By, owner: &User) -> Result<()> {
    let roles = tx.roles().of_user(owner.id).await?;
    let names: Vec<_> = roles.iter().map(|role| role.name()).collect();
    let values = Values::from([("roles".to_owned(), names.join(", "))]);
    letters::notify(app, tx, by, Kind::RoleChanged, owner, values).await
}

/// The account, locked until the transaction ends.
async fn found(tx: &mut Tx, user: UserId) -> Result<User> {
    Ok(tx.users().lock(user).await?.ok_or(Refusal::NotFound)?)
}

async fn end_all(tx: &mut Tx, by: &By, user: UserId) -> Result<u64> {
    ending::end(tx, by, user, Which::All, Action::SessionsRevoked).await
}

fn share(by: &By) -> Share {
    Share::of(by.client.address)
}

async fn note(tx: &mut Tx, by: &By, action: Action, user: UserId, detail: &str) -> Result<()> {
    Ok(Deed::new(by, action).to(user).detail(detail).note(tx).await?)
}
