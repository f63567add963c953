//! `authara user …`: accounts.

mod view;

use serde_json::json;

use crate::app::App;
use crate::cli::args::{NewPassword, Sure, User as Command};
use crate::cli::print::{Printer, count};
use crate::cli::{Failure, Result, app, ask};
use crate::config::Given;
use crate::domain::{By, Email, PlatformRole, Refusal, Secret, SessionId, User};
use crate::flows::accounts::directory::{self, Wanted};
use crate::flows::{self, accounts, allowlist};

pub(super) async fn run(command: Command, given: &Given, out: &mut Printer) -> Result<()> {
    let app = &*app(given).await?;
    match command {
        Command::Add {
            email,
            roles,
            password,
            printed,
        } => add(app, &email, &roles, &password, printed.json, out).await,
        Command::List {
            search,
            role,
            waiting,
            limit,
            after,
            printed,
        } => {
            let wanted = match (&search, role) {
                (Some(text), _) => Wanted::Found(text),
                (None, Some(role)) => Wanted::With(role),
                (None, None) if waiting => Wanted::Waiting,
                (None, None) => Wanted::All,
            };
            list(app, &wanted, limit, after.as_deref(), printed.json, out).await
        }
        Command::Show { who, printed } => {
            let user = find(app, &who.user).await?;
            view::one(&directory::show(app, user.id, app.now()).await?, printed.json, out)
        }
        Command::Disable { who, sure, printed } => disable(app, &who.user, &sure, printed.json, out).await,
        Command::Enable { who, printed } => {
            let user = find(app, &who.user).await?.id;
            let was_off = accounts::enable(app, &by(app), user).await?;
            if printed.json {
                return out.json(&json!({ "id": user.to_string(), "disabled": false, "changed": was_off }));
            }
            out.line(if was_off { "Switched on." } else { "It was on already." })
        }
        Command::Approve { who, printed } => approve(app, &who.user, printed.json, out).await,
        Command::Delete { who, sure, printed } => delete(app, &who.user, &sure, printed.json, out).await,
        Command::Unlock { who, printed } => unlock(app, &who.user, printed.json, out).await,
        Command::Grant { who, role, printed } => {
            let user = find(app, &who.user).await?.id;
            let is_new = accounts::grant(app, &by(app), user, role).await?;
            if printed.json {
                return out.json(&json!({ "id": user.to_string(), "role": role.name(), "changed": is_new }));
            }
            out.line(if is_new {
                "Granted; it counts from the next sign-in or refresh."
            } else {
                "The account has that role already."
            })
        }
        Command::Revoke {
            who,
            role,
            sure,
            printed,
        } => revoke(app, &who.user, role, &sure, printed.json, out).await,
        Command::Password { who, password, printed } => {
            let user = find(app, &who.user).await?;
            let check = |new: &Secret| Ok(accounts::check_password(app, new, &user.email, Some(&user.username))?);
            let new = ask::new_password(&password, check)?;
            let ended = accounts::set_password(app, &by(app), user.id, new).await?;
            if printed.json {
                return out.json(&json!({ "id": user.id.to_string(), "ended": ended }));
            }
            out.line(format!("The password is set; {} ended.", count(ended, "session")))
        }
        Command::Sessions {
            who,
            end: None,
            end_all: false,
            printed,
            ..
        } => {
            let user = find(app, &who.user).await?;
            view::sessions(
                &directory::show(app, user.id, app.now()).await?.sessions,
                printed.json,
                out,
            )
        }
        Command::Sessions {
            who,
            end,
            sure,
            printed,
            ..
        } => end_sessions(app, &who.user, end, &sure, printed.json, out).await,
    }
}

async fn add(
    app: &App,
    email: &str,
    roles: &[PlatformRole],
    password: &NewPassword,
    as_json: bool,
    out: &mut Printer,
) -> Result<()> {
    // Before anybody thinks of a password.
    let email = Email::parse(email)
        .ok_or(Refusal::EmailInvalid)
        .map_err(flows::Error::from)?;
    let check = |new: &Secret| Ok(accounts::check_password(app, new, &email, None)?);
    let email = email.as_str();
    match directory::find(app, email).await {
        Err(flows::Error::Refused(Refusal::NotFound)) => {}
        Err(other) => return Err(other.into()),
        Ok(_) => {
            return Err(Failure::Words(format!(
                "there is an account with that address already; see: authara user show {email}"
            )));
        }
    }
    let password = ask::new_password(password, check)?;
    let user = accounts::add(app, &by(app), email, password, roles).await?;
    if as_json {
        return out.json(&view::account(&user, roles));
    }
    out.wrapped(0, &format!("Added {} ({}).", user.email.as_str(), user.id))?;
    if allowlist::allowed_now(app, &user.email).await? {
        return Ok(());
    }
    out.wrapped(
        0,
        &format!("The address is not on the allowlist, so nobody can sign in with it until: authara allow add {email}"),
    )
}

