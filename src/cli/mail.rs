//! `authara mail …`: letters, and whether they arrive.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::App;
use crate::cli::args::Mail as Command;
use crate::cli::print::{Printer, count, moment};
use crate::cli::{Failure, Result, app};
use crate::config::Given;
use crate::config::mail::Transport;
use crate::domain::letter::{Kind, Letter, Queued, State};
use crate::domain::{Email, LetterId, Refusal, Timestamp};
use crate::flows;
use crate::flows::letters::{self, Values};
use crate::outside::dns;
use crate::outside::mail::Outcome;
use crate::workers;

/// Time for a port to open.
const PATIENCE: Duration = Duration::from_secs(3);
/// Ports of mail servers, and what each is for.
const PORTS: [(u16, &str); 3] = [
    (465, "TLS from the first byte"),
    (587, "STARTTLS"),
    (25, "between mail servers"),
];

pub(super) async fn run(command: &Command, given: &Given, out: &mut Printer) -> Result<()> {
    let app = &*app(given).await?;
    match command {
        Command::Test {
            address,
            dkim_selector,
            printed,
        } => test(app, address, dkim_selector.as_deref(), printed.json, out).await,
        Command::List {
            state,
            limit,
            before,
            printed,
        } => list(app, *state, *before, *limit, printed.json, out).await,
        Command::Show { letter, printed } => {
            let found = found(letters::show(app, *letter).await)?;
            if printed.json {
                return out.json(&value(&found));
            }
            show(&found, out)
        }
        Command::Retry { letter, printed, .. } => {
            let hurried = found(letters::retry(app, *letter).await)?;
            if printed.json {
                return out.json(&json!({ "due": hurried }));
            }
            if hurried == 0 {
                return out.line("Nothing to do: no such letter waits, or it is being sent.");
            }
            out.line(format!(
                "{} due now; the running server sends.",
                count(hurried, "letter")
            ))
        }
    }
}

fn found<T>(found: flows::Result<T>) -> Result<T> {
    match found {
        Err(flows::Error::Refused(Refusal::NotFound)) => Err(Failure::Words(
            "there is no such letter; see: authara mail list".to_owned(),
        )),
        other => Ok(other?),
    }
}

async fn list(
    app: &App,
    state: Option<State>,
    before: Option<LetterId>,
    limit: u32,
    as_json: bool,
    out: &mut Printer,
) -> Result<()> {
    let before = match before {
        Some(id) => {
            let letter = found(letters::show(app, id).await)?.letter;
            Some((letter.created_at, letter.id))
        }
        None => None,
    };
    let queued = letters::list(app, state, before, limit).await?;
    if as_json {
        let letters: Vec<_> = queued.iter().map(value).collect();
        return out.json(&json!({ "letters": letters }));
    }
    if queued.is_empty() {
        return out.line("No letters.");
    }
    let rows: Vec<_> = queued
        .iter()
        .map(|queued| {
            [
                moment(queued.letter.created_at),
                queued.letter.kind.name().to_owned(),
                queued.state.name().to_owned(),
                queued.letter.id.to_string(),
            ]
        })
        .collect();
    out.table(["QUEUED", "KIND", "STATE", "LETTER"], &rows)?;
    if queued.len() as u64 == u64::from(limit)
        && let Some(last) = queued.last()
    {
        out.wrapped(0, &format!("There may be more: --before {}", last.letter.id))?;
    }
    Ok(())
}

fn show(queued: &Queued, out: &mut Printer) -> Result<()> {
    let Queued { letter, .. } = queued;
    out.line(format!("Letter    {}", letter.id))?;
    out.line(format!("Kind      {}", letter.kind.name()))?;
    out.line(format!("To        {}", letter.to.as_str()))?;
    if let Some(user) = letter.user {
        out.line(format!("Account   {user}"))?;
    }
    out.line(format!("Queued    {}", moment(letter.created_at)))?;
    out.line(format!(
        "State     {}, after {}",
        queued.state.name(),
        tries(queued.tries)
    ))?;
    if let Some(at) = queued.settled_at {
        out.line(format!("Ended     {}", moment(at)))?;
    } else {
        out.line(format!("Due       {}", moment(queued.due_at)))?;
        out.line(format!("Given up  {}", moment(letter.deadline)))?;
    }
    if queued.outcome.is_empty() {
        return Ok(());
    }
    out.wrapped(10, &format!("Answer    {}", queued.outcome))
}

