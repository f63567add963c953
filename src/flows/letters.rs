//! The outbox: a letter is queued in the transaction of the change that it tells of, and sent later by a worker.

use std::collections::BTreeMap;
use std::time::Duration;

use uuid::Uuid;

use crate::app::App;
use crate::app::pulse::Worker;
use crate::crypto::{random, seal, token};
use crate::domain::letter::{Kind, Letter, Queued, State, pause_after};
use crate::domain::{Appeal, By, Caller, Email, LetterId, Refusal, Timestamp, User, UserId};
use crate::flows::{Error, Result, tokens};
use crate::outside::mail::{self, Mailer, NotSent};
use crate::storage::{self, Tx};

pub use crate::outside::mail::Entry;

/// What a letter says beside fixed words.
pub type Values = BTreeMap<String, String>;

/// How long a letter without a deadline of its own is worth sending (contract v0.22, section 1).
const DEADLINE: Duration = Duration::from_hours(72);
/// Notices of one kind about one account in a day: more tell its owner nothing, and an address that nobody has proved may be somebody
/// else's.
const MOST_NOTICES: i64 = 10;
const DAY: Duration = Duration::from_hours(24);
/// How long the link in a notice is good with which its reader takes the account back.
const APPEALS: Duration = Duration::from_hours(7 * 24);
/// How long a letter waits that only a newer version can write.
const NEWER_VERSION: Duration = Duration::from_mins(10);
/// After the time that sending may take, another worker may take the letter.
const LEASE_MARGIN: Duration = Duration::from_secs(30);
/// An address that was refused for good gets no letters for so long.
const REFUSED_FOR: Duration = Duration::from_hours(24);

/// A letter that is to be queued.
pub(super) struct Queue<'a> {
    pub(super) kind: Kind,
    /// Whose account it is about.
    pub(super) user: Option<UserId>,
    pub(super) to: &'a Email,
    pub(super) language: &'a str,
    pub(super) values: Values,
    /// When it is of no use any more, if not after the usual time.
    pub(super) deadline: Option<Timestamp>,
    /// Whether it is sent at all. One that is not takes as long to queue, and is no letter to anybody.
    pub(super) is_sent: bool,
}

/// Makes an appeal of the owner of the account's present address (`flows::appeals`). Returns what stands in the link. The account
/// is locked before: appeals about it have the order of its changes, whatever clocks say and however long a request has waited.
pub(super) async fn appeal(tx: &mut Tx, by: &By, user: &User) -> Result<String> {
    let secret = token::new();
    let newest = tx.appeals().newest(user.id).await?;
    let created_at = newest.map_or(by.now, |newest| by.now.not_before(newest + Duration::from_micros(1)));
    let appeal = Appeal {
        user: user.id,
        address: user.email.clone(),
        created_at,
        ends_at: created_at + APPEALS,
    };
    tx.appeals().add(&tokens::hash_of(&secret)?, &appeal).await?;
    Ok(secret.expose().to_owned())
}

/// Queues a notice to the owner of an account about something that `by` did. Nothing happens where no mail is sent.
pub(super) async fn notify(app: &App, tx: &mut Tx, by: &By, kind: Kind, user: &User, mut values: Values) -> Result<()> {
    if app.mailer.is_none() || tx.letters().count_since(user.id, kind, by.now - DAY).await? >= MOST_NOTICES {
        return Ok(());
    }
    // An address that nobody has proved may be a stranger's, who must not get the account of somebody who mistyped theirs.
    if kind.has_appeal() && user.email_verified_at.is_some() {
        values.insert("appeal".to_owned(), appeal(tx, by, user).await?);
    }
    let notice = Queue {
        kind,
        user: Some(user.id),
        to: &user.email,
        language: &user.language,
        values,
        deadline: None,
        is_sent: true,
    };
    queue(app, tx, by, notice).await
}

/// Queues a letter in the transaction of the change. Nothing happens where no mail is sent.
pub(super) async fn queue(app: &App, tx: &mut Tx, by: &By, wanted: Queue<'_>) -> Result<()> {
    let now = by.now;
    if app.mailer.is_none() {
        return Ok(());
    }
    let is_refused = tx.letters().is_refused(wanted.to, now - REFUSED_FOR).await?;
    let mut values = wanted.values;
    values.insert("at".to_owned(), now.micros().to_string());
    if by.client.is_remote() {
        values.insert("address".to_owned(), by.client.address.to_string());
        values.insert("program".to_owned(), by.client.user_agent.clone());
    }
    // One that is not sent is queued as well, without words, and dropped by the worker: both take as long, also for what
    // is asked of the database meanwhile.
    let is_none = is_refused || !wanted.is_sent;
    let id = LetterId::new(random::id(now));
    let text = serde_json::to_vec(&values).map_err(|error| Error::Broken(format!("letter {id}: {error}")))?;
    let letter = Letter {
        id,
        kind: wanted.kind,
        user: wanted.user,
        to: wanted.to.clone(),
        language: wanted.language.to_owned(),
        sealed: if is_none {
            Vec::new()
        } else {
            seal::seal(&app.letter_key, &id.to_string(), &text)
        },
        created_at: now,
        deadline: wanted.deadline.unwrap_or(now + DEADLINE),
    };
    tx.letters().add(&letter).await?;
    let pulse = app.pulse.clone();
    tx.after_commit(move || pulse.wake(Worker::Letters));
    Ok(())
}

