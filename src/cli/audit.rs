//! `authara audit`: what was noted of security events.

use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::app::App;
use crate::cli::args::Audit as Arguments;
use crate::cli::print::{Printer, second};
use crate::cli::{Result, app, user};
use crate::config::Given;
use crate::domain::Timestamp;
use crate::domain::audit::{Action, Actor, AuditLine, Filter};
use crate::flows;

/// What `--actions` prints; needs no database.
pub(super) fn actions(out: &mut Printer) -> Result<()> {
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
            "ACCOUNT",
            "FROM",
            "DETAIL",
            "REQUEST",
        ],
        &rows,
    )?;
    if u32::try_from(lines.len()) == Ok(limit) {
        out.line(format!("There may be more; go on with: --before {}", mark(last)))?;
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
        line.subject.map_or_else(String::new, |id| id.to_string()),
        from,
        line.detail.clone(),
        line.client.request_id.clone(),
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

/// A place in the list as it was printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(pub(super) (Timestamp, crate::domain::AuditId));

impl std::str::FromStr for Mark {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let mark = text.split_once('.').and_then(|(at, id)| {
            let at = Timestamp::from_micros(at.parse().ok()?);
            Some(Self((at, id.parse().ok()?)))
        });
        mark.ok_or("take it from the end of the page before")
    }
}

/// How far to look back: a time, or how long ago.
#[derive(Debug, Clone, Copy)]
pub(super) enum Since {
    /// Since then.
    At(Timestamp),
    /// So long ago.
    Ago(std::time::Duration),
}

impl Since {
    fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now - ago,
        }
    }
}

impl std::str::FromStr for Since {
    type Err = &'static str;

    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        let of_day = |text: &str| OffsetDateTime::parse(&format!("{text}T00:00:00Z"), &Rfc3339).ok();
        if let Some(at) = OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| of_day(text)) {
            return Ok(Self::At(Timestamp::from_seconds(at.unix_timestamp())));
        }
        let unit = text.chars().last().filter(char::is_ascii_alphabetic);
        let seconds = match unit {
            Some('d') => 86_400,
            Some('h') => 3600,
            Some('m') => 60,
            Some('s') => 1,
            _ => 0,
        };
        let number = text.strip_suffix(|c: char| c.is_ascii_alphabetic());
        number
            .and_then(|number| number.parse::<u32>().ok())
            .filter(|_| seconds > 0)
            .map(|number| Self::Ago(std::time::Duration::from_secs(u64::from(number) * seconds)))
            .ok_or("a time as in 2026-11-25T09:00:00Z, a day as in 2026-11-25, or how long ago as in 7d, 24h, 30m")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_can_look_back_to_a_time_a_day_or_for_so_long() {
        let now = Timestamp::from_seconds(1_000_000);
        let since = |text: &str| text.parse::<Since>().map(|since| since.before(now).seconds());

        assert_eq!(since("2h"), Ok(1_000_000 - 7200));
        assert_eq!(since("1d"), Ok(1_000_000 - 86_400));
        assert_eq!(since("1970-01-02"), Ok(86_400));
        assert_eq!(since("1970-01-02T01:00:00+01:00"), Ok(86_400));
        for text in ["", "2", "h", "-2h", "2w", "yesterday", "2026-13-01"] {
            assert!(since(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_in_the_list_is_read_as_it_is_printed() {
        let mark: Mark = "1700000000000001.0190b5a0-0000-7000-8000-00000000000a".parse().unwrap();

        assert_eq!(mark.0.0.micros(), 1_700_000_000_000_001);
        assert!("1700000000000001".parse::<Mark>().is_err());
    }
}
