//! `authara user …`: accounts.

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::args::{Sure, User as Command};
use crate::cli::print::{Printer, moment, rfc3339};
use crate::cli::{Failure, Result, app, ask};
use crate::config::Given;
use crate::domain::session::Session;
use crate::domain::{PlatformRole, Refusal, SessionId, User};
use crate::flows::{self, operator};

pub(super) async fn run(command: Command, given: &Given, out: &mut Printer) -> Result<()> {
    let app = app(given).await?;
    match command {
        Command::Add {
            email,
            roles,
            password,
            printed,
        } => {
            let user = operator::add(&app, &email, ask::new_password(&password)?, &roles).await?;
            if printed.json {
                return out.json(&account(&user, &roles));
            }
            out.line(format!("Added {} ({}).", user.email.as_str(), user.id))
        }
        Command::List {
            search,
            limit,
            after,
            printed,
        } => {
            let after = match after {
                Some(who) => Some(find(&app, &who).await?),
                None => None,
            };
            let users = operator::list(&app, search.as_deref(), after.as_ref(), limit).await?;
            if printed.json {
                let users: Vec<_> = users.iter().map(|(user, roles)| account(user, roles)).collect();
                return out.json(&json!({ "users": users }));
            }
            print_list(&users, search.is_some() || after.is_some(), limit, out)
        }
        Command::Show { who, printed } => show(&app, &who.user, printed.json, out).await,
        Command::Disable { who, sure } => {
            let user = find(&app, &who.user).await?;
            ask::confirm(
                &format!("{} cannot sign in any more and is signed out everywhere.", who.user),
                &sure,
            )?;
            let ended = operator::disable(&app, user.id).await?;
            out.line(format!("Switched off; {} ended.", count(ended, "session")))
        }
        Command::Enable { who } => {
            let was_off = operator::enable(&app, find(&app, &who.user).await?.id).await?;
            out.line(if was_off { "Switched on." } else { "It was on already." })
        }
        Command::Unlock { who } => {
            let was_locked = operator::unlock(&app, &find(&app, &who.user).await?).await?;
            out.line(if was_locked {
                "The limits on the account have begun anew."
            } else {
                "No limit on the account was in use."
            })
        }
        Command::Grant { who, role } => {
            let is_new = operator::grant(&app, find(&app, &who.user).await?.id, role).await?;
            out.line(if is_new {
                "Granted; it counts from the next sign-in or refresh."
            } else {
                "The account has that role already."
            })
        }
        Command::Revoke { who, role, sure } => {
            let user = find(&app, &who.user).await?;
            ask::confirm(
                &format!("{} loses the role {role} and is signed out everywhere.", who.user),
                &sure,
            )?;
            let had_it = operator::revoke(&app, user.id, role).await?;
            out.line(if had_it {
                "Revoked; its sessions have ended."
            } else {
                "The account does not have that role."
            })
        }
        Command::Password { who, password } => {
            let user = find(&app, &who.user).await?;
            let ended = operator::set_password(&app, user.id, ask::new_password(&password)?).await?;
            out.line(format!("The password is set; {} ended.", count(ended, "session")))
        }
        Command::Sessions {
            who,
            end,
            end_all,
            sure,
            printed,
        } => {
            let user = find(&app, &who.user).await?;
            if end.is_none() && !end_all {
                let sessions = operator::show(&app, user.id).await?.sessions;
                return print_sessions(&sessions, printed.json, out);
            }
            let ended = end_sessions(&app, &user, &who.user, end, &sure).await?;
            if printed.json {
                return out.json(&json!({ "ended": ended }));
            }
            out.line(format!("{} ended.", count(ended, "session")))
        }
    }
}

async fn end_sessions(app: &App, user: &User, name: &str, end: Option<SessionId>, sure: &Sure) -> Result<u64> {
    if end.is_none() {
        ask::confirm(&format!("{name} is signed out everywhere."), sure)?;
    }
    match operator::end_sessions(app, user.id, end).await {
        Err(flows::Error::Refused(Refusal::NotFound)) => Err(Failure::Words(
            "that account has no such live session; list them without --end".to_owned(),
        )),
        other => Ok(other?),
    }
}

