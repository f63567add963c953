//! Every command, one after the other: what it prints fits a terminal, and programs can read it.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use unicode_width::UnicodeWidthStr as _;

use super::*;

const ADA: &str = "ada.of.a.name.somewhat.longer@example.com";
/// Stands for the id of the letter that waits.
const LETTER: &str = "LETTER";
/// Whether its words are a text of its own that is not wrapped: SQL, a key.
const UNWRAPPED: &[&[&str]] = &[&["migrate", "plan"], &["key", "generate"]];
/// Prints one word, or runs until it is stopped.
const WITHOUT_JSON: &[&str] = &["dev", "serve", "key generate"];

/// All that is done, in an order in which it can be; [`ADA`] is there from `user add` to `user delete`.
const COMMANDS: &[&[&str]] = &[
    &["migrate", "plan"],
    &["migrate", "up"],
    &["migrate", "plan"],
    &["migrate", "up"],
    &["migrate", "status"],
    &["config", "check"],
    &["config", "check", "--database"],
    &["config", "list"],
    &["routes"],
    &["audit"],
    &["audit", "--actions"],
    &["healthcheck"],
    &["key", "generate"],
    &["key", "rotate"],
    &["key", "rotate", "--now", "--yes"],
    &["key", "list"],
    &["allow", "add", ADA, "@example.org"],
    &["allow", "list"],
    &["allow", "list", "--limit", "1"],
    &["allow", "remove", ADA],
    &["user", "list"],
    &["user", "add", ADA, "--password-stdin", "--role", "operator"],
    &["mail", "list"],
    &["user", "password", ADA, "--password-stdin"],
    &["mail", "list"],
    &["mail", "list", "--state", "sent"],
    &["mail", "show", LETTER],
    &["mail", "retry", LETTER],
    &["mail", "retry", "--all"],
    &["mail", "test", ADA, "--dkim-selector", "k1"],
    &["user", "sessions", ADA, "--end-all", "--yes"],
    &["user", "sessions", ADA],
    &["user", "show", ADA],
    &["user", "list"],
    &["user", "grant", ADA, "operator"],
    &["user", "revoke", ADA, "operator", "--yes"],
    &["audit"],
    &["audit", "--limit", "1"],
    &["user", "list", "--limit", "1"],
    &["user", "unlock", ADA],
    &["user", "revoke", ADA, "operator", "--yes"],
    &["backup", "copy.db"],
    &["restore", "copy.db", "--yes"],
    &["user", "disable", ADA, "--yes"],
    &["user", "enable", ADA],
    &["user", "list", "--waiting"],
    &["user", "approve", ADA],
    &["user", "delete", ADA, "--yes"],
];

/// A server, until it is dropped.
struct Server(Child);

