//! Codes by mail: begun, sent again, entered. What a right code does is the business of the flow that began it, and happens
//! in the same transaction.

use uuid::Uuid;
use zeroize::Zeroizing;

use crate::app::App;
use crate::crypto::{code, random, seal};
use crate::domain::audit::Action;
use crate::domain::challenge::{Challenge, Purpose};
use crate::domain::letter::Kind;
use crate::domain::limit::Limit;
use crate::domain::password::Password;
use crate::domain::{By, ChallengeId, Email, Refusal, Secret, User, UserId};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::letters::{self, Queue, Values};
use crate::flows::{Error, Result};
use crate::storage::Tx;

/// Nobody has this id.
const NOBODY: UserId = UserId::new(Uuid::nil());

/// A challenge that is to begin.
pub(super) struct Start<'a> {
    pub(super) purpose: Purpose,
    pub(super) address: &'a Email,
    /// The account of that address, or the one that is to get it, if there is one.
    pub(super) user: Option<&'a User>,
    /// Whether a code opens anything. Where none does, nobody can tell.
    pub(super) is_passable: bool,
    /// What is needed at the end.
    pub(super) payload: &'a [u8],
}

/// The limits on asking for letters: from one network, to one address from there, and to one mailbox from everywhere.
pub(super) struct Limits {
    pub(super) network: Limit,
    pub(super) address: Limit,
    pub(super) mailbox: Limit,
}

/// Whether codes can be mailed at all.
pub fn can_be_mailed(app: &App) -> bool {
    app.mailer.is_some()
}

/// Takes the places of somebody, perhaps a stranger, who asks for a letter to an address, and hashes the password that was given along
/// with it. Refused with `TooMany`, whether the address has an account or not, and with `Busy`.
pub(super) async fn ask<'a>(
    app: &'a App,
    by: &'a By,
    email: &Email,
    password: Option<Password>,
    limits: Limits,
) -> Result<(Try<'a>, Option<String>)> {
    let account = attempts::of_address(app, email);
    let [from_there, mailbox] = attempts::of_mailbox(app, email, by.client.network());
    let mut attempt = Try::new(app, by).sharing(&account);
    if password.is_some() {
        attempt = attempt.with_room()?;
    }
    let attempt = attempt
        .in_network(limits.network)
        .await?
        .of_account(limits.address, from_there, None)
        .await?
        .of_account(limits.mailbox, mailbox, None)
        .await?;
    let Some(password) = password else {
        return Ok((attempt, None));
    };
    let hash = app.hasher.hash(attempt.share(), password).await;
    let (attempt, hash) = attempt.or_undo(hash).await?;
    Ok((attempt, Some(hash)))
}

/// What became of the beginning of a challenge: each counts.
pub(super) async fn begun(attempt: Try<'_>, started: Result<ChallengeId>) -> Result<ChallengeId> {
    match started {
        Ok(_) => attempt.failed(),
        Err(_) => attempt.undo().await,
    }
    started
}

/// Begins a challenge in the caller's transaction. Earlier codes of the same purpose for the address, or the account that is to get it,
/// are worthless from now on.
pub(super) async fn start(app: &App, tx: &mut Tx, by: &By, wanted: Start<'_>) -> Result<ChallengeId> {
    let (terms, now) = (&app.config.challenges.terms, by.now);
    let id = ChallengeId::new(Uuid::from_bytes(random::bytes()));
    let fresh = code::fresh();
    let hash = code::hash(&app.code_key, id, &fresh);
    // The account may be gone since it was looked up.
    let user = tx.users().lock(wanted.user.map_or(NOBODY, |user| user.id)).await?;
    let is_passable = wanted.is_passable && user.is_some() == wanted.user.is_some();
    match user.as_ref().filter(|_| wanted.purpose == Purpose::EmailChange) {
        Some(user) => tx.challenges().void_of_user_for(wanted.purpose, user.id).await?,
        None => tx.challenges().void_of_address(wanted.purpose, wanted.address).await?,
    };
    let challenge = Challenge {
        id,
        purpose: wanted.purpose,
        address: wanted.address.clone(),
        user: user.as_ref().map(|user| user.id),
        code: is_passable.then_some(hash),
        code_ends_at: now + terms.code_life.min(terms.life),
        sealed: seal::seal(&app.challenge_key, &id.to_string(), wanted.payload),
        attempts: 0,
        resends: 0,
        sent_at: now,
        created_at: now,
        ends_at: now + terms.life,
        redeemed_at: None,
    };
    tx.challenges().add(&challenge).await?;
    let language = user.as_ref().map_or("", |user| user.language.as_str());
    let language = if language.is_empty() { &by.language } else { language };
    send(app, tx, by, &challenge, &fresh, language).await?;
    Ok(id)
}

/// Queues the letter with the code. Where no code opens anything, another letter or one that is never sent is queued in its place, so
/// that both take as long.
async fn send(app: &App, tx: &mut Tx, by: &By, challenge: &Challenge, code: &Secret, language: &str) -> Result<()> {
    let is_passable = challenge.code.is_some();
    let kind = match challenge.purpose {
        Purpose::SignUp if is_passable => Kind::SignUpCode,
        Purpose::SignUp => Kind::SignUpKnown,
        Purpose::PasswordReset => Kind::PasswordResetCode,
        Purpose::EmailChange => Kind::EmailChangeCode,
        Purpose::SignIn => Kind::SignInCode,
    };
    let code = if is_passable { code.expose() } else { "" };
    let queue = Queue {
        kind,
        user: challenge.user,
        to: &challenge.address,
        language,
        values: Values::from([("code".to_owned(), code.to_owned())]),
        deadline: Some(challenge.code_ends_at),
        // The owner of an account is told once, and not for every further code.
        is_sent: is_passable || (kind == Kind::SignUpKnown && challenge.user.is_some() && challenge.resends == 0),
    };
    letters::queue(app, tx, by, queue).await
}