/// The account of that address or id; words for the operator if there is none.
pub(super) async fn find(app: &App, name: &str) -> Result<User> {
    match operator::find(app, name).await {
        Err(flows::Error::Refused(Refusal::NotFound)) => Err(Failure::Words(
            "no account has that address or id; see: authara user list".to_owned(),
        )),
        other => Ok(other?),
    }
}

fn print_list(users: &[(User, Vec<PlatformRole>)], is_part: bool, limit: u32, out: &mut Printer) -> Result<()> {
    let Some((last, _)) = users.last() else {
        return out.line(if is_part {
            "No account fits."
        } else {
            "No accounts yet. Add one with: authara user add you@example.com --role admin"
        });
    };
    let row = |(user, roles): &(User, Vec<PlatformRole>)| {
        [
            user.email.as_str().to_owned(),
            user.username.as_str().to_owned(),
            state(user).to_owned(),
            names(roles).join(", "),
            moment(user.created_at),
            user.id.to_string(),
        ]
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    out.table(["ADDRESS", "USERNAME", "STATE", "ROLES", "OPENED", "ID"], &rows)?;
    if u32::try_from(users.len()) == Ok(limit) {
        out.line(format!("There may be more; go on with: --after {}", last.id))?;
    }
    Ok(())
}

async fn show(app: &App, name: &str, as_json: bool, out: &mut Printer) -> Result<()> {
    let user = find(app, name).await?;
    let view = operator::show(app, user.id).await?;
    if as_json {
        let mut value = account(&view.user, &view.roles);
        value["has_password"] = view.has_password.into();
        value["sessions"] = view.sessions.iter().map(session).collect();
        return out.json(&value);
    }
    let roles = if view.roles.is_empty() {
        "none".to_owned()
    } else {
        names(&view.roles).join(", ")
    };
    let verified = view
        .user
        .email_verified_at
        .map_or_else(|| "not verified".to_owned(), |at| format!("verified {}", moment(at)));
    out.line(format!("address   {} ({verified})", view.user.email.as_str()))?;
    out.line(format!("username  {}", view.user.username.as_str()))?;
    out.line(format!("id        {}", view.user.id))?;
    out.line(format!("state     {}", state(&view.user)))?;
    out.line(format!("roles     {roles}"))?;
    out.line(format!(
        "password  {}",
        if view.has_password { "set" } else { "not set" }
    ))?;
    out.line(format!("opened    {}", moment(view.user.created_at)))?;
    out.line("")?;
    print_sessions(&view.sessions, false, out)
}

fn print_sessions(sessions: &[Session], as_json: bool, out: &mut Printer) -> Result<()> {
    if as_json {
        return out.json(&json!({ "sessions": sessions.iter().map(session).collect::<Vec<_>>() }));
    }
    if sessions.is_empty() {
        return out.line("No live sessions.");
    }
    let row = |session: &Session| {
        [
            session.id.to_string(),
            moment(session.created_at),
            moment(session.last_used_at),
            session.client.address.to_string(),
            session.client.user_agent.chars().take(48).collect(),
        ]
    };
    let rows: Vec<_> = sessions.iter().map(row).collect();
    out.table(["SESSION", "OPENED", "LAST USED", "FROM", "PROGRAM"], &rows)
}

fn account(user: &User, roles: &[PlatformRole]) -> Value {
    json!({
        "id": user.id.to_string(),
        "email": user.email.as_str(),
        "email_verified": user.email_verified_at.is_some(),
        "username": user.username.as_str(),
        "disabled": user.is_disabled(),
        "roles": names(roles),
        "created_at": rfc3339(user.created_at),
    })
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": rfc3339(session.created_at),
        "last_used_at": rfc3339(session.last_used_at),
        "expires_at": rfc3339(session.expires_at),
        "address": session.client.address.to_string(),
        "user_agent": session.client.user_agent,
    })
}

fn state(user: &User) -> &'static str {
    if user.is_disabled() { "off" } else { "on" }
}

fn names(roles: &[PlatformRole]) -> Vec<&'static str> {
    roles.iter().map(|role| role.name()).collect()
}

fn count(number: u64, what: &str) -> String {
    if number == 1 {
        format!("1 {what}")
    } else {
        format!("{number} {what}s")
    }
}