impl Server {
    fn start(desk: &Desk, settings: &[(&str, &str)]) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_authara"))
            .arg("serve")
            .current_dir(&desk.0.0)
            .env_clear()
            .env("DATABASE_URL", "sqlite://authara.db")
            .env("PUBLIC_URL", "http://localhost:8080")
            .env("AUTHARA_SECRET_KEY", SECRET)
            .envs(settings.iter().copied())
            .stderr(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs [`COMMANDS`] with a further argument; each must be done. Returns what they printed.
async fn walk(further: &[&str]) -> Vec<(Vec<&'static str>, String)> {
    let desk = Desk::new();
    let mut printed = Vec::new();
    for command in COMMANDS {
        if *command == ["user", "sessions", ADA] {
            strangers::session_of(
                &desk,
                ADA,
                "2001:db8:1234:5678:9abc:def0:1234:5678",
                &"Browser/1.0 ".repeat(9),
            )
            .await;
            strangers::session_of(&desk, ADA, "192.0.2.1", &"x".repeat(200)).await;
        }
        let listen = format!("unix:{}", desk.0.0.join("socket").display());
        let mail = desk.0.0.display().to_string();
        let settings = [
            ("AUTHARA_LISTEN", listen.as_str()),
            ("AUTHARA_MAIL_DIR", mail.as_str()),
            ("AUTHARA_EMAIL_FROM", "login@example.com"),
        ];
        let server = (*command == ["healthcheck"]).then(|| Server::start(&desk, &settings));
        let own = if command.starts_with(&["key", "generate"]) {
            &[]
        } else {
            further
        };
        let letter = if command.contains(&LETTER) {
            desk.json(&["mail", "list", "--json"])["letters"][0]["id"].to_string()
        } else {
            String::new()
        };
        let filled = |word: &&'static str| {
            if *word == LETTER {
                letter.trim_matches('"').to_owned()
            } else {
                (*word).to_owned()
            }
        };
        let filled: Vec<_> = command.iter().map(filled).collect();
        let arguments: Vec<_> = filled.iter().map(String::as_str).chain(own.iter().copied()).collect();
        let mut output = desk.run_with(&arguments, &format!("{PASSWORD}\n"), &settings);
        for _ in 0..200 {
            if server.is_none() || output.status.success() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            output = desk.run_with(&arguments, "", &settings);
        }
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", words(&output));
        let is_quiet = output.stderr.is_empty() || !["backup", "restore"].contains(&command[0]);
        assert!(is_quiet, "no progress but on a terminal: {}", words(&output));
        printed.push((command.to_vec(), String::from_utf8(output.stdout).unwrap()));
    }
    printed
}

#[tokio::test]
async fn no_line_is_longer_than_a_terminal_is_wide() {
    for (command, printed) in walk(&[]).await {
        let is_wrapped = !UNWRAPPED.iter().any(|known| command.starts_with(known));
        let long = printed.lines().find(|line| line.width() > 80 && is_wrapped);

        assert_eq!(long, None, "{command:?}");
    }
}

#[tokio::test]
async fn programs_can_read_what_every_command_prints() {
    for (command, printed) in walk(&["--json"]).await {
        if command.starts_with(&["key", "generate"]) {
            continue;
        }
        let value: Value = serde_json::from_str(&printed).unwrap_or_else(|_| panic!("{command:?}: {printed}"));

        assert!(value.is_object(), "{command:?}: {printed}");
        let odd = names(&value).into_iter().find(|name| !is_snake_case(name));
        assert_eq!(odd, None, "{command:?}");
    }
}

#[test]
fn every_command_is_walked_and_has_json() {
    let desk = Desk::new();
    let mut all = Vec::new();
    leaves(&desk, &[], &mut all);

    assert!(all.len() > 20, "{all:?}");
    for command in &all {
        let name = command.join(" ");
        let help = desk.done(&[&command.iter().map(String::as_str).collect::<Vec<_>>()[..], &["--help"]].concat());
        let is_without = WITHOUT_JSON.contains(&name.as_str());
        assert_ne!(help.contains("--json"), is_without, "{name}");
        let is_walked = COMMANDS.iter().any(|walked| walked.join(" ").starts_with(&name));
        assert!(is_walked || is_without, "{name}");
    }
}

#[test]
fn what_is_refused_is_told_in_words_and_prints_no_json() {
    let desk = Desk::migrated();

    for command in [
        &["user", "show", "nobody@example.com", "--json"][..],
        &["user", "delete", "nobody@example.com", "--json", "--yes"],
        &["healthcheck", "--json"],
        &["restore", "nothing.db", "--yes", "--json"],
    ] {
        let output = desk.run(command);

        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(output.stdout.is_empty(), "{command:?}");
        assert!(words(&output).starts_with("authara: "), "{command:?}");
    }
}

#[test]
fn a_line_is_as_wide_as_the_terminal_says() {
    let desk = Desk::migrated();
    desk.add(ADA);
    let rows = |columns: &str| {
        let output = desk.run_with(&["user", "list"], "", &[("COLUMNS", columns)]);
        String::from_utf8(output.stdout).unwrap().lines().count()
    };

    assert_eq!((rows("160"), rows("80"), rows("no number")), (2, 4, 4));
}

/// The commands below one that do something themselves, as its help tells them.
fn leaves(desk: &Desk, above: &[String], all: &mut Vec<Vec<String>>) {
    let help: Vec<&str> = above.iter().map(String::as_str).chain(["--help"]).collect();
    let help = desk.done(&help);
    let lists = help
        .split("\n\n")
        .filter(|part| !part.starts_with("Options:") && !part.starts_with("Arguments:"));
    let names: BTreeSet<_> = lists
        .flat_map(str::lines)
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| line.starts_with(|first: char| first.is_ascii_lowercase()))
        .filter_map(|line| line.split_once("  ").map(|(name, _)| name.to_owned()))
        .filter(|name| name != "help" && !name.contains(' '))
        .collect();
    if names.is_empty() {
        all.push(above.to_vec());
    }
    for name in names {
        leaves(desk, &[above, &[name]].concat(), all);
    }
}

fn names(value: &Value) -> Vec<String> {
    match value {
        Value::Array(all) => all.iter().flat_map(names).collect(),
        Value::Object(all) => all.keys().cloned().chain(all.values().flat_map(names)).collect(),
        _ => Vec::new(),
    }
}

fn is_snake_case(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}
