//! A new password for somebody who has forgotten theirs, or has none: by a code that is mailed to the address of the account.

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::challenge::{Challenge, Purpose};
use crate::domain::letter::Kind;
use crate::domain::limit::Limit;
use crate::domain::{By, ChallengeId, Email, Refusal, Secret, User};
use crate::flows::announce::Deed;
use crate::flows::attempts;
use crate::flows::challenges::{self, Limits, Start};
use crate::flows::ending::{self, Which};
use crate::flows::letters::{self, Values};
use crate::flows::{Error, Result, password};
use crate::storage::Tx;

const LIMITS: Limits = Limits {
    network: Limit::ResetAddress,
    address: Limit::ResetAccount,
    mailbox: Limit::ResetMailbox,
};

/// Begins a reset. An account that is on gets a code, nobody else gets anything, and the answer is the same. `new` is the password to
/// set, for programs that ask for it first; it counts only for the caller who enters the code.
///
/// Refused with `NotFound` where no mail is sent; with `TooMany` after too many from one network or with one address, whether it has an account or not; with
/// `Busy`; and for what is wrong with address or password.
pub async fn start(app: &App, by: &By, address: &str, new: Option<&Secret>) -> Result<ChallengeId> {
    if !challenges::can_be_mailed(app) {
        return Err(Refusal::NotFound.into());
    }
    let email = Email::parse(address).ok_or(Refusal::EmailInvalid)?;
    let new = new.map(|text| password::choose(app, text, &email, None)).transpose()?;
    let (attempt, hash) = challenges::ask(app, by, &email, new, LIMITS).await?;
    let hash = hash.unwrap_or_default();
    let started = app
        .store
        .write(async |tx| -> Result<_> {
            let user = tx.users().by_email(&email).await?;
            let user = user.as_ref();
            begin(app, tx, by, &email, user, hash.as_bytes()).await
        })
        .await;
    challenges::begun(attempt, started).await
}

/// Begins a reset in the caller's transaction. `hash` is of the password to set, or empty.
pub(super) async fn begin(
    app: &App,
    tx: &mut Tx,
    by: &By,
    email: &Email,
    user: Option<&User>,
    hash: &[u8],
) -> Result<ChallengeId> {
    let wanted = Start {
        purpose: Purpose::PasswordReset,
        address: email,
        user,
        is_passable: user.is_some_and(|user| !user.is_disabled()),
        payload: hash,
    };
    challenges::start(app, tx, by, wanted).await
}

/// Sets the password that [`start`] was given, once the code was entered. All sessions of the account end, and nobody is signed in.
/// Refused with `CodeWrong`, and with `TooMany` after too many wrong codes from one network.
pub async fn complete(app: &App, by: &By, id: ChallengeId, code: &str) -> Result<()> {
    let attempt = challenges::begin(app, by).await?;
    let set = async |tx: &mut Tx, passed: Challenge| set_named(app, tx, by, &passed).await;
    challenges::redeem(app, by, attempt, (Purpose::PasswordReset, id), code, set).await
}

/// The same with a password that is chosen only now.
///
/// Refused with `CodeWrong`, with `TooMany`, with `Busy`, and for what is wrong with the password.
pub async fn complete_with(app: &App, by: &By, id: ChallengeId, code: &str, new: &Secret) -> Result<()> {
    let attempt = challenges::begin(app, by).await?;
    let begun = app.store.read().await?.challenges().by_id(id).await;
    let (attempt, begun) = attempt.or_undo(begun).await?;
    let terms = &app.config.challenges.terms;
    let Some(open) = begun.filter(|challenge| challenge.is_open(terms, by.now)) else {
        return challenges::worthless(attempt);
    };
    // No account is charged: anybody may begin a reset for it.
    let (attempt, chosen) = attempt.or_undo(password::choose(app, new, &open.address, None)).await?;
    let hash = app.hasher.hash(attempt.share(), chosen).await;
    let (attempt, hash) = attempt.or_undo(hash).await?;
    let set = async |tx: &mut Tx, passed: Challenge| set(app, tx, by, &passed, &hash).await;
    challenges::redeem(app, by, attempt, (Purpose::PasswordReset, id), code, set).await
}

/// Sets the password that was named when the reset began; none was where it began on a page.
async fn set_named(app: &App, tx: &mut Tx, by: &By, passed: &Challenge) -> Result<Option<()>> {
    let payload = challenges::payload(app, passed)?;
    match std::str::from_utf8(&payload) {
        Ok("") => Ok(None),
        Ok(hash) => set(app, tx, by, passed, hash).await,
        Err(error) => Err(Error::Broken(format!("challenge {}: {error}", passed.id))),
    }
}

/// Sets the password of the account that the challenge was about, if it still has that address and is on. Everything ends that was there before
/// the owner proved to be one: sessions, and codes under way.
async fn set(app: &App, tx: &mut Tx, by: &By, passed: &Challenge, hash: &str) -> Result<Option<()>> {
    let Some(id) = passed.user else { return Ok(None) };
    let found = tx.users().lock(id).await?;
    let is_theirs = |user: &User| user.email == passed.address && !user.is_disabled();
    let Some(user) = found.filter(is_theirs) else {
        return Ok(None);
    };
    let by = by.user(user.id);
    tx.users().set_password(user.id, hash, by.now).await?;
    tx.users().prove_address(user.id, by.now).await?;
    tx.challenges().void_of_user(user.id).await?;
    attempts::forget(app, tx, &user, by.now).await?;
    Deed::new(&by, Action::PasswordChanged)
        .to(user.id)
        .detail("reset")
        .note(tx)
        .await?;
    letters::notify(app, tx, &by, Kind::PasswordChanged, &user, Values::new()).await?;
    ending::end(tx, &by, user.id, Which::All, Action::SessionsRevoked).await?;
    Ok(Some(()))
}
