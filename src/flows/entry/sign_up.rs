//! Signing up.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::app::App;
use crate::config::SignUp;
use crate::crypto::random;
use crate::domain::audit::{Action, Actor};
use crate::domain::challenge::{self, Challenge};
use crate::domain::limit::Limit;
use crate::domain::organization::{Organization, OrganizationRole};
use crate::domain::password::Password;
use crate::domain::{
    Audience, By, ChallengeId, Email, Entry, Evidence, OrganizationId, PasswordMark, Purpose, Refusal, Secret,
    Timestamp, User, UserId, Username,
};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::challenges::{self, Limits, Start};
use crate::flows::entry::{self, Outcome};
use crate::flows::tokens::SignedIn;
use crate::flows::{Error, Result, allowlist, password};
use crate::storage::Tx;

const LIMITS: Limits = Limits {
    network: Limit::NewAccounts,
    address: Limit::SignUpCodes,
    mailbox: Limit::SignUpMailbox,
};

/// How long the owner of an account may take to prove its address, where that is required.
const PROOF_DUE: Duration = Duration::from_hours(7 * 24);
/// Made-up usernames that are tried before giving up; the odds of needing a third are tiny.
const USERNAME_TRIES: usize = 8;

/// What somebody typed to sign up.
#[derive(Debug, Clone)]
pub struct Application {
    /// The address as typed.
    pub email: String,
    /// The password as typed.
    pub password: Secret,
    /// An invitation's token, if one was followed.
    pub invitation_code: Option<Secret>,
}

/// Whether people may open an account of their own; every way to sign up asks this, and the pages that lead to one.
///
/// Refused with `SignUpClosed` and `InvitationNeeded`. Which address is asked for makes no difference.
pub fn is_open(app: &App) -> std::result::Result<(), Refusal> {
    match app.config.accounts.sign_up {
        SignUp::Open | SignUp::Approval => Ok(()),
        SignUp::Invitation => Err(Refusal::InvitationNeeded),
        SignUp::Closed => Err(Refusal::SignUpClosed),
    }
}

/// Opens an account with its initial organization and signs the person in, in one transaction.
///
/// Refused as [`is_open`] says; with `ApprovalPending` once the account is there, if it waits for an operator; with `AudienceRefused` for anything but the application, since nobody has a role yet;
/// with `NotFound` where a code is asked for first; with `EmailTaken`, also if it is not allowed; with `TooMany` after too many refusals or new accounts; with `Busy` while the
/// hashing queue has no room for this caller; and for what is wrong with address or password.
pub async fn direct(app: &App, by: &By, input: Application, wanted: Audience) -> Result<SignedIn> {
    if app.config.challenges.at_sign_up {
        return Err(Refusal::NotFound.into());
    }
    let (email, password) = check(app, &input, wanted)?;
    let account = attempts::of_address(app, &email);
    // Of what is refused, only the taken address is worth trying again and again.
    let attempt = Try::new(app, by)
        .sharing(&account)
        .with_room()?
        .in_network(Limit::SignUpAddress)
        .await?;
    // The other way round: what counts is to succeed. A person who finds no room has failed at nothing.
    // In memory, so before the budget in the database, which must not be written for one who has none.
    let opening = Try::new(app, by).in_network(Limit::NewAccounts).await;
    let (attempt, opening) = attempt.or_undo(opening).await?;
    let attempt = attempt.of_account(Limit::SignUpAccount, account, None).await?;
    let hash = app.hasher.hash(attempt.share(), password).await;
    let (attempt, hash) = attempt.or_undo(hash).await?;

    let opened = app
        .store
        .write(async |tx| -> Result<_> {
            // One answer, so that nobody learns which addresses are allowed.
            if !allowlist::allowed(app, tx, &email).await? {
                return Err(Refusal::EmailTaken.into());
            }
            let (user, seen) = open_account(app, tx, by, &email, &hash).await?;
            if app.config.challenges.is_proof_required {
                tx.users().set_proof_due(user.id, Some(by.now + PROOF_DUE)).await?;
            }
            let entry = Entry {
                purpose: Purpose::SignIn,
                wanted,
                // Their own, just now.
                is_known: true,
            };
            let evidence = Evidence::Password { user: user.id, seen };
            let outcome = entry::advance(app, tx, by, entry, &evidence).await?;
            attempt.give_back(tx).await?;
            Ok(outcome)
        })
        .await;
    match &opened {
        Ok(_) => {
            attempt.spare();
            opening.failed();
        }
        Err(Error::Refused(Refusal::EmailTaken)) => attempt.failed(),
        Err(_) => attempt.undo().await,
    }
    opened.and_then(Outcome::signed_in)
}

/// What can be said of an application without asking the database.
fn check(app: &App, input: &Application, wanted: Audience) -> Result<(Email, Password)> {
    is_open(app)?;
    if wanted != Audience::App {
        return Err(Refusal::AudienceRefused.into());
    }
    let email = Email::parse(&input.email).ok_or(Refusal::EmailInvalid)?;
    allowlist::refuse_disposable(app, &email)?;
    let password = password::choose(app, &input.password, &email, None)?;
    if input.invitation_code.is_some() {
        return Err(Refusal::InvitationInvalid.into());
    }
    Ok((email, password))
}

/// What is kept until the code was entered.
#[derive(Serialize, Deserialize)]
struct Pending {
    hash: String,
    language: String,
}

