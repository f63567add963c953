//! Setting and changing one's password.

use crate::app::App;
use crate::domain::audit::Action;
use crate::domain::letter::Kind;
use crate::domain::password::{Context, Password};
use crate::domain::{By, Caller, Email, Evidence, Refusal, Secret, Timestamp, Username};
use crate::flows::announce::Deed;
use crate::flows::attempts::Try;
use crate::flows::ending::{self, Which};
use crate::flows::entry;
use crate::flows::entry::confirm::{self, Recent};
use crate::flows::letters::{self, Values};
use crate::flows::tokens::{self, Renewed};
use crate::flows::{Result, attempts};
use crate::storage::Tx;
use crate::storage::sessions::Standing;

/// Checks a password that a person chose for an account, wherever they did. `username` is `None`
/// while the account has none.
pub(super) fn choose(
    app: &App,
    text: &Secret,
    email: &Email,
    username: Option<&Username>,
) -> std::result::Result<Password, Refusal> {
    let context = Context {
        host: &app.config.public_url.host,
        site: &app.config.brand.product_name,
        email,
        username,
    };
    Password::chosen(text, &context)
}

/// What is needed to change a password.
#[derive(Debug, Clone)]
pub struct Change {
    /// The new password as typed.
    pub new: Secret,
    /// The current one, unless the sign-in is recent.
    pub current: Option<Secret>,
    /// The caller's refresh token, to be exchanged along with it.
    pub refresh: Option<Secret>,
}

/// Sets the caller's password and ends all their other sessions, in one transaction. Their own
/// goes on, with fresh tokens.
///
/// Refused with `ReauthenticationRequired` unless the sign-in is recent or the current password is
/// given, with `CurrentPasswordWrong` if that one is not right, with `NotFound` if one is given and the account has none, and
/// with `SignInRequired` if the session ended meanwhile.
pub async fn change(app: &App, caller: &Caller, input: Change) -> Result<Renewed> {
    let password = choose(app, &input.new, &caller.user.email, Some(&caller.user.username))?;
    let by = caller.by();
    if input.current.is_some() && !has_one(app, caller).await? {
        return Err(Refusal::NotFound.into());
    }
    let earned;
    let mut caller = caller;
    let (attempt, evidence) = if let Some(current) = &input.current {
        let (attempt, evidence) = entry::password::prove(app, &by, caller, current).await?;
        (attempt, Some(evidence))
    } else {
        earned = confirm::earned(app, caller).await?;
        caller = earned.caller();
        let attempt = Try::new(app, &by).sharing(&attempts::of_user(app, caller.user.id));
        (attempt, None)
    };
    let hash = app.hasher.hash(attempt.share(), password).await;
    let (attempt, hash) = attempt.or_undo(hash).await?;
    let changed = app
        .store
        .write(async |tx| -> Result<_> {
            let renewed = set(app, tx, &by, caller, evidence.as_ref(), &hash, input.refresh.as_ref()).await?;
            attempt.give_back(tx).await?;
            Ok(renewed)
        })
        .await;
    attempt.settle(changed).await
}

async fn set(
    app: &App,
    tx: &mut Tx,
    by: &By,
    caller: &Caller,
    evidence: Option<&Evidence>,
    hash: &str,
    refresh: Option<&Secret>,
) -> Result<Renewed> {
    let (user, session) = (caller.user.id, caller.session);
    let mut standing = match evidence {
        Some(evidence) => {
            let outcome = entry::advance(app, tx, by, confirm::confirming(caller), evidence).await;
            outcome.map_err(confirm::stale)?.confirmed()?
        }
        None => tokens::recent_standing(tx, caller).await?,
    };
    put(tx, caller, &mut standing, hash, by.now).await?;
    let deed = Deed::new(by, Action::PasswordChanged);
    deed.to(user).in_session(session).note(tx).await?;
    tx.challenges().void_of_user(user).await?;
    letters::notify(app, tx, by, Kind::PasswordChanged, &standing.user, Values::new()).await?;
    ending::end(tx, by, user, Which::AllBut(session), Action::SessionsRevoked).await?;
    tokens::renew(app, tx, caller, standing, refresh).await
}

