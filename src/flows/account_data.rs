//! A copy of everything that is kept about a person, for the person.

use std::net::IpAddr;

use crate::app::App;
use crate::domain::audit::{Action, Actor, AuditLine, Filter, Outcome};
use crate::domain::letter::{Kind, Queued};
use crate::domain::organization::Membership;
use crate::domain::session::Session;
use crate::domain::{PlatformRole, SessionId, Timestamp, User};
use crate::flows::announce::Deed;
use crate::flows::entry::confirm::Recent;
use crate::flows::{Result, tokens};

/// The newest audit lines that a copy holds.
pub const MOST_EVENTS: u32 = 5_000;
/// The newest letters that it holds.
pub const MOST_LETTERS: u32 = 1_000;

/// What is kept about a person. Passwords, tokens and what letters said are not in it.
#[derive(Debug, Clone)]
pub struct AccountData {
    /// When it was put together.
    pub at: Timestamp,
    /// The account.
    pub user: User,
    /// Platform roles.
    pub roles: Vec<PlatformRole>,
    /// When the password was set; `None` without one.
    pub password_set_at: Option<Timestamp>,
    /// Every session that is kept, live or over; the last used first.
    pub sessions: Vec<Session>,
    /// Organizations with roles.
    pub memberships: Vec<Membership>,
    /// What happened to the account, the newest first; no more than [`MOST_EVENTS`].
    pub events: Vec<Event>,
    /// The letters about the account, the newest first; no more than [`MOST_LETTERS`].
    pub letters: Vec<Queued>,
}

/// An audit line as the person it is about may read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// Who did it.
    pub by: Author,
    /// In or to which session.
    pub session: Option<SessionId>,
    /// From where and with which program; `None` if an admin or operator did it: where they work is their data.
    pub client: Option<(IpAddr, String)>,
    /// A word more.
    pub detail: String,
}

/// Who did something, as far as it is the business of the person it was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The person.
    Themselves,
    /// Another user, as an admin of the site.
    Admin,
    /// An operator at the command line.
    Operator,
    /// Somebody unknown, or the server itself.
    Unknown,
}

impl Event {
    fn of(line: AuditLine, user: &User) -> Self {
        let by = match line.actor {
            Actor::User(actor) if actor == user.id => Author::Themselves,
            Actor::User(_) => Author::Admin,
            Actor::Operator => Author::Operator,
            Actor::System => Author::Unknown,
        };
        let is_told = matches!(by, Author::Themselves | Author::Unknown);
        Self {
            at: line.at,
            action: line.action,
            outcome: line.outcome,
            by,
            session: line.session,
            client: is_told.then_some((line.client.address, line.client.user_agent)),
            detail: line.detail,
        }
    }
}

/// Everything that is kept about the caller, which stands in the audit. Refused with `SignInRequired` if their session
/// ended meanwhile, and with `ReauthenticationRequired` if their password was set meanwhile.
pub async fn copy(app: &App, proof: &Recent) -> Result<AccountData> {
    let caller = proof.caller();
    let (id, by) = (caller.user.id, caller.by());
    let standing = app
        .store
        .write(async |tx| -> Result<_> {
            let standing = tokens::recent_standing(tx, caller).await?;
            let deed = Deed::new(&by, Action::DataExported).to(id);
            deed.in_session(caller.session).note(tx).await?;
            Ok(standing)
        })
        .await?;
    let about_them = Filter {
        subject: Some(id),
        ..Filter::default()
    };
    let mut conn = app.store.read().await?;
    let lines = conn.audit().newest(&about_them, MOST_EVENTS).await?;
    Ok(AccountData {
        at: caller.now,
        roles: standing.roles,
        password_set_at: conn.users().password(id).await?.map(|stored| stored.mark.at()),
        sessions: conn.sessions().kept_of(id).await?,
        memberships: conn.organizations().of_user(id).await?,
        events: lines.into_iter().map(|line| Event::of(line, &standing.user)).collect(),
        letters: without_probes(conn.letters().of_user(id, MOST_LETTERS).await?),
        user: standing.user,
    })
}

/// Whether a code went to an address that the account was to get would tell whether that has an account.
fn without_probes(mut letters: Vec<Queued>) -> Vec<Queued> {
    letters.retain(|queued| queued.letter.kind != Kind::EmailChangeCode);
    letters
}
