//! The tokens of a session that exists: who may have them, and how they are made.

use std::time::Duration;

use crate::app::App;
use crate::crypto::{jwt, random, token};
use crate::domain::organization::Membership;
use crate::domain::password::StoredPassword;
use crate::domain::session::{RefreshToken, Session};
use crate::domain::{
    Audience, Caller, Claims, Client, PasswordMark, PlatformRole, Refusal, Secret, SessionId, Timestamp, TokenHash,
    TokenId, User, UserId,
};
use crate::flows::{Error, Result};
use crate::storage::Tx;
use crate::storage::sessions::{Exchange, Standing};

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

/// A session that goes on after its owner proved who they are.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// Whose it is.
    pub user: UserId,
    /// Its tokens from now on.
    pub tokens: FreshTokens,
    /// The password that the account has now, for the browser to remember; `None` without one.
    pub password: Option<PasswordMark>,
}

/// The tokens of a session that goes on.
#[derive(Debug, Clone)]
pub enum FreshTokens {
    /// A refresh token of the session was shown, and the current one replaced.
    Pair(Tokens),
    /// No refresh token was shown: the caller keeps the one they have.
    Access {
        /// The access token, a JWT.
        token: Secret,
        /// How long it lives.
        ttl: Duration,
    },
}

/// A person who has just signed in, or whose session goes on.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// In which organization the session is.
    pub membership: Membership,
    /// Their platform roles.
    pub roles: Vec<PlatformRole>,
    /// Their tokens.
    pub tokens: Tokens,
    /// The password that the account has, for the browser to remember; `None` without one, and where
    /// no session was opened.
    pub password: Option<PasswordMark>,
}

/// Whether the account may have tokens for that audience at all. Every issue of tokens asks this.
pub(super) fn admit(user: &User, roles: &[PlatformRole], audience: Audience) -> std::result::Result<(), Refusal> {
    if user.is_disabled() {
        return Err(Refusal::AccountDisabled);
    }
    if audience.role().is_some_and(|needed| !roles.contains(&needed)) {
        return Err(Refusal::AudienceRefused);
    }
    Ok(())
}

/// Issues an access token beside a refresh token for a session whose standing has been checked.
pub(super) fn issue(
    app: &App,
    standing: Standing,
    audience: Audience,
    refresh: Secret,
    now: Timestamp,
) -> Result<SignedIn> {
    let access = access_token(app, &standing, audience, now)?;
    let tokens = Tokens {
        session: standing.session.id,
        access,
        access_ttl: app.config.tokens.ttl,
        refresh,
        refresh_ttl: end_of_token(app, &standing.session, now).since(now),
    };
    Ok(SignedIn {
        user: standing.user,
        membership: standing.membership.ok_or(Refusal::SessionEnded)?,
        roles: standing.roles,
        tokens,
        password: None,
    })
}

fn access_token(app: &App, standing: &Standing, audience: Audience, now: Timestamp) -> Result<Secret> {
    let Standing {
        session,
        user,
        membership,
        roles,
    } = standing;
    let membership = membership.as_ref().ok_or(Refusal::SessionEnded)?;
    let claims = Claims {
        token: Some(TokenId::new(random::id(now))),
        user: user.id,
        session: session.id,
        audience,
        organization: membership.organization,
        organization_role: membership.role,
        roles: roles.clone(),
        email: Some(user.email.clone()),
        email_verified: user.email_verified_at.is_some(),
        authenticated_at: session.authenticated_at,
        methods: session.methods.clone(),
        issued_at: now,
        expires_at: now + app.config.tokens.ttl,
    };
    Ok(jwt::sign(&app.keys(), &app.config.tokens.issuer, &claims))
}

/// The standing of the caller's session, inside the transaction of what they asked for. Refused
/// with `SignInRequired` if it has ended since the request began: its owner may have ended it while
/// a password was being hashed. The caller's account is locked by then, so nothing ends it later.
pub(super) async fn standing(tx: &mut Tx, caller: &Caller) -> Result<Standing> {
    tx.users().lock(caller.user.id).await?;
    let found = tx.sessions().standing(caller.session).await?;
    let is_open = |standing: &Standing| {
        standing.session.is_live(caller.now) && admit(&standing.user, &standing.roles, caller.audience).is_ok()
    };
    Ok(found.filter(is_open).ok_or(Refusal::SignInRequired)?)
}

