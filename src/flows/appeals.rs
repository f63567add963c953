//! "This was not me": the owner of an address takes an account back, by a link in a letter that told of a change.
//!
//! An appeal gives the account the address again to which the letter went, and ends everything with which somebody else
//! may have got in: the password, all sessions, and codes under way. Then a reset begins for a new password. It beats
//! whatever came after its letter: appeals that were sent later are worth nothing any more, earlier ones stay.

use crate::app::App;
use crate::crypto::token;
use crate::domain::audit::Action;
use crate::domain::{Appeal, By, ChallengeId, Email, Refusal, Secret, User};
use crate::flows::announce::Deed;
use crate::flows::ending::{self, Which};
use crate::flows::{Result, account, attempts, reset};
use crate::storage::Tx;

/// Whether a link can be used. Refused with `LinkOver`.
pub async fn check(app: &App, by: &By, link: &Secret) -> Result<()> {
    let hash = token::hash(link).ok_or(Refusal::LinkOver)?;
    let found = app.store.read().await?.appeals().by_hash(&hash).await?;
    let open = found.filter(|appeal| appeal.is_open(by.now));
    Ok(open.map(drop).ok_or(Refusal::LinkOver)?)
}

/// Takes the account back, and begins a reset of its password. `address` is typed by the person, and must be the one to which the
/// letter went: mail scanners also press buttons, and type nothing.
///
/// Refused with `LinkOver` if the link was used or is too old, with `AppealAddressWrong`, and with `EmailElsewhere` if the address has an account of its own
/// by now, whose owner has proved it.
pub async fn redeem(app: &App, by: &By, link: &Secret, address: &str) -> Result<ChallengeId> {
    let hash = token::hash(link).ok_or(Refusal::LinkOver)?;
    app.store
        .write(async |tx| -> Result<_> {
            let seen = tx.appeals().by_hash(&hash).await?.ok_or(Refusal::LinkOver)?;
            let user = tx.users().lock(seen.user).await?.ok_or(Refusal::LinkOver)?;
            // Of two at once the second finds it used.
            let found = tx.appeals().by_hash(&hash).await?;
            let appeal = found.filter(|appeal| appeal.is_open(by.now)).ok_or(Refusal::LinkOver)?;
            if Email::parse(address).as_ref() != Some(&appeal.address) {
                return Err(Refusal::AppealAddressWrong.into());
            }
            take_back(app, tx, by, user, appeal).await
        })
        .await
}

async fn take_back(app: &App, tx: &mut Tx, by: &By, mut user: User, appeal: Appeal) -> Result<ChallengeId> {
    let now = by.now;
    attempts::forget(app, tx, &user, now).await?;
    if user.email != appeal.address {
        if let Some(other) = tx.users().by_email(&appeal.address).await? {
            make_way(app, tx, by, &other).await?;
        }
        if !tx.users().set_address(user.id, &appeal.address, now).await? {
            return Err(Refusal::EmailElsewhere.into());
        }
        user.email = appeal.address;
    }
    let by = &by.user(user.id);
    tx.users().prove_address(user.id, now).await?;
    tx.users().remove_password(user.id).await?;
    tx.challenges().void_of_user(user.id).await?;
    tx.challenges().void_all_of_address(&user.email).await?;
    tx.appeals().delete_since(user.id, appeal.created_at).await?;
    Deed::new(by, Action::TakenBack).to(user.id).note(tx).await?;
    ending::end(tx, by, user.id, Which::All, Action::SessionsRevoked).await?;
    reset::begin(app, tx, by, &user.email, Some(&user), &[]).await
}

/// Somebody has signed up with the address meanwhile. Without a proof of it, that was not its owner.
async fn make_way(app: &App, tx: &mut Tx, by: &By, other: &User) -> Result<()> {
    let other = tx.users().lock(other.id).await?.ok_or(Refusal::EmailElsewhere)?;
    if other.email_verified_at.is_some() {
        return Err(Refusal::EmailElsewhere.into());
    }
    account::remove(app, tx, &other, by.now).await?;
    Deed::new(by, Action::Expired).to(other.id).note(tx).await?;
    Ok(())
}
