//! In by password.

use crate::app::App;
use crate::crypto::phc::Verified;
use crate::domain::audit::Action;
use crate::domain::device::Device;
use crate::domain::limit::Limit;
use crate::domain::password::{Password, StoredPassword};
use crate::domain::{Audience, By, Caller, Email, Entry, Evidence, Purpose, Refusal, Secret, User, UserId, Username};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::entry::{self, Outcome};
use crate::flows::tokens::SignedIn;
use crate::flows::{Error, Result, allowlist};

/// How often the account may change while an attempt waits for its turn.
const ROUNDS: usize = 4;
/// Why a person is refused whose account was switched off, for the audit alone.
const OFF: &str = "the account is switched off";
/// The same of one whose address the allowlist does not have.
const NOT_ALLOWED: &str = "the address is not on the allowlist";

/// What a person typed to sign in, and in which browser.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The address as typed, or the username where that is taken.
    pub identifier: String,
    /// The password as typed.
    pub password: Secret,
    /// The browser, if it says that it has been signed in with before.
    pub device: Option<Device>,
}

/// An account with its password.
type Found = (User, Option<StoredPassword>);

/// Signs a person in with address and password.
///
/// Refused with `CredentialsWrong` after the same work whether the address is unknown, the
/// password wrong or missing, the account off, or the address not allowed; with `ApprovalPending` and `AudienceRefused` only once the password
/// was right; with `TooMany` after too many refusals; with `Busy` while the hashing queue has no
/// room for this caller.
pub async fn with_password(app: &App, by: &By, input: Credentials, wanted: Audience) -> Result<SignedIn> {
    let email = address_of(app, &input.identifier).await?;
    let (attempt, found) = begin(app, by, email.as_ref(), input.device.as_ref()).await?;
    let (user, stored) = found.map_or((None, None), |(user, stored)| (Some(user), stored));
    let (attempt, is_allowed) = attempt.or_undo(is_allowed(app, email.as_ref()).await).await?;
    // An account that is off has no password: the right one takes no longer than any other.
    let stored = stored.filter(|_| is_allowed && user.as_ref().is_some_and(|user| !user.is_disabled()));

    let password = Password::typed(&input.password);
    let hash = stored.as_ref().map(|stored| stored.hash.expose().to_owned());
    let verified = app.hasher.verify(attempt.share(), password.clone(), hash).await;
    let (attempt, verified) = attempt.or_undo(verified).await?;
    let (user, stored) = match (user, stored, verified) {
        (Some(user), Some(stored), Verified::Right | Verified::RightButWeak) => (user, stored),
        (user, ..) => {
            attempt.failed();
            let why = match &user {
                None => "no such account",
                Some(user) if user.is_disabled() => OFF,
                Some(_) if !is_allowed => NOT_ALLOWED,
                Some(_) => "wrong password",
            };
            return refuse(app, by, user.map(|user| user.id), why).await;
        }
    };
    let stronger = match (verified, password) {
        // Where there is no room or time for it, the next sign-in does it.
        (Verified::RightButWeak, Some(password)) => {
            let hash = app.hasher.hash(attempt.share(), password);
            let in_time = tokio::time::timeout(app.config.hashing.patience, hash).await;
            in_time.ok().and_then(std::result::Result::ok)
        }
        _ => None,
    };

    let entry = Entry {
        purpose: Purpose::SignIn,
        wanted,
        is_known: input.device.is_some_and(|device| device.knows(user.id, stored.mark)),
    };
    let evidence = Evidence::Password {
        user: user.id,
        seen: stored.mark,
    };
    let opened = app
        .store
        .write(async |tx| -> Result<_> {
            let outcome = entry::advance(app, tx, by, entry, &evidence).await?;
            if let Some(new) = &stronger {
                // `false` if another sign-in was faster: the hash is stronger already.
                tx.users()
                    .upgrade_password_hash(user.id, stored.hash.expose(), new)
                    .await?;
            }
            attempt.give_back(tx).await?;
            Ok(outcome)
        })
        .await;
    conclude(app, by, attempt, user.id, opened.and_then(Outcome::signed_in)).await
}

