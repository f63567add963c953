//! The way in: the one dispatcher that every path to a session passes.
//!
//! A flow of this folder gathers evidence: it hashes, waits and asks outside, and holds no
//! transaction meanwhile. Then [`advance`] locks the account, compares the evidence with the
//! account as it is now, and opens the session, in one transaction. Nothing else opens one.

pub mod code;
pub mod confirm;
pub mod password;
pub mod sign_up;

use std::net::IpAddr;
use std::time::Duration;

use crate::app::App;
use crate::crypto::{random, token};
use crate::domain::audit::Action;
use crate::domain::letter::Kind;
use crate::domain::session::Session;
use crate::domain::{
    Audience, By, Client, Entry, Evidence, Methods, Purpose, Refusal, SessionId, Step, Timestamp, User,
};
use crate::flows::announce::Deed;
use crate::flows::letters::{self, Values};
use crate::flows::tokens::{self, SignedIn};
use crate::flows::{Error, Result, allowlist};
use crate::storage::Tx;
use crate::storage::sessions::Standing;

/// What an attempt to get in led to.
pub(super) enum Outcome {
    /// A new session.
    SignedIn(Box<SignedIn>),
    /// The session it was for counts as just signed in; this is how it stands now.
    Confirmed(Box<Standing>),
    /// Nothing yet: this is missing. What was proved is used up, so the transaction is to be committed.
    Next(Step),
}

impl Outcome {
    /// The session of an attempt to sign in. Refused with what is missing; the caller has committed what was done before.
    pub(super) fn signed_in(self) -> Result<SignedIn> {
        match self {
            Self::SignedIn(signed_in) => Ok(*signed_in),
            Self::Next(Step::WaitForApproval) => Err(Refusal::ApprovalPending.into()),
            Self::Confirmed(_) => Err(Error::Broken("a sign-in ended as a confirmation".to_owned())),
        }
    }

    /// How the session of an attempt to confirm stands.
    pub(super) fn confirmed(self) -> Result<Standing> {
        match self {
            Self::Confirmed(standing) => Ok(*standing),
            Self::SignedIn(_) | Self::Next(_) => Err(Error::Broken("a confirmation ended as a sign-in".to_owned())),
        }
    }
}

/// The one function that opens a session, and the one that confirms one.
///
/// Refused with `CredentialsWrong` if what was proved no longer holds or the account is gone, with
/// `AccountDisabled`, with `EmailNotAllowed`, with `AudienceRefused` if the account may not have what is wanted, and with
/// `SignInRequired` if the session to confirm has ended.
pub(super) async fn advance(app: &App, tx: &mut Tx, by: &By, entry: Entry, evidence: &Evidence) -> Result<Outcome> {
    let user = tx.users().lock(evidence.user()).await?;
    let user = user.ok_or(Refusal::CredentialsWrong)?;
    if !tx.evidence().redeem(evidence).await? {
        return Err(Refusal::CredentialsWrong.into());
    }
    if !allowlist::allowed(app, tx, &user.email).await? {
        return Err(Refusal::EmailNotAllowed.into());
    }
    let by = by.user(user.id);
    match entry.purpose {
        Purpose::SignIn => open(app, tx, &by, user, entry, evidence).await,
        Purpose::Confirm(session) => confirmed(tx, &by, session, entry.wanted, evidence).await,
    }
}

async fn open(app: &App, tx: &mut Tx, by: &By, user: User, entry: Entry, evidence: &Evidence) -> Result<Outcome> {
    let now = by.now;
    if user.is_waiting() {
        return Ok(Outcome::Next(Step::WaitForApproval));
    }
    let roles = tx.roles().of_user(user.id).await?;
    tokens::admit(&user, &roles, entry.wanted)?;
    if !entry.is_known {
        tell_of_new_client(app, tx, by, &user).await?;
    }
    if user.language.is_empty() && !by.language.is_empty() {
        tx.users().set_language(user.id, &by.language).await?;
    }
    let membership = tx.organizations().default_of(user.id).await?;
    let membership = membership.ok_or_else(|| Error::Broken(format!("user {} is in no organization", user.id)))?;

    let session = Session {
        id: SessionId::new(random::id(now)),
        user: user.id,
        organization: membership.organization,
        created_at: now,
        expires_at: now + app.config.sessions.ttl,
        last_used_at: now,
        authenticated_at: proved_at(evidence, now),
        methods: Methods::from(evidence.method()),
        revoked_at: None,
        client: by.client.clone(),
    };
    let refresh = token::new();
    let first = tokens::link(app, &session, tokens::hash_of(&refresh)?, 0, now);
    tx.sessions().add(&session).await?;
    tx.sessions().add_token(&first).await?;
    tx.sessions()
        .delete_surplus(user.id, session.id, app.config.sessions.most_per_user, now)
        .await?;
    Deed::new(by, Action::SignIn)
        .to(user.id)
        .in_session(session.id)
        .detail(evidence.method().name())
        .note(tx)
        .await?;

    let standing = Standing {
        session,
        user,
        membership: Some(membership),
        roles,
    };
    let password = tx.users().password(standing.user.id).await?.map(|stored| stored.mark);
    let signed_in = tokens::issue(app, standing, entry.wanted, refresh, now)?;
    Ok(Outcome::SignedIn(Box::new(SignedIn { password, ..signed_in })))
}

/// Letters of sign-ins from new browsers in a day: more tell the owner nothing, and would bury what else they get.
const MOST_LETTERS: i64 = 3;
const DAY: Duration = Duration::from_hours(24);

/// Tells the owner of a sign-in with a program, or from a network, that no session of theirs has had.
async fn tell_of_new_client(app: &App, tx: &mut Tx, by: &By, user: &User) -> Result<()> {
    let clients = tx
        .sessions()
        .clients_of(user.id, app.config.sessions.most_per_user)
        .await?;
    let is_known = |(address, user_agent): &(IpAddr, String)| {
        *user_agent == by.client.user_agent && Client::new(*address, "").network() == by.client.network()
    };
    if clients.iter().any(is_known)
        || tx.letters().count_since(user.id, Kind::NewSignIn, by.now - DAY).await? >= MOST_LETTERS
    {
        return Ok(());
    }
    letters::notify(app, tx, by, Kind::NewSignIn, user, Values::new()).await
}

/// From now on the session counts as just signed in.
async fn confirmed(tx: &mut Tx, by: &By, session: SessionId, wanted: Audience, evidence: &Evidence) -> Result<Outcome> {
    let found = tx.sessions().standing(session).await?;
    let is_open = |standing: &Standing| {
        standing.user.id == evidence.user()
            && standing.session.is_live(by.now)
            && tokens::admit(&standing.user, &standing.roles, wanted).is_ok()
    };
    let mut standing = found.filter(is_open).ok_or(Refusal::SignInRequired)?;

    standing.session.authenticated_at = proved_at(evidence, by.now);
    standing.session.methods = standing.session.methods.and(evidence.method());
    tx.sessions()
        .reauthenticated(session, &standing.session.methods, standing.session.authenticated_at)
        .await?;
    Deed::new(by, Action::Reauthentication)
        .to(evidence.user())
        .in_session(session)
        .detail(evidence.method().name())
        .note(tx)
        .await?;
    Ok(Outcome::Confirmed(Box::new(standing)))
}

/// When it was proved. The clock of the instance that set the password may be a little ahead of this
/// one: a proof that seems older than what it proves would count for nothing.
fn proved_at(evidence: &Evidence, now: Timestamp) -> Timestamp {
    now.not_before(evidence.since())
}