/// The same for what needs a recent proof. Refused with `ReauthenticationRequired` as well if the
/// password was set since the caller's token was issued: a copy of it proves nothing any more.
pub(super) async fn recent_standing(tx: &mut Tx, caller: &Caller) -> Result<Standing> {
    let standing = standing(tx, caller).await?;
    let password = tx.users().password(caller.user.id).await?;
    if is_outdated(caller, password.as_ref()) {
        return Err(Refusal::ReauthenticationRequired.into());
    }
    Ok(standing)
}

/// Whether the caller's proof is older than the password that the account has now.
pub(super) fn is_outdated(caller: &Caller, password: Option<&StoredPassword>) -> bool {
    // Tokens know whole seconds. A password that was set by a clock that was ahead is older than every
    // proof since that clock was set back.
    let is_older = |at: Timestamp| !at.is_ahead_of(caller.now) && caller.authenticated_at.seconds() < at.seconds();
    password.is_some_and(|password| is_older(password.mark.at()))
}

/// Issues fresh tokens for the caller's session, whose standing has been checked and which is locked. Whoever
/// shows a refresh token of the session gets a new one in place of the current one, whichever was shown: a
/// thief may have exchanged it. The new one is random: a thief with a copy of an older one cannot
/// derive it, and gets none for it, not even within the grace that an ordinary refresh has.
pub(super) async fn renew(
    app: &App,
    tx: &mut Tx,
    caller: &Caller,
    standing: Standing,
    refresh: Option<&Secret>,
) -> Result<Renewed> {
    let user = caller.user.id;
    let password = tx.users().password(user).await?.map(|password| password.mark);
    let tokens = if is_of_session(tx, caller, refresh).await? {
        let fresh = token::new();
        let (hash, until) = (hash_of(&fresh)?, end_of_token(app, &standing.session, caller.now));
        let sessions = tx.sessions();
        sessions
            .replace_token(caller.session, &hash, until, &caller.client, caller.now)
            .await?;
        FreshTokens::Pair(issue(app, standing, caller.audience, fresh, caller.now)?.tokens)
    } else {
        FreshTokens::Access {
            token: access_token(app, &standing, caller.audience, caller.now)?,
            ttl: app.config.tokens.ttl,
        }
    };
    Ok(Renewed { user, tokens, password })
}

async fn is_of_session(tx: &mut Tx, caller: &Caller, refresh: Option<&Secret>) -> Result<bool> {
    let Some(hash) = refresh.and_then(token::hash) else {
        return Ok(false);
    };
    let found = tx.sessions().by_token(&hash).await?;
    Ok(found.is_some_and(|found| found.token.session == caller.session))
}

/// What is asked of the database when the first of two tokens is exchanged for the second.
pub(super) fn exchange_of<'a>(
    app: &App,
    [shown, next]: [&'a TokenHash; 2],
    audience: Audience,
    client: &'a Client,
    now: Timestamp,
) -> Exchange<'a> {
    Exchange {
        shown,
        next,
        until: now + app.config.sessions.idle,
        role: audience.role(),
        client,
        now,
    }
}

/// A refresh token of a session's chain as it is stored.
pub(super) fn link(app: &App, session: &Session, hash: TokenHash, generation: i64, now: Timestamp) -> RefreshToken {
    RefreshToken {
        hash,
        session: session.id,
        generation,
        created_at: now,
        expires_at: end_of_token(app, session, now),
        consumed: None,
    }
}

/// Until when a refresh token may be used that is handed out now: the idle limit or the session's end.
pub(super) fn end_of_token(app: &App, session: &Session, now: Timestamp) -> Timestamp {
    session.expires_at.min(now + app.config.sessions.idle)
}

/// The hash of a token that this server made.
pub(super) fn hash_of(token: &Secret) -> Result<TokenHash> {
    token::hash(token).ok_or_else(|| Error::Broken("a token of our own has the wrong form".to_owned()))
}