/// Whether the caller's account has a password.
pub async fn has_one(app: &App, caller: &Caller) -> Result<bool> {
    Ok(since(app, caller).await?.is_some())
}

/// Gives the caller's account its first password. All sessions go on; the caller's own counts as just signed in, and goes on
/// with fresh tokens, also of the refresh token that is shown.
///
/// Refused with `PasswordExists` if it has one; with `Busy`; with `SignInRequired` if the session ended meanwhile; and for what is wrong with the
/// password.
pub async fn add(app: &App, proof: &Recent, new: &Secret, refresh: Option<&Secret>) -> Result<Renewed> {
    let caller = proof.caller();
    let password = choose(app, new, &caller.user.email, Some(&caller.user.username))?;
    if has_one(app, caller).await? {
        return Err(Refusal::PasswordExists.into());
    }
    let by = caller.by();
    let attempt = Try::new(app, &by).sharing(&attempts::of_user(app, caller.user.id));
    let hash = app.hasher.hash(attempt.share(), password).await;
    let (attempt, hash) = attempt.or_undo(hash).await?;
    let added = app
        .store
        .write(async |tx| -> Result<_> {
            let mut standing = tokens::recent_standing(tx, caller).await?;
            let user = standing.user.id;
            if tx.users().password(user).await?.is_some() {
                return Err(Refusal::PasswordExists.into());
            }
            put(tx, caller, &mut standing, &hash, by.now).await?;
            tx.challenges().void_of_user(user).await?;
            let deed = Deed::new(&by, Action::PasswordChanged).detail("the first one");
            deed.to(user).in_session(caller.session).note(tx).await?;
            letters::notify(app, tx, &by, Kind::MethodAdded, &standing.user, Values::new()).await?;
            tokens::renew(app, tx, caller, standing, refresh).await
        })
        .await;
    attempt.settle(added).await
}

/// Stores a password that the caller set in their session. The session knows it: it counts as just signed in.
async fn put(tx: &mut Tx, caller: &Caller, standing: &mut Standing, hash: &str, now: Timestamp) -> Result<()> {
    // Not before the last proof of the session, which may have been by the password before this one.
    let at = now.not_before(standing.session.authenticated_at);
    let at = tx.users().set_password(caller.user.id, hash, at).await?.at();
    standing.session.authenticated_at = at;
    tx.sessions()
        .reauthenticated(caller.session, &standing.session.methods, at)
        .await?;
    Ok(())
}

/// Takes the caller's password away. All their other sessions end, and so do resets that were under way.
///
/// Refused with `NotFound` if there is none, with `LastMethod` if nobody could sign in without it, and with
/// `SignInRequired` if the session ended meanwhile.
pub async fn remove(app: &App, proof: &Recent) -> Result<()> {
    let caller = proof.caller();
    let by = caller.by();
    app.store
        .write(async |tx| -> Result<()> {
            let user = tokens::recent_standing(tx, caller).await?.user;
            if tx.users().password(user.id).await?.is_none() {
                return Err(Refusal::NotFound.into());
            }
            if !entry::code::is_possible(app) || user.email_verified_at.is_none() {
                return Err(Refusal::LastMethod.into());
            }
            tx.users().remove_password(user.id).await?;
            tx.challenges().void_of_user(user.id).await?;
            let deed = Deed::new(&by, Action::PasswordRemoved);
            deed.to(user.id).in_session(caller.session).note(tx).await?;
            letters::notify(app, tx, &by, Kind::MethodRemoved, &user, Values::new()).await?;
            ending::end(tx, &by, user.id, Which::AllBut(caller.session), Action::SessionsRevoked).await?;
            Ok(())
        })
        .await
}

/// Since when the caller's account has its password; `None` without one.
pub async fn since(app: &App, caller: &Caller) -> Result<Option<Timestamp>> {
    let stored = app.store.read().await?.users().password(caller.user.id).await?;
    Ok(stored.map(|stored| stored.mark.at()))
}