/// Begins to open an account: mails a code to an address that is free, and tells the owner of one that is taken. The answer is the same.
///
/// Refused as [`is_open`] says; with `NotFound` where no code is asked for; with `AudienceRefused` for anything but the application; with `TooMany` after too many
/// from one network or with one address; with `Busy`; and for what is wrong with address or password.
pub async fn start(app: &App, by: &By, input: Application, wanted: Audience) -> Result<ChallengeId> {
    if !app.config.challenges.at_sign_up {
        return Err(Refusal::NotFound.into());
    }
    let (email, password) = check(app, &input, wanted)?;
    // Also where it will not be needed: it takes as long.
    let (attempt, hash) = challenges::ask(app, by, &email, Some(password), LIMITS).await?;
    let pending = Pending {
        hash: hash.unwrap_or_default(),
        language: by.language.clone(),
    };
    let payload = serde_json::to_vec(&pending).map(Zeroizing::new);
    let payload = payload.map_err(|error| Error::Broken(format!("a sign-up: {error}")))?;
    let started = app
        .store
        .write(async |tx| -> Result<_> {
            let owner = tx.users().by_email(&email).await?;
            let is_allowed = allowlist::allowed(app, tx, &email).await?;
            let wanted = Start {
                purpose: challenge::Purpose::SignUp,
                address: &email,
                user: owner.as_ref(),
                is_passable: owner.is_none() && is_allowed,
                payload: &payload,
            };
            challenges::start(app, tx, by, wanted).await
        })
        .await;
    challenges::begun(attempt, started).await
}

/// Opens the account once the code was entered, with a proved address, and signs the person in; all in one transaction.
///
/// Refused as [`is_open`] says; with `ApprovalPending` once the account is there, if it waits for an operator; with `CodeWrong`, also if somebody else has proved the address meanwhile; with `TooMany` after too many wrong codes from one network.
pub async fn complete(app: &App, by: &By, id: ChallengeId, code: &str) -> Result<SignedIn> {
    is_open(app)?;
    let attempt = challenges::begin(app, by).await?;
    let open = async |tx: &mut Tx, passed: Challenge| open_pending(app, tx, by, &passed).await;
    let redeemed = challenges::redeem(app, by, attempt, (challenge::Purpose::SignUp, id), code, open).await;
    redeemed.and_then(Outcome::signed_in)
}

/// `None` if the address was proved by somebody else meanwhile, or is not allowed any more.
async fn open_pending(app: &App, tx: &mut Tx, by: &By, passed: &Challenge) -> Result<Option<Outcome>> {
    if !allowlist::allowed(app, tx, &passed.address).await? {
        return Ok(None);
    }
    let payload = challenges::payload(app, passed)?;
    let pending: Pending =
        serde_json::from_slice(&payload).map_err(|error| Error::Broken(format!("challenge {}: {error}", passed.id)))?;
    let own;
    let by = if by.language.is_empty() {
        own = by.clone().reading(&pending.language);
        &own
    } else {
        by
    };
    let (user, seen) = match open_account(app, tx, by, &passed.address, &pending.hash).await {
        Err(Error::Refused(Refusal::EmailTaken)) => return Ok(None),
        opened => opened?,
    };
    tx.users().prove_address(user.id, by.now).await?;
    let entry = Entry {
        purpose: Purpose::SignIn,
        wanted: Audience::App,
        is_known: true,
    };
    let evidence = Evidence::Password { user: user.id, seen };
    entry::advance(app, tx, by, entry, &evidence).await.map(Some)
}

/// Opens an account: user, password, initial organization, audit line. A person who opens their
/// own is its actor, and waits for approval where that is asked for.
pub(in crate::flows) async fn open_account(
    app: &App,
    tx: &mut Tx,
    by: &By,
    email: &Email,
    hash: &str,
) -> Result<(User, PasswordMark)> {
    let now = by.now;
    let is_own = by.actor == Actor::System;
    let waits = is_own && app.config.accounts.sign_up == SignUp::Approval;
    let user = add_user(tx, by, email, waits.then_some(now)).await?;
    let organization = Organization::initial(
        OrganizationId::new(random::id(now)),
        app.config.organization_mode,
        &user,
    );

    let mark = tx.users().set_password(user.id, hash, now).await?;
    tx.organizations().add(&organization).await?;
    tx.organizations()
        .join(organization.id, user.id, OrganizationRole::Owner, now)
        .await?;
    let own;
    let by = if is_own {
        own = by.user(user.id);
        &own
    } else {
        by
    };
    Deed::new(by, Action::UserCreated).to(user.id).note(tx).await?;
    Ok((user, mark))
}

async fn add_user(tx: &mut Tx, by: &By, email: &Email, waiting_since: Option<Timestamp>) -> Result<User> {
    let now = by.now;
    for _ in 0..USERNAME_TRIES {
        let user = User {
            id: UserId::new(random::id(now)),
            email: email.clone(),
            email_verified_at: None,
            username: Username::generate(email, random::five_digits()),
            disabled_at: None,
            waiting_since,
            language: by.language.clone(),
            created_at: now,
        };
        if tx.users().add(&user).await? {
            return Ok(user);
        }
        if tx.users().by_email(email).await?.is_some() {
            return Err(Refusal::EmailTaken.into());
        }
    }
    Err(Error::Broken("no free username found".to_owned()))
}
