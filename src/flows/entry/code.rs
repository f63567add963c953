//! In by a code that is mailed to the address of the account (`AUTHARA_LOGIN_CODE_ENABLED`).

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::challenge::{self, Challenge};
use crate::domain::letter::Kind;
use crate::domain::limit::Limit;
use crate::domain::{Audience, By, ChallengeId, Email, Entry, Evidence, Purpose, Refusal, User};
use crate::flows::announce::Deed;
use crate::flows::attempts;
use crate::flows::challenges::{self, Limits, Start};
use crate::flows::ending::{self, Which};
use crate::flows::entry::{self, Outcome};
use crate::flows::letters::{self, Values};
use crate::flows::tokens::SignedIn;
use crate::flows::{Result, allowlist};
use crate::storage::Tx;

/// Not those of a reset: who uses up one still has the other.
const LIMITS: Limits = Limits {
    network: Limit::SignInCodeNetwork,
    address: Limit::SignInCodeAddress,
    mailbox: Limit::SignInCodeMailbox,
};

/// Whether people may sign in so.
pub fn is_possible(app: &App) -> bool {
    app.config.challenges.at_sign_in
}

/// Begins a sign-in. An account that is on gets a code, nobody else gets anything, and the answer is the same.
///
/// Refused with `NotFound` where it is not offered; with `EmailInvalid`; and with `TooMany` after too many from one network or with one
/// address, whether it has an account or not.
pub async fn start(app: &App, by: &By, address: &str) -> Result<ChallengeId> {
    if !is_possible(app) {
        return Err(Refusal::NotFound.into());
    }
    let email = Email::parse(address).ok_or(Refusal::EmailInvalid)?;
    let (attempt, _) = challenges::ask(app, by, &email, None, LIMITS).await?;
    let started = app
        .store
        .write(async |tx| -> Result<_> {
            let user = tx.users().by_email(&email).await?;
            let is_allowed = allowlist::allowed(app, tx, &email).await?;
            let wanted = Start {
                purpose: challenge::Purpose::SignIn,
                address: &email,
                user: user.as_ref(),
                is_passable: is_allowed && user.as_ref().is_some_and(|user| !user.is_disabled()),
                payload: &[],
            };
            challenges::start(app, tx, by, wanted).await
        })
        .await;
    challenges::begun(attempt, started).await
}

/// Signs the person in once the code was entered; all in one transaction.
///
/// Refused with `NotFound` where it is not offered; with `CodeWrong`, also if the account has another address by now or was switched off;
/// with `TooMany` after too many wrong codes from one network; with `ApprovalPending`; and with `AudienceRefused` for an audience that the account has no
/// role for, which leaves the code as it is.
pub async fn complete(app: &App, by: &By, id: ChallengeId, code: &str, wanted: Audience) -> Result<SignedIn> {
    if !is_possible(app) {
        return Err(Refusal::NotFound.into());
    }
    let attempt = challenges::begin(app, by).await?;
    let open = async |tx: &mut Tx, passed: Challenge| open(app, tx, by, passed, wanted).await;
    let redeemed = challenges::redeem(app, by, attempt, (challenge::Purpose::SignIn, id), code, open).await;
    redeemed.and_then(Outcome::signed_in)
}

async fn open(app: &App, tx: &mut Tx, by: &By, passed: Challenge, wanted: Audience) -> Result<Option<Outcome>> {
    let Some(id) = passed.user else { return Ok(None) };
    let Some(user) = tx.users().lock(id).await? else {
        return Ok(None);
    };
    let why = if user.email != passed.address {
        Some("the account has another address by now")
    } else if user.is_disabled() {
        Some("the account is switched off")
    } else if !allowlist::allowed(app, tx, &user.email).await? {
        Some("the address is not on the allowlist")
    } else {
        None
    };
    if let Some(why) = why {
        Deed::new(by, Action::SignIn)
            .refused()
            .detail(why)
            .to(id)
            .note(tx)
            .await?;
        return Ok(None);
    }
    if user.email_verified_at.is_none() {
        take_over(app, tx, &by.user(id), user).await?;
    }
    // What succeeded was no flood.
    let [from_there, mailbox] = attempts::of_mailbox(app, &passed.address, by.client.network());
    tx.budgets().forget(Limit::SignInCodeAddress, &from_there).await?;
    tx.budgets().forget(Limit::SignInCodeMailbox, &mailbox).await?;
    let entry = Entry {
        purpose: Purpose::SignIn,
        wanted,
        is_known: false,
    };
    let evidence = Evidence::Code {
        user: id,
        address: passed.address,
        at: by.now,
    };
    entry::advance(app, tx, by, entry, &evidence).await.map(Some)
}

/// The address is proved by somebody who need not have opened the account: everything with which somebody else could get in
/// ends.
async fn take_over(app: &App, tx: &mut Tx, by: &By, mut user: User) -> Result<()> {
    tx.users().prove_address(user.id, by.now).await?;
    user.email_verified_at = Some(by.now);
    Deed::new(by, Action::EmailProved).to(user.id).note(tx).await?;
    if tx.users().remove_password(user.id).await? {
        let deed = Deed::new(by, Action::PasswordRemoved).to(user.id);
        deed.detail("the address was not proved before").note(tx).await?;
        // It may have been their own.
        letters::notify(app, tx, by, Kind::MethodRemoved, &user, Values::new()).await?;
    }
    tx.challenges().void_of_user(user.id).await?;
    ending::end(tx, by, user.id, Which::All, Action::SessionsRevoked).await?;
    Ok(())
}
