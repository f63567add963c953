//! Finding accounts: what operators, admins and applications look up.

use crate::app::App;
use crate::domain::session::Session;
use crate::domain::{Email, PlatformRole, Refusal, Search, Timestamp, User, UserId};
use crate::flows::Result;
use crate::storage::Conn;

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

/// Which users a list is of.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// Everybody, in the order they signed up.
    All,
    /// Those with a role, in the order they signed up.
    With(PlatformRole),
    /// Those who wait for approval, in the order they signed up.
    Waiting,
    /// Those found by their address, in the order of addresses, then those found by their username alone.
    Found(&'a str),
}

/// Users, each with their roles. `after` is the last one of the page before.
pub async fn list(
    app: &App,
    wanted: &Wanted<'_>,
    after: Option<&User>,
    limit: u32,
) -> Result<Vec<(User, Vec<PlatformRole>)>> {
    let mut conn = app.store.read().await?;
    let signed_up = after.map(|user| (user.created_at, user.id));
    let users = match *wanted {
        Wanted::All => conn.users().page(signed_up, limit).await?,
        Wanted::With(role) => conn.users().with_role(role, signed_up, limit).await?,
        Wanted::Waiting => conn.users().waiting(signed_up, limit).await?,
        Wanted::Found(text) => match Search::parse(text) {
            None => Vec::new(),
            Some(Search::Domain(domain)) => {
                let after = after.map_or("", |user| user.email.as_str());
                conn.users().by_domain(&domain, after, limit).await?
            }
            Some(Search::Beginning(text)) => beginning_with(&mut conn, &text, after, limit).await?,
        },
    };
    let ids = users.iter().map(|user| user.id);
    let (Some(first), Some(last)) = (ids.clone().min(), ids.max()) else {
        return Ok(Vec::new());
    };
    let granted = conn.roles().between(first, last).await?;
    let with_roles = |user: User| {
        let roles = granted.iter().filter(|(holder, _)| *holder == user.id);
        let roles = roles.map(|(_, role)| *role).collect();
        (user, roles)
    };
    Ok(users.into_iter().map(with_roles).collect())
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
pub async fn show(app: &App, user: UserId, now: Timestamp) -> Result<UserView> {
    let mut conn = app.store.read().await?;
    Ok(UserView {
        user: conn.users().by_id(user).await?.ok_or(Refusal::NotFound)?,
        roles: conn.roles().of_user(user).await?,
        has_password: conn.users().password(user).await?.is_some(),
        sessions: conn.sessions().of_user(user, now).await?,
    })
}