fn tries(number: u32) -> String {
    match number {
        1 => "1 try".to_owned(),
        number => format!("{number} tries"),
    }
}

/// For programs. What a letter says is shown to nobody.
fn value(queued: &Queued) -> Value {
    let Queued { letter, .. } = queued;
    let is_waiting = queued.state == State::Waiting;
    json!({
        "id": letter.id.to_string(),
        "kind": letter.kind.name(),
        "user": letter.user.map(|user| user.to_string()),
        "to": letter.to.as_str(),
        "language": letter.language,
        "created_at": letter.created_at.rfc3339(),
        "deadline": letter.deadline.rfc3339(),
        "state": queued.state.name(),
        "due_at": is_waiting.then(|| queued.due_at.rfc3339()),
        "tries": queued.tries,
        "settled_at": queued.settled_at.map(Timestamp::rfc3339),
        "outcome": queued.outcome,
    })
}

async fn test(app: &App, address: &Email, selector: Option<&str>, as_json: bool, out: &mut Printer) -> Result<()> {
    let Some(mailer) = &app.mailer else {
        return Err(Failure::Words(
            "no way to send mail is set; see AUTHARA_EMAIL_SMTP_HOST and the settings below it in `authara config list`"
                .to_owned(),
        ));
    };
    let now = app.now();
    let letter = Letter {
        id: LetterId::new(app.fresh_id()),
        kind: Kind::Test,
        user: None,
        to: address.clone(),
        language: String::new(),
        sealed: Vec::new(),
        created_at: now,
        deadline: now,
    };
    let message = workers::letters::message(app, &letter, &Values::new());
    let message = message.map_err(|error| Failure::Words(format!("the letter cannot be written: {error}")))?;
    let report = Report {
        outcome: mailer.send(&message, now).await,
        by: mailer.describe(),
        from: &app.config.mail.from,
        ports: ports(app).await,
        records: records(app.config.mail.from.1.domain(), selector).await,
    };
    if as_json {
        out.json(&report.value())?;
        return report.outcome.map(drop).map_err(|_| Failure::Silent);
    }
    report.print(address, out)?;
    match report.outcome {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::Words("the letter was not sent".to_owned())),
    }
}

/// What came of a test.
struct Report<'a> {
    outcome: Outcome,
    by: String,
    from: &'a (String, Email),
    ports: Vec<(u16, bool)>,
    records: Vec<Record>,
}

impl Report<'_> {
    /// What the mail server said, or why there was nobody to say anything.
    fn answer(&self) -> &str {
        match &self.outcome {
            Ok(said) => said,
            Err(not_sent) => not_sent.words(),
        }
    }

    fn value(&self) -> Value {
        let ports = self.ports.iter();
        let ports: Vec<_> = ports
            .map(|(port, open)| json!({ "port": port, "open": open }))
            .collect();
        json!({
            "sent": self.outcome.is_ok(),
            "answer": self.answer(),
            "by": self.by,
            "from": self.from.1.as_str(),
            "ports": ports,
            "records": self.records.iter().map(Record::value).collect::<Vec<_>>(),
        })
    }

    fn print(&self, to: &Email, out: &mut Printer) -> Result<()> {
        let (name, from) = self.from;
        out.line(format!("By      {}", self.by))?;
        out.line(format!("From    {name} <{}>", from.as_str()))?;
        out.line(format!("To      {}", to.as_str()))?;
        let outcome = if self.outcome.is_ok() { "Sent" } else { "Not " };
        out.wrapped(8, &format!("{outcome}    {}", self.answer()))?;
        self.print_ports(out)?;
        out.line(format!("\nWhat {} says about its mail:", from.domain()))?;
        for record in &self.records {
            out.wrapped(9, &format!("  {:<6} {}", record.name, record.words()))?;
        }
        Ok(())
    }

    fn print_ports(&self, out: &mut Printer) -> Result<()> {
        if self.ports.is_empty() {
            return Ok(());
        }
        out.line("\nPorts of the mail server:")?;
        for (port, open) in &self.ports {
            let known = PORTS.iter().find(|(known, _)| known == port);
            let what = known.map_or("", |(_, what)| *what);
            let state = if *open { "open" } else { "closed" };
            out.line(format!("  {port:<5} {state:<7} {what}"))?;
        }
        if self.ports.iter().any(|(_, open)| *open) {
            return Ok(());
        }
        out.wrapped(
            0,
            "All of them are closed: many hosts close them for new machines. Ask yours, or send over HTTP with \
             AUTHARA_MAIL_PRESET.",
        )
    }
}

