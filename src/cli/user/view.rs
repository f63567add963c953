//! Accounts as the commands show them: tables for people, JSON for programs.

use serde_json::{Value, json};

use crate::cli::Result;
use crate::cli::print::{Printer, minute, moment};
use crate::domain::session::Session;
use crate::domain::{PlatformRole, User};
use crate::flows::accounts::directory::UserView;

pub(super) fn list(users: &[(User, Vec<PlatformRole>)], is_part: bool, limit: u32, out: &mut Printer) -> Result<()> {
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
            minute(user.created_at),
            user.id.to_string(),
        ]
    };
    let rows: Vec<_> = users.iter().map(row).collect();
    out.table(["ADDRESS", "USERNAME", "STATE", "ROLES", "OPENED (UTC)", "ID"], &rows)?;
    if u32::try_from(users.len()) == Ok(limit) {
        out.line(format!("There may be more; go on with: --after {}", last.id))?;
    }
    Ok(())
}

pub(super) fn one(view: &UserView, as_json: bool, out: &mut Printer) -> Result<()> {
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
    sessions(&view.sessions, false, out)
}

pub(super) fn sessions(sessions: &[Session], as_json: bool, out: &mut Printer) -> Result<()> {
    if as_json {
        return out.json(&json!({ "sessions": sessions.iter().map(session).collect::<Vec<_>>() }));
    }
    if sessions.is_empty() {
        return out.line("No live sessions.");
    }
    let row = |session: &Session| {
        [
            session.id.to_string(),
            minute(session.created_at),
            minute(session.last_used_at),
            session.client.address.to_string(),
            session.client.user_agent.clone(),
        ]
    };
    let rows: Vec<_> = sessions.iter().map(row).collect();
    out.table(["SESSION", "OPENED (UTC)", "LAST USED (UTC)", "FROM", "PROGRAM"], &rows)
}

pub(super) fn account(user: &User, roles: &[PlatformRole]) -> Value {
    json!({
        "id": user.id.to_string(),
        "email": user.email.as_str(),
        "email_verified": user.email_verified_at.is_some(),
        "username": user.username.as_str(),
        "disabled": user.is_disabled(),
        "waiting": user.is_waiting(),
        "roles": names(roles),
        "created_at": user.created_at.rfc3339(),
    })
}

fn session(session: &Session) -> Value {
    json!({
        "id": session.id.to_string(),
        "created_at": session.created_at.rfc3339(),
        "last_used_at": session.last_used_at.rfc3339(),
        "expires_at": session.expires_at.rfc3339(),
        "address": session.client.address.to_string(),
        "user_agent": session.client.user_agent,
    })
}

fn state(user: &User) -> &'static str {
    match user {
        user if user.is_disabled() => "off",
        user if user.is_waiting() => "waiting",
        _ => "on",
    }
}

fn names(roles: &[PlatformRole]) -> Vec<&'static str> {
    roles.iter().map(|role| role.name()).collect()
}
