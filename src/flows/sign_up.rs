//! Signing up.

use crate::app::App;
use crate::crypto::random;
use crate::domain::audit::{Action, Actor};
use crate::domain::limit::Limit;
use crate::domain::organization::{Organization, OrganizationRole};
use crate::domain::{Audience, Client, Email, Method, OrganizationId, Refusal, Secret, User, UserId, Username};
use crate::flows::announce::Deed;
use crate::flows::attempts::{self, Try};
use crate::flows::{Error, Result, gate, gate::SignedIn, password};
use crate::storage::Tx;

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

/// Opens an account with its initial organization and signs the person in, in one transaction.
pub async fn direct(app: &App, client: &Client, input: Application) -> Result<SignedIn> {
    let email = Email::parse(&input.email).ok_or(Refusal::EmailInvalid)?;
    let password = password::choose(app, &input.password, &email, None)?;
    if input.invitation_code.is_some() {
        return Err(Refusal::InvitationInvalid.into());
    }
    // Counting attempts writes, and whoever is turned away here must not keep the others waiting.
    app.hasher.check_room()?;
    let limits = &app.config.limits;
    // Of what is refused, only the taken address is worth trying again and again.
    let attempt = Try::new(app, client)
        .in_network(Limit::SignUpAddress, limits.sign_up_address)
        .await?
        .of_account(
            Limit::SignUpAccount,
            attempts::of_address(app, &email),
            limits.sign_up_account,
            None,
        )
        .await?;
    // The other way round: what counts is to succeed. Who finds no room has failed at nothing.
    let opening = Try::new(app, client)
        .in_network(Limit::NewAccounts, limits.new_accounts)
        .await;
    let (attempt, opening) = attempt.or_undo(opening).await?;
    let opened = async {
        let hash = app.hasher.hash(password).await?;
        app.store
            .write(async |tx| -> Result<_> {
                let user = open_account(app, tx, client, &email, &hash, None).await?;
                attempt.give_back(tx).await?;
                gate::open(app, tx, client, user.id, Method::Password, Audience::App).await
            })
            .await
    }
    .await;
    match &opened {
        Ok(_) => attempt.spare(),
        Err(Error::Refused(Refusal::EmailTaken)) => opening.spare(),
        Err(_) => {
            opening.spare();
            attempt.undo().await;
        }
    }
    opened
}

/// Opens an account: user, password, initial organization, audit line. The actor is the new user
/// himself unless another is named.
pub(super) async fn open_account(
    app: &App,
    tx: &mut Tx,
    client: &Client,
    email: &Email,
    hash: &str,
    actor: Option<Actor>,
) -> Result<User> {
    let now = app.now();
    let user = add_user(app, tx, email).await?;
    let organization = Organization::initial(
        OrganizationId::new(random::id(now)),
        app.config.organization_mode,
        &user,
    );

    tx.users().set_password(user.id, hash, now).await?;
    tx.organizations().add(&organization).await?;
    tx.organizations()
        .join(organization.id, user.id, OrganizationRole::Owner, now)
        .await?;
    Deed::new(client, actor.unwrap_or(Actor::User(user.id)), Action::UserCreated)
        .to(user.id)
        .note(tx, now)
        .await?;
    Ok(user)
}

async fn add_user(app: &App, tx: &mut Tx, email: &Email) -> Result<User> {
    let now = app.now();
    for _ in 0..USERNAME_TRIES {
        let user = User {
            id: UserId::new(random::id(now)),
            email: email.clone(),
            email_verified_at: None,
            username: Username::generate(email, random::five_digits()),
            disabled_at: None,
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
