//! `authara audit`: what was noted of security events.

use serde_json::{Value, json};

use crate::app::App;
use crate::cli::args::{Audit as Arguments, Printed};
use crate::cli::print::{Printer, second};
use crate::cli::{Result, app, user};
use crate::config::Given;
use crate::domain::audit::{Action, Actor, AuditLine, Filter};
use crate::flows;

/// What `--actions` prints; needs no database.
pub(super) fn actions(printed: &Printed, out: &mut Printer) -> Result<()> {
    if printed.json {
        let value = |action: &Action| json!({ "name": action.name(), "meaning": action.meaning() });
        return out.json(&json!({ "actions": Action::ALL.iter().map(value).collect::<Vec<_>>() }));
    }
    let rows: Vec<_> = Action::ALL
        .iter()
        .map(|action| [action.name().to_owned(), action.meaning().to_owned()])
        .collect();
    out.table(["ACTION", "MEANING"], &rows)
}

pub(super) async fn run(wanted: Arguments, given: &Given, out: &mut Printer) -> Result<()> {
    let app = app(given).await?;
    let limit = wanted.limit;
    let as_json = wanted.printed.json;
    let lines = flows::audit::list(&app, &filter(&app, wanted).await?, limit).await?;
    if as_json {
        return out.json(&json!({ "lines": lines.iter().map(line).collect::<Vec<_>>() }));
    }
    let Some(last) = lines.last() else {
        return out.line("No line fits.");
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    out.table(
        [
            "TIME (UTC)",
            "ACTION",
            "RESULT",
            "BY",
            "FROM",
            "ACCOUNT",
            "REQUEST",
            "DETAIL",
        ],
        &rows,
    )?;
    if u32::try_from(lines.len()) == Ok(limit) {
        out.wrapped(0, &format!("There may be more; go on with: --before {}", mark(last)))?;
    }
    Ok(())
}

async fn filter(app: &App, wanted: Arguments) -> Result<Filter> {
    let subject = match wanted.user {
        // The lines outlive the account, so an id need not be anybody's.
        Some(who) => match who.parse() {
            Ok(id) => Some(id),
            Err(_) => Some(user::find(app, &who).await?.id),
        },
        None => None,
    };
    Ok(Filter {
        subject,
        action: wanted.action,
        outcome: wanted.result,
        address: wanted.address,
        request_id: wanted.request,
        since: wanted.since.map(|since| since.before(app.now())),
        before: wanted.before.map(|mark| mark.0),
    })
}

fn row(line: &AuditLine) -> [String; 8] {
    let from = match line.actor {
        Actor::Operator => "command line".to_owned(),
        _ => line.client.address.to_string(),
    };
    [
        second(line.at),
        line.action.name().to_owned(),
        line.outcome.name().to_owned(),
        by(line.actor).to_owned(),
        from,
        line.subject.map_or_else(String::new, |id| id.to_string()),
        line.client.request_id.clone(),
        line.detail.clone(),
    ]
}

fn by(actor: Actor) -> &'static str {
    match actor {
        Actor::User(_) => "user",
        Actor::Operator => "operator",
        Actor::System => "system",
    }
}

fn line(line: &AuditLine) -> Value {
    let actor_id = match line.actor {
        Actor::User(id) => Some(id.to_string()),
        _ => None,
    };
    json!({
        "id": line.id.to_string(),
        "at": line.at.rfc3339(),
        "action": line.action.name(),
        "result": line.outcome.name(),
        "actor": by(line.actor),
        "actor_id": actor_id,
        "subject_id": line.subject.map(|id| id.to_string()),
        "session_id": line.session.map(|id| id.to_string()),
        "address": line.client.address.to_string(),
        "user_agent": line.client.user_agent,
        "request_id": line.client.request_id,
        "detail": line.detail,
        "before": mark(line),
    })
}

/// A place in the list, to go on from.
fn mark(line: &AuditLine) -> String {
    format!("{}.{}", line.at.micros(), line.id)
}
