//! Another address for an account, or the proof of the one that it has: by a code that is mailed there and counts only in the
//! session that asked for it.

use uuid::Uuid;

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::challenge::{Challenge, Purpose};
use crate::domain::letter::Kind;
use crate::domain::limit::Limit;
use crate::domain::{By, Caller, ChallengeId, Email, Refusal, Secret, SessionId, User};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::challenges::{self, Start};
use crate::flows::entry::confirm;
use crate::flows::letters::{self, Queue, Values};
use crate::flows::tokens::{self, Renewed};
use crate::flows::{Result, allowlist};
use crate::storage::Tx;

/// Whether the caller has to prove the account's address before they go on (`AUTHARA_EMAIL_VERIFICATION_REQUIRED`).
pub fn must_be_proved(app: &App, user: &User) -> bool {
    app.config.challenges.is_proof_required && user.email_verified_at.is_none()
}

/// Begins to give the caller's account another address, or to prove the one it has. A code goes to an address that is free and allowed, or the
/// account's own, nothing to another one, and the answer is the same.
///
/// Refused with `NotFound` where no mail is sent; with `EmailInvalid` and `EmailDisposable`; with `EmailSame` if it is the account's and proved; with
/// `ReauthenticationRequired` without a recent proof, unless it is the account's own; with `TooMany` after too many; and with `SignInRequired` if the session ended meanwhile.
pub async fn start(app: &App, caller: &Caller, address: &str) -> Result<ChallengeId> {
    if !challenges::can_be_mailed(app) {
        return Err(Refusal::NotFound.into());
    }
    let email = Email::parse(address).ok_or(Refusal::EmailInvalid)?;
    let is_own = email == caller.user.email;
    if is_own && caller.user.email_verified_at.is_some() {
        return Err(Refusal::EmailSame.into());
    }
    let caller = if is_own {
        caller.clone()
    } else {
        allowlist::refuse_disposable(app, &email)?;
        confirm::earned(app, caller).await?.caller().clone()
    };
    let by = caller.by();
    let user = caller.user.id;
    let attempt = Try::new(app, &by)
        .of_account(Limit::EmailChangeAccount, attempts::of_user(app, user), Some(user))
        .await?;
    // Letters to the account's own address are its owner's: nobody else can use them up.
    let attempt = if is_own {
        attempt
    } else {
        let [_, mailbox] = attempts::of_mailbox(app, &email, by.client.network());
        attempt
            .in_network(Limit::EmailChangeNetwork)
            .await?
            .of_account(Limit::EmailChangeMailbox, mailbox, None)
            .await?
    };
    // What is kept until the code was entered.
    let payload = *caller.session.uuid().as_bytes();
    let started = app
        .store
        .write(async |tx| -> Result<_> {
            let standing = tokens::standing(tx, &caller).await?;
            // The account may have another address since the request came in.
            if standing.user.email != email {
                tokens::recent_standing(tx, &caller).await?;
            }
            let owner = tx.users().by_email(&email).await?;
            let is_allowed = allowlist::allowed(app, tx, &email).await?;
            let wanted = Start {
                purpose: Purpose::EmailChange,
                address: &email,
                user: Some(&caller.user),
                is_passable: is_allowed && owner.is_none_or(|owner| owner.id == user),
                payload: &payload,
            };
            challenges::start(app, tx, &by, wanted).await
        })
        .await;
    challenges::begun(attempt, started).await
}

/// Gives the account the address once the code was entered in the session that asked for it; the account has proved it then. The
/// address before is told, with a link that undoes it. Codes that were under way are worth nothing any more.
///
/// The session goes on with fresh tokens, also of the refresh token that is shown. Refused with `CodeWrong`; with `TooMany` after too many wrong codes from one
/// network; and with `SignInRequired` if the session ended meanwhile.
pub async fn complete(
    app: &App,
    caller: &Caller,
    id: ChallengeId,
    code: &str,
    refresh: Option<&Secret>,
) -> Result<Renewed> {
    let by = caller.by();
    let attempt = challenges::begin(app, &by).await?;
    let begun = app.store.read().await?.challenges().by_id(id).await;
    let (attempt, begun) = attempt.or_undo(begun).await?;
    // Nobody uses up what another session began.
    let is_own =
        |begun: &Challenge| begun.user == Some(caller.user.id) && session_of(app, begun) == Some(caller.session);
    if !begun.is_some_and(|begun| is_own(&begun)) {
        return challenges::worthless(attempt);
    }
    let set = async |tx: &mut Tx, passed: Challenge| set(app, tx, &by, caller, &passed, refresh).await;
    challenges::redeem(app, &by, attempt, (Purpose::EmailChange, id), code, set).await
}

/// The session that began it; `None` if it is over.
fn session_of(app: &App, begun: &Challenge) -> Option<SessionId> {
    let payload = challenges::payload(app, begun).ok()?;
    Uuid::from_slice(&payload).ok().map(SessionId::new)
}

async fn set(
    app: &App,
    tx: &mut Tx,
    by: &By,
    caller: &Caller,
    passed: &Challenge,
    refresh: Option<&Secret>,
) -> Result<Option<Renewed>> {
    let mut standing = tokens::standing(tx, caller).await?;
    let before = standing.user.clone();
    let owner = tx.users().by_email(&passed.address).await?;
    let is_taken = owner.is_some_and(|owner| owner.id != before.id);
    if is_taken || !allowlist::allowed(app, tx, &passed.address).await? {
        return Ok(None);
    }
    attempts::forget(app, tx, &before, by.now).await?;
    if !tx.users().set_address(before.id, &passed.address, by.now).await? {
        // Taken in this very moment. Nothing is done, and the code is not used up.
        return Err(Refusal::CodeWrong.into());
    }
    tx.challenges().void_of_user(before.id).await?;
    tx.challenges().void_all_of_address(&passed.address).await?;
    standing.user.email = passed.address.clone();
    standing.user.email_verified_at = Some(by.now);
    let is_another = before.email != passed.address;
    let action = if is_another {
        Action::EmailChanged
    } else {
        Action::EmailProved
    };
    Deed::new(by, action)
        .to(before.id)
        .in_session(caller.session)
        .note(tx)
        .await?;
    if is_another {
        tell(app, tx, by, &before, &standing.user).await?;
    }
    tokens::renew(app, tx, caller, standing, refresh).await.map(Some)
}

/// Tells both addresses. An address that was never proved may be a stranger's, and is told nothing.
async fn tell(app: &App, tx: &mut Tx, by: &By, before: &User, now: &User) -> Result<()> {
    if before.email_verified_at.is_some() {
        let appeal = letters::appeal(tx, by, before).await?;
        let notice = Queue {
            kind: Kind::EmailChangedOld,
            user: Some(before.id),
            to: &before.email,
            language: &before.language,
            values: Values::from([("appeal".to_owned(), appeal)]),
            deadline: None,
            is_sent: true,
        };
        letters::queue(app, tx, by, notice).await?;
    }
    letters::notify(app, tx, by, Kind::EmailChangedNew, now, Values::new()).await
}