/// What becomes of an attempt whose password was right.
async fn conclude(app: &App, by: &By, attempt: Try<'_>, user: UserId, opened: Result<SignedIn>) -> Result<SignedIn> {
    match opened {
        Ok(signed_in) => {
            attempt.spare();
            Ok(signed_in)
        }
        Err(Error::Refused(Refusal::ApprovalPending)) => {
            attempt.spare();
            note_refusal(app, by, Some(user), "the account waits for approval").await?;
            Err(Refusal::ApprovalPending.into())
        }
        Err(Error::Refused(Refusal::CredentialsWrong)) => {
            attempt.failed();
            refuse(app, by, Some(user), "the password was changed meanwhile").await
        }
        Err(Error::Refused(Refusal::AccountDisabled)) => {
            attempt.failed();
            refuse(app, by, Some(user), OFF).await
        }
        Err(Error::Refused(Refusal::EmailNotAllowed)) => {
            attempt.failed();
            refuse(app, by, Some(user), NOT_ALLOWED).await
        }
        Err(Error::Refused(Refusal::AudienceRefused)) => {
            // The password was right: this is no guess.
            attempt.undo().await;
            note_refusal(app, by, Some(user), "no role that opens that area").await?;
            Err(Refusal::AudienceRefused.into())
        }
        Err(other) => {
            attempt.undo().await;
            Err(other)
        }
    }
}

/// The address of the account that was named. Whatever was typed, an account has one budget; a username that nobody has gets the budget
/// of an address that nobody has, and everything goes on alike.
async fn address_of(app: &App, identifier: &str) -> Result<Option<Email>> {
    if let Some(email) = Email::parse(identifier) {
        return Ok(Some(email));
    }
    let name = Username::parse(identifier.trim()).filter(|_| app.config.username_login);
    let Some(name) = name.map(|name| name.normalized()) else {
        return Ok(None);
    };
    let found = app.store.read().await?.users().address_of_username(&name).await?;
    // Under a domain that nobody can type.
    let nobody = app.limit_key.hash(name.as_bytes());
    let domain = u128::from_be_bytes(std::array::from_fn(|at| nobody.bytes()[at]));
    Ok(found.or_else(|| Email::parse(&format!("{name}@{domain:032x}.invalid"))))
}

/// Waits for the turn of the attempt, then looks the account up: what an attempt is compared with
/// is never older than its turn.
async fn begin<'a>(
    app: &'a App,
    by: &'a By,
    email: Option<&Email>,
    device: Option<&Device>,
) -> Result<(Try<'a>, Option<Found>)> {
    // Which turn it is depends on whether the browser is known. Only a browser that says so costs
    // this look.
    let mut is_known = match device {
        Some(_) => is_known(look_up(app, email).await?.as_ref(), device),
        None => false,
    };
    for _ in 0..ROUNDS {
        let known = device.filter(|_| is_known);
        let attempt = wait(app, by, email, known).await?;
        let (attempt, found) = attempt.or_undo(look_up(app, email).await).await?;
        if self::is_known(found.as_ref(), device) == is_known {
            return Ok((attempt, found));
        }
        // The password was changed meanwhile: another budget is the right one.
        attempt.undo().await;
        is_known = !is_known;
    }
    Err(Error::Unavailable(
        "an account changes again and again while somebody signs in".to_owned(),
    ))
}