/// Locks the person, then the challenge: every flow locks in this order. Somebody is looked for also where nobody is meant, so that both
/// take as long.
async fn hold(tx: &mut Tx, id: ChallengeId) -> Result<Option<Challenge>> {
    let seen = tx.challenges().by_id(id).await?;
    let user = seen.and_then(|challenge| challenge.user);
    tx.users().lock(user.unwrap_or(NOBODY)).await?;
    Ok(tx.challenges().lock(id).await?)
}

/// Compares a code in the caller's transaction, which locks the challenge. The challenge, if it was right: it is used up with the
/// transaction, unless that fails; of parallel callers with the right code one gets through. `None` if it was wrong, or the
/// challenge is over, or there is none: the transaction must be committed, so that it counts.
async fn enter(
    app: &App,
    tx: &mut Tx,
    by: &By,
    (purpose, id): (Purpose, ChallengeId),
    typed: &str,
) -> Result<Option<Challenge>> {
    let (terms, now) = (&app.config.challenges.terms, by.now);
    let found = hold(tx, id).await?;
    let open = found.filter(|challenge| challenge.purpose == purpose && challenge.is_open(terms, now));
    let Some(challenge) = open else {
        return Ok(None);
    };
    let typed = code::typed(typed).map(|code| code::hash(&app.code_key, id, &code));
    if !typed.is_some_and(|code| challenge.is_right(&code, now)) {
        tx.challenges().count_attempt(id).await?;
        let deed = Deed::new(by, Action::CodeRefused).refused().detail(purpose.name());
        let deed = match challenge.user {
            Some(user) => deed.to(user),
            None => deed,
        };
        deed.note(tx).await?;
        return Ok(None);
    }
    let is_first = tx.challenges().redeem(id, now).await?;
    Ok(is_first.then_some(challenge))
}

/// Enters a code, and does in the same transaction what it is for. `effect` gives `None` if what the challenge was about
/// has changed since, so that its code is worth nothing.
///
/// Refused with `CodeWrong`, which counts.
pub(super) async fn redeem<T, F>(
    app: &App,
    by: &By,
    attempt: Try<'_>,
    (purpose, id): (Purpose, ChallengeId),
    code: &str,
    effect: F,
) -> Result<T>
where
    F: AsyncFnOnce(&mut Tx, Challenge) -> Result<Option<T>>,
{
    let done = app
        .store
        .write(async |tx| -> Result<_> {
            match enter(app, tx, by, (purpose, id), code).await? {
                Some(challenge) => effect(tx, challenge).await,
                None => Ok(None),
            }
        })
        .await;
    conclude(attempt, done).await
}

/// What was sealed when the challenge began.
pub(super) fn payload(app: &App, challenge: &Challenge) -> Result<Zeroizing<Vec<u8>>> {
    let opened = seal::open(&app.challenge_key, &challenge.id.to_string(), &challenge.sealed);
    opened.ok_or_else(|| {
        Error::Broken(format!(
            "challenge {} cannot be opened with this root secret",
            challenge.id
        ))
    })
}

/// Takes a place among those who may enter codes. Refused with `TooMany` after too many wrong ones from one network.
pub(super) async fn begin<'a>(app: &'a App, by: &'a By) -> Result<Try<'a>> {
    Try::new(app, by).in_network(Limit::ChallengeVerify).await
}

/// A code that is worth nothing whatever it is: it counts, and is refused with `CodeWrong`.
pub(super) fn worthless<T>(attempt: Try<'_>) -> Result<T> {
    attempt.failed();
    Err(Refusal::CodeWrong.into())
}

/// What became of a code that was entered; `None` for one that is worth nothing, which is refused with `CodeWrong` and counts.
async fn conclude<T>(attempt: Try<'_>, entered: Result<Option<T>>) -> Result<T> {
    match entered {
        Ok(Some(done)) => {
            attempt.spare();
            Ok(done)
        }
        Ok(None) => worthless(attempt),
        Err(error) => {
            attempt.undo().await;
            Err(error)
        }
    }
}

/// Sends another code, after which no earlier one is right. Nothing happens, and nobody is told, if there is no such challenge or
/// it may have no further code. Refused with `TooMany` after too many from one network.
pub async fn resend(app: &App, by: &By, id: ChallengeId) -> Result<()> {
    let attempt = Try::new(app, by).in_network(Limit::ChallengeResend).await?;
    let terms = &app.config.challenges.terms;
    let sent = app
        .store
        .write(async |tx| -> Result<()> {
            let found = hold(tx, id).await?;
            let Some(mut challenge) = found.filter(|challenge| challenge.may_resend(terms, by.now)) else {
                return Ok(());
            };
            let fresh = code::fresh();
            challenge.code = challenge.code.map(|_| code::hash(&app.code_key, id, &fresh));
            challenge.code_ends_at = challenge.ends_at.min(by.now + terms.code_life);
            challenge.resends += 1;
            let (code, ends_at) = (challenge.code.as_ref(), challenge.code_ends_at);
            tx.challenges().renew(id, code, ends_at, by.now).await?;
            send(app, tx, by, &challenge, &fresh, &by.language).await
        })
        .await;
    match sent {
        Ok(()) => attempt.failed(),
        Err(_) => attempt.undo().await,
    }
    sent
}

/// The address that a challenge is to prove, for the one who began it; empty if it is gone.
pub async fn address(app: &App, id: ChallengeId) -> Result<String> {
    let found = app.store.read().await?.challenges().by_id(id).await?;
    Ok(found.map_or_else(String::new, |challenge| challenge.address.as_str().to_owned()))
}
