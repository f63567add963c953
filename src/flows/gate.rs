//! The one door to a session: every path that issues tokens passes here.

use std::time::Duration;

use crate::app::App;
use crate::crypto::{jwt, random, token};
use crate::domain::audit::{Action, Actor};
use crate::domain::organization::Membership;
use crate::domain::session::{RefreshToken, Session};
use crate::domain::{
    Audience, Caller, Claims, Client, Method, PlatformRole, Refusal, Secret, SessionId, Timestamp, TokenHash, TokenId,
    User, UserId,
};
use crate::flows::announce::Deed;
use crate::flows::{Error, Result};
use crate::storage::Tx;
use crate::storage::sessions::Standing;

/// A pair of tokens for one session.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The session they belong to.
    pub session: SessionId,
    /// The access token, a JWT.
    pub access: Secret,
    /// How long the access token lives.
    pub access_ttl: Duration,
    /// The refresh token.
    pub refresh: Secret,
    /// How long a browser shall keep the refresh token.
    pub refresh_ttl: Duration,
}

/// Somebody who has just signed in, or whose session goes on.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// In which organization the session is.
    pub membership: Membership,
    /// His platform roles.
    pub roles: Vec<PlatformRole>,
    /// His tokens.
    pub tokens: Tokens,
}

/// Whether the account may have tokens for that audience at all. Every issue of tokens asks this.
pub(super) fn admit(user: &User, roles: &[PlatformRole], audience: Audience) -> std::result::Result<(), Refusal> {
    if user.is_disabled() {
        return Err(Refusal::AccountDisabled);
    }
    match audience {
        Audience::Admin if roles.is_empty() => Err(Refusal::AudienceRefused),
        Audience::Admin | Audience::App => Ok(()),
    }
}

/// Opens a session for somebody who has proved by `method` who he is, and issues its first tokens.
/// What it decides on is read in the same transaction.
pub(super) async fn open(
    app: &App,
    tx: &mut Tx,
    client: &Client,
    user: UserId,
    method: Method,
    audience: Audience,
) -> Result<SignedIn> {
    let now = app.now();
    let user = tx.users().held(user).await?.ok_or(Refusal::CredentialsWrong)?;
    let roles = tx.roles().of_user(user.id).await?;
    admit(&user, &roles, audience)?;
    let membership = tx.organizations().default_of(user.id).await?;
    let membership = membership.ok_or_else(|| Error::Broken(format!("user {} is in no organization", user.id)))?;

    let session = Session {
        id: SessionId::new(random::id(now)),
        user: user.id,
        organization: membership.organization,
        created_at: now,
        expires_at: now + app.config.sessions.ttl,
        last_used_at: now,
        authenticated_at: now,
        method,
        revoked_at: None,
        client: client.clone(),
    };
    let refresh = token::new();
    let first = link(app, &session, hash_of(&refresh)?, 0, now);
    tx.sessions().add(&session).await?;
    tx.sessions().add_token(&first).await?;
    tx.sessions()
        .delete_surplus(user.id, app.config.sessions.most_per_user, now)
        .await?;
    Deed::new(client, Actor::User(user.id), Action::SignIn)
        .to(user.id)
        .in_session(session.id)
        .detail(method.name())
        .note(tx, now)
        .await?;

    let standing = Standing {
        session,
        user,
        membership: Some(membership),
        roles,
    };
    issue(app, standing, audience, refresh, now)
}

/// Issues an access token beside a refresh token for a session whose standing has been checked.
pub(super) fn issue(
    app: &App,
    standing: Standing,
    audience: Audience,
    refresh: Secret,
    now: Timestamp,
) -> Result<SignedIn> {
    let Standing {
        session,
        user,
        membership,
        roles,
    } = standing;
    let membership = membership.ok_or(Refusal::SessionEnded)?;
    let claims = Claims {
        token: TokenId::new(random::id(now)),
        user: user.id,
        session: session.id,
        audience,
        organization: membership.organization,
        organization_role: membership.role,
        roles: roles.clone(),
        email: user.email.clone(),
        email_verified: user.email_verified_at.is_some(),
        authenticated_at: session.authenticated_at,
        method: session.method,
        issued_at: now,
        expires_at: now + app.config.tokens.ttl,
    };
    let tokens = Tokens {
        session: session.id,
        access: jwt::sign(&app.keys(), &app.config.tokens.issuer, &claims),
        access_ttl: app.config.tokens.ttl,
        refresh,
        refresh_ttl: app.config.sessions.idle.min(session.expires_at.since(now)),
    };
    Ok(SignedIn {
        user,
        membership,
        roles,
        tokens,
    })
}

/// Refuses with `SignInRequired` what was begun in a session that has ended since: its owner may
/// have ended it while a password was being hashed.
pub(super) async fn still_open(tx: &mut Tx, caller: &Caller, now: Timestamp) -> Result<()> {
    let standing = tx.sessions().standing(caller.session).await?;
    let standing = standing.filter(|standing| standing.session.is_live(now));
    let is_open = standing.is_some_and(|standing| admit(&standing.user, &standing.roles, caller.audience).is_ok());
    if is_open {
        Ok(())
    } else {
        Err(Refusal::SignInRequired.into())
    }
}

/// Exchanges the caller's refresh token if it is his session's current one. A client that loses
/// the answer is given the same successor again when it refreshes with the old one.
pub(super) async fn renew(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    refresh: Option<&Secret>,
    now: Timestamp,
) -> Result<Option<Tokens>> {
    let Some((refresh, hash)) = refresh.and_then(|refresh| Some((refresh, token::hash(refresh)?))) else {
        return Ok(None);
    };
    let Some(found) = tx.sessions().by_token(&hash).await? else {
        return Ok(None);
    };
    if found.token.session != caller.session || found.token.consumed.is_some() {
        return Ok(None);
    }
    let successor = token::successor(&app.refresh_key, refresh, 1);
    let session = &found.standing.session;
    let next = link(app, session, hash_of(&successor)?, found.token.generation + 1, now);
    if !tx.sessions().rotate(&hash, &next, &caller.client, now).await? {
        return Ok(None);
    }
    issue(app, found.standing, caller.audience, successor, now).map(|signed_in| Some(signed_in.tokens))
}

/// A refresh token of a session's chain as it is stored: it ends with the idle limit or the session.
pub(super) fn link(app: &App, session: &Session, hash: TokenHash, generation: i64, now: Timestamp) -> RefreshToken {
    RefreshToken {
        hash,
        session: session.id,
        generation,
        created_at: now,
        expires_at: session.expires_at.min(now + app.config.sessions.idle),
        consumed: None,
    }
}

/// The hash of a token that this server made.
pub(super) fn hash_of(token: &Secret) -> Result<TokenHash> {
    token::hash(token).ok_or_else(|| Error::Broken("a token of our own has the wrong form".to_owned()))
}