/// The turn of an attempt, with a place in each budget that it counts against.
async fn wait<'a>(app: &'a App, by: &'a By, email: Option<&Email>, known: Option<&Device>) -> Result<Try<'a>> {
    let attempt = Try::new(app, by);
    let Some(email) = email else {
        return attempt.with_room()?.in_network(Limit::LoginAddress).await;
    };
    let account = attempts::of_address(app, email);
    let Some(device) = known else {
        let attempt = attempt.sharing(&account).with_room()?;
        let attempt = attempt.in_network(Limit::LoginAddress).await?;
        return attempt.of_account(Limit::LoginAccount, account, None).await;
    };
    // A known browser has a budget of its own: nobody in its network, and nobody who shares an
    // address with it, can keep its owner out.
    let browser = attempts::of_browser(app, device, email);
    attempt
        .sharing(&browser)
        .with_room()?
        .of_account(Limit::LoginDevice, browser, None)
        .await?
        .of_account(Limit::LoginBrowsers, account, None)
        .await
}

async fn look_up(app: &App, email: Option<&Email>) -> Result<Option<Found>> {
    match email {
        Some(email) => Ok(app.store.read().await?.users().credentials(email).await?),
        None => Ok(None),
    }
}

/// Asked alike for addresses with and without an account.
async fn is_allowed(app: &App, email: Option<&Email>) -> Result<bool> {
    match email {
        Some(email) => allowlist::allowed_now(app, email).await,
        None => Ok(true),
    }
}

/// Whether the browser has signed in to the account since its password was set.
fn is_known(found: Option<&Found>, device: Option<&Device>) -> bool {
    let (Some((user, Some(stored))), Some(device)) = (found, device) else {
        return false;
    };
    device.knows(user.id, stored.mark)
}

/// The one answer to a person who does not get in. What the operator may know stands in the audit.
async fn refuse<T>(app: &App, by: &By, user: Option<UserId>, why: &'static str) -> Result<T> {
    note_refusal(app, by, user, why).await?;
    Err(Refusal::CredentialsWrong.into())
}

async fn note_refusal(app: &App, by: &By, user: Option<UserId>, why: &'static str) -> Result<()> {
    let mut deed = Deed::new(by, Action::SignIn).refused().detail(why);
    if let Some(user) = user {
        deed = deed.to(user);
    }
    Ok(deed.note_alone(app).await?)
}

/// Compares the caller's password again. The evidence is to be used in the transaction of what it
/// is for; until then the attempt is under way.
///
/// Refused with `CurrentPasswordWrong`, and with `TooMany` after too many wrong ones: an attacker who
/// has taken a session over must not find the password out with it, nor keep its owner, who signs in
/// anew, from proving theirs.
pub(in crate::flows) async fn prove<'a>(
    app: &'a App,
    by: &'a By,
    caller: &Caller,
    password: &Secret,
) -> Result<(Try<'a>, Evidence)> {
    let user = caller.user.id;
    let account = attempts::of_user(app, user);
    let address = attempts::of_address(app, &caller.user.email);
    let session = attempts::of_session(app, caller.session);
    let attempt = Try::new(app, by)
        .sharing(&account)
        .with_room()?
        .of_account(Limit::PasswordSession, session, Some(user))
        .await?
        .of_account(Limit::LoginBrowsers, address, Some(user))
        .await?;
    let (attempt, stored) = attempt.or_undo(stored(app, user).await).await?;
    let hash = stored.as_ref().map(|stored| stored.hash.expose().to_owned());
    let verified = app
        .hasher
        .verify(attempt.share(), Password::typed(password), hash)
        .await;
    let (attempt, verified) = attempt.or_undo(verified).await?;
    match stored {
        Some(stored) if verified != Verified::Wrong => {
            let seen = stored.mark;
            Ok((attempt, Evidence::Password { user, seen }))
        }
        _ => {
            attempt.failed();
            Deed::new(by, Action::Reauthentication)
                .to(user)
                .in_session(caller.session)
                .refused()
                .detail("wrong password")
                .note_alone(app)
                .await?;
            Err(Refusal::CurrentPasswordWrong.into())
        }
    }
}

async fn stored(app: &App, user: UserId) -> Result<Option<StoredPassword>> {
    Ok(app.store.read().await?.users().password(user).await?)
}