/// Which ports of the mail server are open, if letters go to one.
async fn ports(app: &App) -> Vec<(u16, bool)> {
    let Some(Transport::Smtp(server)) = &app.config.mail.transport else {
        return Vec::new();
    };
    let mut ports: Vec<u16> = PORTS.map(|(port, _)| port).to_vec();
    if !ports.contains(&server.port) {
        ports.insert(0, server.port);
    }
    let mut found = Vec::new();
    for port in ports {
        let opened = timeout(PATIENCE, TcpStream::connect((server.host.as_str(), port))).await;
        found.push((port, matches!(opened, Ok(Ok(_)))));
    }
    found
}

/// What receivers look for in the names of the sender's domain.
struct Record {
    name: &'static str,
    /// The texts found, or why nobody looked.
    found: std::result::Result<Vec<String>, String>,
    /// What it means if there is none.
    missing: &'static str,
}

impl Record {
    fn words(&self) -> String {
        match &self.found {
            Err(why) => why.clone(),
            Ok(found) => match found.as_slice() {
                [] => format!("none: {}", self.missing),
                [only] => only.clone(),
                several => format!(
                    "{} records, of which receivers take none: {}",
                    several.len(),
                    several.join(" | ")
                ),
            },
        }
    }

    fn value(&self) -> Value {
        json!({
            "name": self.name,
            "found": self.found.as_ref().ok(),
            "problem": self.found.as_ref().err(),
        })
    }
}

async fn records(domain: &str, selector: Option<&str>) -> Vec<Record> {
    let key = async {
        match selector {
            Some(selector) => look_up(&format!("{selector}._domainkey.{domain}"), "").await,
            None => {
                Err("not looked for; name the selector with --dkim-selector, which your mail service tells".to_owned())
            }
        }
    };
    let (spf, dkim, dmarc) = tokio::join!(look_up(domain, "v=spf1"), key, dmarc(domain));
    let record = |name, found, missing| Record { name, found, missing };
    vec![
        record("SPF", spf, "receivers cannot tell who may send for this domain"),
        record("DKIM", dkim, "there is no key of that selector"),
        record(
            "DMARC",
            dmarc,
            "large receivers want one; p=none is enough to begin with",
        ),
    ]
}

/// That of the domain, or else of a domain above it.
async fn dmarc(domain: &str) -> std::result::Result<Vec<String>, String> {
    let mut name = domain;
    loop {
        let found = look_up(&format!("_dmarc.{name}"), "v=DMARC1").await?;
        match name.split_once('.') {
            Some((_, above)) if found.is_empty() && above.contains('.') => name = above,
            _ => return Ok(found),
        }
    }
}

async fn look_up(name: &str, start: &str) -> std::result::Result<Vec<String>, String> {
    let records = dns::txt(name).await.map_err(|error| error.to_string())?;
    let is_such = |text: &String| {
        text.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    Ok(records.into_iter().filter(is_such).collect())
}
