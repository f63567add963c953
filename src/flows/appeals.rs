//! "This was not me": the owner of an address takes an account back, by a link in a letter that told of a change.
//!
//! An appeal gives the account the address again to which the letter went, and ends everything with which somebody else
//! may have got in: the password, all sessions, and codes under way. Then a reset begins for a new password. It beats
//! whatever came after its letter: appeals that were sent later are worth nothing any more, earlier ones stay.

use crate::app::App;
use crate::crypto::token;
use crate::domain::audit::Action;
use crate::domain::letter::Kind;
use crate::domain::{Appeal, By, ChallengeId, Email, Refusal, Secret, User};
use crate::flows::announce::Deed;
use crate::flows::ending::{self, Which};
use crate::flows::letters::{self, Values};
use crate::flows::{Error, Result, account, attempts, challenges, reset};
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
/// Refused with `NotFound` where no mail is sent any more, with `LinkOver` if the link was used or is too old, with `AppealAddressWrong`, with `AccountDisabled`, and with `EmailElsewhere` if the address has an account of its own
/// by now, which cannot make way.
pub async fn redeem(app: &App, by: &By, link: &Secret, address: &str) -> Result<ChallengeId> {
    if !challenges::can_be_mailed(app) {
        return Err(Refusal::NotFound.into());
    }
    let hash = token::hash(link).ok_or(Refusal::LinkOver)?;
    let redeemed = app
        .store
        .write(async |tx| -> Result<_> {
            let seen = tx.appeals().by_hash(&hash).await?.ok_or(Refusal::LinkOver)?;
            let held = hold(tx, &seen).await?;
            // Of two at once the second finds it used.
            let found = tx.appeals().by_hash(&hash).await?;
            let appeal = found.filter(|appeal| appeal.is_open(by.now)).ok_or(Refusal::LinkOver)?;
            if Email::parse(address).as_ref() != Some(&appeal.address) {
                return Err(Refusal::AppealAddressWrong.into());
            }
            take_back(app, tx, by, held, appeal).await
        })
        .await;
    if let Err(Error::Refused(refusal @ (Refusal::AppealAddressWrong | Refusal::EmailElsewhere))) = &redeemed {
        Deed::new(by, Action::TakenBack)
            .refused()
            .detail(refusal.to_string())
            .note_alone(app)
            .await?;
    }
    redeemed
}

/// An account that is to be taken back, and the one that has its address meanwhile; both locked.
struct Held {
    user: User,
    other: Option<User>,
}

/// Locks in the order of every flow: admins, then people, here by their ids.
async fn hold(tx: &mut Tx, appeal: &Appeal) -> Result<Held> {
    let other = tx.users().by_email(&appeal.address).await?.map(|other| other.id);
    let other = other.filter(|other| *other != appeal.user);
    if let Some(other) = other {
        account::spare_last_admin(tx, other).await.map_err(stays)?;
    }
    let mut ids = vec![appeal.user];
    ids.extend(other);
    ids.sort_unstable();
    let (mut user, mut found) = (None, None);
    for id in ids {
        let locked = tx.users().lock(id).await?;
        if id == appeal.user {
            user = locked;
        } else {
            found = locked;
        }
    }
    Ok(Held {
        user: user.ok_or(Refusal::LinkOver)?,
        // It may have another address by now.
        other: found.filter(|other| other.email == appeal.address),
    })
}

/// An account that cannot be removed keeps its address, whatever the reason. A breakage stays one.
fn stays(error: Error) -> Error {
    match error {
        Error::Refused(_) => Refusal::EmailElsewhere.into(),
        other => other,
    }
}

async fn take_back(app: &App, tx: &mut Tx, by: &By, held: Held, appeal: Appeal) -> Result<ChallengeId> {
    let now = by.now;
    let Held { mut user, other } = held;
    if user.is_disabled() {
        return Err(Refusal::AccountDisabled.into());
    }
    let before = user.clone();
    if user.email != appeal.address {
        if let Some(other) = other {
            make_way(app, tx, by, &other).await?;
        }
        if !tx.users().set_address(user.id, &appeal.address, now).await? {
            return Err(Refusal::EmailElsewhere.into());
        }
        user.email = appeal.address;
        if before.email_verified_at.is_some() {
            letters::notify(app, tx, by, Kind::TakenBack, &before, Values::new()).await?;
        }
    }
    let by = &by.user(user.id);
    tx.users().prove_address(user.id, now).await?;
    user.email_verified_at = Some(now);
    attempts::forget(app, tx, &user, now).await?;
    tx.users().remove_password(user.id).await?;
    tx.challenges().void_of_user(user.id).await?;
    tx.challenges().void_all_of_address(&user.email).await?;
    tx.appeals().delete_since(user.id, appeal.created_at).await?;
    Deed::new(by, Action::TakenBack).to(user.id).note(tx).await?;
    ending::end(tx, by, user.id, Which::All, Action::SessionsRevoked).await?;
    reset::begin(app, tx, by, &user.email, Some(&user), &[]).await
}

/// Somebody has signed up with the address meanwhile. Without a proof of it, that was not its owner; an account that an operator has
/// given a role, or that others depend on, stays.
async fn make_way(app: &App, tx: &mut Tx, by: &By, other: &User) -> Result<()> {
    if other.email_verified_at.is_some() || !tx.roles().of_user(other.id).await?.is_empty() {
        return Err(Refusal::EmailElsewhere.into());
    }
    account::remove(app, tx, other, by.now).await.map_err(stays)?;
    let deed = Deed::new(by, Action::Expired).detail("the owner of the address took another account back");
    deed.to(other.id).note(tx).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_not_told_as_an_account_in_the_way() {
        let refused = stays(Refusal::LastAdmin.into());
        let away = stays(Error::Unavailable("the database is away".to_owned()));

        assert!(matches!(refused, Error::Refused(Refusal::EmailElsewhere)));
        assert!(matches!(away, Error::Unavailable(_)));
    }
}