/// Whether letters to the caller are refused for good, so that for now none is written to them.
pub async fn are_refused(app: &App, caller: &Caller) -> Result<bool> {
    let since = caller.now - REFUSED_FOR;
    let mut conn = app.store.read().await?;
    Ok(conn.letters().is_refused(&caller.user.email, since).await?)
}

/// A letter that this caller alone may send for a while.
pub struct Claimed {
    /// The letter.
    pub letter: Letter,
    /// What it says.
    pub values: Values,
    /// How often it was tried, this time included.
    pub tries: u32,
    lease: Uuid,
}

/// Takes the letter that has been due longest; `None` if none is. Letters that are of no use any more are put aside.
pub async fn claim(app: &App) -> Result<Option<Claimed>> {
    loop {
        let now = app.now();
        if !app.store.read().await?.letters().is_due(now).await? {
            return Ok(None);
        }
        let lease = app.fresh_id();
        let until = now + app.config.mail.timeout + LEASE_MARGIN;
        let claimed = app
            .store
            .write(async |tx| tx.letters().claim(lease, now, until).await)
            .await?;
        let Some(Queued {
            letter, tries, outcome, ..
        }) = claimed
        else {
            return Ok(None);
        };
        if letter.sealed.is_empty() {
            app.store
                .write(async |tx| tx.letters().take_back(letter.id).await)
                .await?;
            continue;
        }
        let what = if letter.deadline <= now {
            format!("it was not sent in time; last: {outcome}")
        } else if letter.kind == Kind::Unknown {
            let due_at = now + NEWER_VERSION;
            let why = "a newer version writes this letter";
            let put_back = async |tx: &mut Tx| tx.letters().postpone(letter.id, lease, due_at, why).await;
            app.store.write(put_back).await?;
            continue;
        } else if let Some(values) = opened(app, &letter) {
            return Ok(Some(Claimed {
                letter,
                values,
                tries,
                lease,
            }));
        } else {
            "what it says cannot be opened with this root secret".to_owned()
        };
        tracing::warn!(letter = %letter.id, kind = letter.kind.name(), "a letter is given up: {what}");
        app.store
            .write(async |tx| tx.letters().settle(letter.id, lease, State::Failed, &what, now).await)
            .await?;
    }
}

fn opened(app: &App, letter: &Letter) -> Option<Values> {
    let text = seal::open(&app.letter_key, &letter.id.to_string(), &letter.sealed)?;
    serde_json::from_slice(&text).ok()
}

/// Notes what came of a letter that was taken. One that may be sent yet is tried again later.
pub async fn settle(app: &App, claimed: &Claimed, outcome: &mail::Outcome) -> Result<()> {
    let (id, lease, now) = (claimed.letter.id, claimed.lease, app.now());
    let ended = |state, words: &str| (state, words.to_owned());
    let (state, words) = match outcome {
        Ok(said) => ended(State::Sent, said),
        Err(NotSent::AddressRefused(why)) => ended(State::Refused, why),
        Err(NotSent::LetterRefused(why)) => ended(State::Failed, why),
        Err(NotSent::Setup(why)) => return postpone(app, claimed, why, None).await,
        Err(NotSent::Later(why, after)) => return postpone(app, claimed, why, *after).await,
    };
    let noted = async |tx: &mut Tx| tx.letters().settle(id, lease, state, &words, now).await;
    app.store.write(noted).await?;
    Ok(())
}

async fn postpone(app: &App, claimed: &Claimed, why: &str, after: Option<Duration>) -> Result<()> {
    let [dice] = random::bytes::<1>();
    let pause = pause_after(claimed.tries, dice).max(after.unwrap_or_default());
    let due_at = app.now() + pause;
    let noted = async |tx: &mut Tx| {
        tx.letters()
            .postpone(claimed.letter.id, claimed.lease, due_at, why)
            .await
    };
    app.store.write(noted).await?;
    Ok(())
}

/// The newest letters first, at most `limit`.
pub async fn list(
    app: &App,
    state: Option<State>,
    before: Option<(Timestamp, LetterId)>,
    limit: u32,
) -> Result<Vec<Queued>> {
    Ok(app.store.read().await?.letters().newest(state, before, limit).await?)
}

/// One letter. Refused with `NotFound`.
pub async fn show(app: &App, id: LetterId) -> Result<Queued> {
    let found = app.store.read().await?.letters().by_id(id).await?;
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// Makes waiting letters due at once, one or all; returns how many. Refused with `NotFound` if the one named does not exist.
pub async fn retry(app: &App, id: Option<LetterId>) -> Result<u64> {
    let now = app.now();
    app.store
        .write(async |tx| -> Result<_> {
            let Some(id) = id else {
                return Ok(tx.letters().hurry_all(now).await?);
            };
            tx.letters().by_id(id).await?.ok_or(Refusal::NotFound)?;
            Ok(u64::from(tx.letters().hurry(id, now).await?))
        })
        .await
}

/// How many letters wait, and since when the oldest of them does.
pub async fn waiting(app: &App) -> storage::Result<(i64, Option<Timestamp>)> {
    app.store.read().await?.letters().waiting().await
}

/// The letters in the inbox of `authara dev`, the newest first; `None` where there is no such inbox.
pub fn inbox(app: &App) -> Option<Vec<Entry>> {
    match &app.mailer {
        Some(Mailer::Inbox(inbox)) => Some(inbox.newest()),
        _ => None,
    }
}
