//! What an operator does at the command line. Every change is audited.

use crate::app::App;
use crate::domain::audit::{Action, Actor};
use crate::domain::session::Session;
use crate::domain::{Client, Email, PlatformRole, Refusal, Search, Secret, SessionId, User, UserId};
use crate::flows::announce::Deed;
use crate::flows::{Result, account, attempts, password, sign_up};
use crate::storage::{Conn, Tx};

/// A user with what operators want to see.
#[derive(Debug, Clone)]
pub struct UserView {
    /// The account.
    pub user: User,
    /// Platform roles.
    pub roles: Vec<PlatformRole>,
    /// Whether a password is set.
    pub has_password: bool,
    /// Live sessions, last used first.
    pub sessions: Vec<Session>,
}

/// Finds a user by address or id. Refused with `NotFound`.
pub async fn find(app: &App, address_or_id: &str) -> Result<User> {
    let mut conn = app.store.read().await?;
    let found = match (address_or_id.parse::<UserId>(), Email::parse(address_or_id)) {
        (Ok(id), _) => conn.users().by_id(id).await?,
        (_, Some(email)) => conn.users().by_email(&email).await?,
        _ => None,
    };
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// Opens an account with its initial organization and the given roles.
pub async fn add(app: &App, email: &str, password: Secret, roles: &[PlatformRole]) -> Result<User> {
    let email = Email::parse(email).ok_or(Refusal::EmailInvalid)?;
    let password = password::choose(app, &password, &email, None)?;
    let hash = app.hasher.hash(password).await?;

    app.store
        .write(async |tx| -> Result<_> {
            let client = Client::operator();
            let user = sign_up::open_account(app, tx, &client, &email, &hash, Some(Actor::Operator)).await?;
            for role in roles {
                tx.roles().grant(user.id, *role, app.now()).await?;
                note(app, tx, Action::RoleGranted, user.id, role.name()).await?;
            }
            Ok(user)
        })
        .await
}

/// Users, each with his roles: in the order they signed up; with a search, those found by their
/// address in the order of addresses, then those found by their username alone. `after` is the
/// last one of the page before.
pub async fn list(
    app: &App,
    search: Option<&str>,
    after: Option<&User>,
    limit: u32,
) -> Result<Vec<(User, Vec<PlatformRole>)>> {
    let mut conn = app.store.read().await?;
    let users = match search.map(Search::parse) {
        None => {
            conn.users()
                .page(after.map(|user| (user.created_at, user.id)), limit)
                .await?
        }
        Some(None) => Vec::new(),
        Some(Some(Search::Domain(domain))) => {
            let after = after.map_or("", |user| user.email.as_str());
            conn.users().by_domain(&domain, after, limit).await?
        }
        Some(Some(Search::Beginning(text))) => beginning_with(&mut conn, &text, after, limit).await?,
    };
    let mut listed = Vec::with_capacity(users.len());
    for user in users {
        let roles = conn.roles().of_user(user.id).await?;
        listed.push((user, roles));
    }
    Ok(listed)
}

async fn beginning_with(conn: &mut Conn, text: &str, after: Option<&User>, limit: u32) -> Result<Vec<User>> {
    // Whether the page before ended among those found by their username.
    let last_name = after.filter(|user| !user.email.as_str().starts_with(text));
    let mut users = Vec::new();
    if last_name.is_none() {
        let after = after.map_or("", |user| user.email.as_str());
        users = conn.users().by_address(text, after, limit).await?;
    }
    let room = limit.saturating_sub(u32::try_from(users.len()).unwrap_or(limit));
    if room > 0 {
        let after = last_name.map(|user| user.username.normalized()).unwrap_or_default();
        users.extend(conn.users().by_username_alone(text, &after, room).await?);
    }
    Ok(users)
}

/// One user with roles and sessions. Refused with `NotFound`.
pub async fn show(app: &App, user: UserId) -> Result<UserView> {
    let mut conn = app.store.read().await?;
    Ok(UserView {
        user: conn.users().by_id(user).await?.ok_or(Refusal::NotFound)?,
        roles: conn.roles().of_user(user).await?,
        has_password: conn.users().password_hash(user).await?.is_some(),
        sessions: conn.sessions().of_user(user, app.now()).await?,
    })
}

/// Switches an account off and ends its sessions; returns how many ended. Refused with `LastAdmin`.
pub async fn disable(app: &App, user: UserId) -> Result<u64> {
    app.store
        .write(async |tx| -> Result<_> {
            account::spare_last_admin(tx, user).await?;
            if tx.users().disable(user, app.now()).await? {
                note(app, tx, Action::UserDisabled, user, "").await?;
            }
            end_all(app, tx, user).await
        })
        .await
}

/// Deletes an account as its owner could ([`account::delete`]), with the same refusals; with
/// `NotFound` if it is gone already.
pub async fn delete(app: &App, user: UserId) -> Result<()> {
    app.store
        .write(async |tx| -> Result<_> {
            if !account::remove(app, tx, user).await? {
                return Err(Refusal::NotFound.into());
            }
            note(app, tx, Action::UserDeleted, user, "").await
        })
        .await
}

/// Switches an account on; `false` if it was on.
pub async fn enable(app: &App, user: UserId) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let was_off = tx.users().enable(user).await?;
            if was_off {
                note(app, tx, Action::UserEnabled, user, "").await?;
            }
            Ok(was_off)
        })
        .await
}