async fn list(
    app: &App,
    wanted: &Wanted<'_>,
    limit: u32,
    after: Option<&str>,
    as_json: bool,
    out: &mut Printer,
) -> Result<()> {
    let after = match after {
        Some(who) => Some(find(app, who).await?),
        None => None,
    };
    let users = directory::list(app, wanted, after.as_ref(), limit).await?;
    if as_json {
        let users: Vec<_> = users.iter().map(|(user, roles)| view::account(user, roles)).collect();
        return out.json(&json!({ "users": users }));
    }
    let is_part = !matches!(wanted, Wanted::All) || after.is_some();
    view::list(&users, is_part, limit, out)
}

async fn disable(app: &App, name: &str, sure: &Sure, as_json: bool, out: &mut Printer) -> Result<()> {
    let user = find(app, name).await?;
    ask::confirm(
        &format!("This signs {name} out everywhere and lets them sign in no more."),
        sure,
    )?;
    let ended = accounts::disable(app, &by(app), user.id).await?;
    if as_json {
        let changed = !user.is_disabled();
        return out.json(&json!({ "id": user.id.to_string(), "disabled": true, "changed": changed, "ended": ended }));
    }
    let done = if user.is_disabled() {
        "It was off already"
    } else {
        "Switched off"
    };
    out.line(format!("{done}; {} ended.", count(ended, "session")))
}

async fn approve(app: &App, name: &str, as_json: bool, out: &mut Printer) -> Result<()> {
    let user = find(app, name).await?.id;
    let waited = accounts::approve(app, &by(app), user).await?;
    if as_json {
        return out.json(&json!({ "id": user.to_string(), "waiting": false, "changed": waited }));
    }
    out.line(if waited {
        "Approved."
    } else {
        "It did not wait for approval."
    })
}

async fn unlock(app: &App, name: &str, as_json: bool, out: &mut Printer) -> Result<()> {
    let user = find(app, name).await?.id;
    let was_locked = accounts::unlock(app, &by(app), user).await?;
    if as_json {
        return out.json(&json!({ "id": user.to_string(), "changed": was_locked }));
    }
    out.line(if was_locked {
        "The limits on the account have begun anew."
    } else {
        "No limit on the account was in use."
    })
}

async fn delete(app: &App, name: &str, sure: &Sure, as_json: bool, out: &mut Printer) -> Result<()> {
    let user = find(app, name).await?;
    ask::confirm(
        &format!("This deletes {name} for good, with the organizations that nobody else is in."),
        sure,
    )?;
    accounts::delete(app, &by(app), user.id).await?;
    if as_json {
        return out.json(&json!({ "deleted": user.id.to_string() }));
    }
    let id = user.id;
    out.wrapped(0, &format!("Deleted; in the audit the account goes on as {id}."))
}

async fn revoke(
    app: &App,
    name: &str,
    role: PlatformRole,
    sure: &Sure,
    as_json: bool,
    out: &mut Printer,
) -> Result<()> {
    let user = find(app, name).await?;
    ask::confirm(
        &format!("This takes the role {role} from {name} and signs them out everywhere."),
        sure,
    )?;
    let had_it = accounts::revoke(app, &by(app), user.id, role).await?;
    if as_json {
        return out.json(&json!({ "id": user.id.to_string(), "role": role.name(), "changed": had_it }));
    }
    out.line(if had_it {
        "Revoked; its sessions have ended."
    } else {
        "The account does not have that role."
    })
}

async fn end_sessions(
    app: &App,
    name: &str,
    end: Option<SessionId>,
    sure: &Sure,
    as_json: bool,
    out: &mut Printer,
) -> Result<()> {
    let user = find(app, name).await?;
    if end.is_none() {
        ask::confirm(&format!("This signs {name} out everywhere."), sure)?;
    }
    let ended = match accounts::end_sessions(app, &by(app), user.id, end).await {
        Err(flows::Error::Refused(Refusal::NotFound)) => {
            return Err(Failure::Words(
                "that account has no such live session; list them without --end".to_owned(),
            ));
        }
        other => other?,
    };
    if as_json {
        return out.json(&json!({ "ended": ended }));
    }
    out.line(format!("{} ended.", count(ended, "session")))
}

/// The account of that address or id; words for the operator if there is none.
pub(super) async fn find(app: &App, name: &str) -> Result<User> {
    match directory::find(app, name).await {
        Err(flows::Error::Refused(Refusal::NotFound)) => Err(Failure::Words(
            "no account has that address or id; see: authara user list".to_owned(),
        )),
        other => Ok(other?),
    }
}

/// The operator who runs the command, now: to be asked once they have typed what there is to type.
fn by(app: &App) -> By {
    By::operator(app.now())
}