/// Lets everybody try again to sign in to the account; `false` if nothing kept anybody from it.
pub async fn unlock(app: &App, user: &User) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            let was_locked = attempts::forget(app, tx, user).await?;
            if was_locked {
                note(app, tx, Action::UserUnlocked, user.id, "").await?;
            }
            Ok(was_locked)
        })
        .await
}

/// Gives a role; `false` if the user has it.
pub async fn grant(app: &App, user: UserId, role: PlatformRole) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            tx.users().held(user).await?.ok_or(Refusal::NotFound)?;
            let is_new = tx.roles().grant(user, role, app.now()).await?;
            if is_new {
                note(app, tx, Action::RoleGranted, user, role.name()).await?;
            }
            Ok(is_new)
        })
        .await
}

/// Takes a role and ends the user's sessions; `false` if the user does not have it. Refused with `LastAdmin`.
pub async fn revoke(app: &App, user: UserId, role: PlatformRole) -> Result<bool> {
    app.store
        .write(async |tx| -> Result<_> {
            if role == PlatformRole::Admin {
                account::spare_last_admin(tx, user).await?;
            }
            let had_it = tx.roles().revoke(user, role).await?;
            if had_it {
                note(app, tx, Action::RoleRevoked, user, role.name()).await?;
                end_all(app, tx, user).await?;
            }
            Ok(had_it)
        })
        .await
}

/// Sets a password, ends the user's sessions, and lets everybody try again; returns how many ended. Refused with `NotFound`.
pub async fn set_password(app: &App, user: UserId, password: Secret) -> Result<u64> {
    let found = app.store.read().await?.users().by_id(user).await?;
    let found = found.ok_or(Refusal::NotFound)?;
    let password = password::choose(app, &password, &found.email, Some(&found.username))?;
    let hash = app.hasher.hash(password).await?;

    app.store
        .write(async |tx| -> Result<_> {
            tx.users().held(user).await?.ok_or(Refusal::NotFound)?;
            tx.users().set_password(user, &hash, app.now()).await?;
            note(app, tx, Action::PasswordChanged, user, "").await?;
            attempts::forget(app, tx, &found).await?;
            end_all(app, tx, user).await
        })
        .await
}

/// Ends one session of a user, or all without one; returns how many ended. Refused with `NotFound`
/// if the one named is not his or over.
pub async fn end_sessions(app: &App, user: UserId, session: Option<SessionId>) -> Result<u64> {
    app.store
        .write(async |tx| -> Result<_> {
            let Some(session) = session else {
                return end_all(app, tx, user).await;
            };
            if !tx.sessions().revoke_own(session, user, app.now()).await? {
                return Err(Refusal::NotFound.into());
            }
            let client = Client::operator();
            let deed = Deed::new(&client, Actor::Operator, Action::SessionRevoked)
                .to(user)
                .in_session(session);
            deed.note(tx, app.now()).await?;
            Ok(1)
        })
        .await
}

async fn end_all(app: &App, tx: &mut Tx, user: UserId) -> Result<u64> {
    let ended = tx.sessions().revoke_of_user(user, None, app.now()).await?;
    if ended > 0 {
        note(app, tx, Action::SessionsRevoked, user, &ended.to_string()).await?;
    }
    Ok(ended)
}

async fn note(app: &App, tx: &mut Tx, action: Action, user: UserId, detail: &str) -> Result<()> {
    let client = Client::operator();
    Deed::new(&client, Actor::Operator, action)
        .to(user)
        .detail(detail)
        .note(tx, app.now())
        .await?;
    Ok(())
}
