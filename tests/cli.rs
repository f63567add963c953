//! The commands as an operator meets them: the real program, its words and its exit codes.

mod settings;
mod strangers;
mod usage;
mod walk;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use authara::crypto::random;
use authara::domain::audit::{Action, Actor, AuditLine, Outcome};
use authara::domain::session::Session;
use authara::domain::time::SystemClock;
use authara::domain::{AuditId, Client, Clock, Email, Method, SessionId};
use authara::storage::{Store, Target};
use serde_json::Value;

use crate::kit::database::Folder;

const SECRET: &str = "3q2+7wECAwQFBgcICQoLDA0OD5mlMTIzNDU2Nzg5QEE=";
const PASSWORD: &str = "correct horse battery";

/// A folder with its settings.
struct Desk(Folder);

impl Desk {
    fn new() -> Self {
        Self(Folder::new())
    }

    fn migrated() -> Self {
        let desk = Self::new();
        assert_eq!(desk.run(&["migrate", "up"]).status.code(), Some(0));
        desk
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "", &[])
    }

    fn run_with(&self, arguments: &[&str], input: &str, settings: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_authara"));
        command
            .args(arguments)
            .current_dir(&self.0.0)
            .env_clear()
            .env("DATABASE_URL", "sqlite://authara.db")
            .env("PUBLIC_URL", "http://localhost:8080")
            .env("AUTHARA_SECRET_KEY", SECRET)
            // A port at which nobody answers: one may run a server beside the tests.
            .env("AUTHARA_LISTEN", "127.0.0.1:1")
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read closes its end.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    /// Runs a command that must be done, and returns what it printed.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", words(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(arguments)).unwrap()
    }

    fn add(&self, email: &str) {
        let output = self.run_with(
            &["user", "add", email, "--password-stdin"],
            &format!("{PASSWORD}\n"),
            &[],
        );
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
    }
}

/// What went to standard error.
fn words(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn every_command_has_help_and_wrong_usage_is_two() {
    let desk = Desk::new();

    for command in [
        vec![],
        vec!["dev"],
        vec!["serve"],
        vec!["backup"],
        vec!["restore"],
        vec!["migrate"],
        vec!["migrate", "up"],
        vec!["migrate", "status"],
        vec!["migrate", "plan"],
        vec!["user"],
        vec!["user", "add"],
        vec!["user", "list"],
        vec!["user", "show"],
        vec!["user", "disable"],
        vec!["user", "enable"],
        vec!["user", "delete"],
        vec!["user", "unlock"],
        vec!["user", "grant"],
        vec!["user", "revoke"],
        vec!["user", "password"],
        vec!["user", "sessions"],
        vec!["key"],
        vec!["key", "generate"],
        vec!["key", "generate", "--es256"],
        vec!["key", "list"],
        vec!["key", "rotate"],
        vec!["audit"],
        vec!["config"],
        vec!["config", "check"],
        vec!["config", "list"],
        vec!["routes"],
        vec!["healthcheck"],
    ] {
        let help = desk.done(&[command, vec!["--help"]].concat());
        assert!(help.contains("Usage: authara"), "{help}");
    }
    for (wrong, why) in [
        (&["nonsense"][..], "unrecognized subcommand"),
        (&["user", "add"], "<EMAIL>"),
        (&["user", "list", "--limit", "0"], "not in 1..=10000"),
        (&["user", "grant", "a@b.c", "king"], "admin"),
        (
            &["user", "sessions", "a@b.c", "--end", "nope"],
            "list them without --end",
        ),
        (&["audit", "--since", "-1d"], "how long ago as in 7d"),
    ] {
        let output = desk.run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(words(&output).contains(why), "{wrong:?}: {}", words(&output));
    }
}

#[test]
fn r130_a_database_is_migrated_once_and_served_only_then() {
    let desk = Desk::new();

    let early = desk.run(&["serve"]);
    assert_eq!(early.status.code(), Some(1));
    assert!(words(&early).contains("authara migrate up"), "{}", words(&early));
    assert_eq!(desk.run(&["migrate", "status"]).status.code(), Some(1));
    assert!(desk.done(&["migrate", "plan"]).contains("CREATE TABLE users"));
    assert!(
        desk.done(&["migrate", "up"])
            .starts_with("applying 0001_init\napplying 0002")
    );

    assert!(desk.done(&["migrate", "up"]).contains("nothing to do"));
    assert_eq!(desk.json(&["migrate", "status", "--json"])["pending"], 0);
    assert_eq!(desk.json(&["key", "list", "--json"])["keys"][0]["state"], "active");
}

#[test]
fn an_account_lives_its_life_from_the_command_line() {
    let desk = Desk::migrated();

    assert!(desk.done(&["user", "list"]).contains("authara user add"));
    desk.add("ada@example.com");
    desk.add("bob@example.com");
    desk.done(&["user", "grant", "ada@example.com", "admin"]);

    let ada = desk.json(&["user", "show", "ADA@example.com", "--json"]);
    assert_eq!(
        (&ada["email"], &ada["roles"][0]),
        (&"ada@example.com".into(), &"admin".into())
    );
    assert_eq!(ada["sessions"].as_array().map(Vec::len), Some(0));
    let id = ada["id"].as_str().unwrap();
    let disable = ["user", "disable", "bob@example.com", "--yes"];
    assert!(desk.done(&disable).contains("Switched off"));
    assert!(desk.done(&disable).contains("It was off already"));
    let listed = desk.json(&["user", "list", "--after", id, "--json"]);
    assert_eq!(listed["users"][0]["disabled"], true);
    desk.done(&["user", "enable", "bob@example.com"]);
    assert!(
        desk.done(&["user", "sessions", "bob@example.com"])
            .contains("No live sessions")
    );
    let set = desk.run_with(
        &["user", "password", id, "--password-stdin"],
        "another password\r\n",
        &[],
    );
    assert_eq!(set.status.code(), Some(0), "{}", words(&set));
}

#[test]
fn r028_a_deleted_account_is_known_to_the_audit_alone_and_by_its_id() {
    let desk = Desk::migrated();
    desk.add("ada@example.com");
    desk.add("bob@example.com");
    let id = desk.json(&["user", "show", "ada@example.com", "--json"])["id"].clone();
    let id = id.as_str().unwrap();

    let deleted = desk.json(&["user", "delete", "ada@example.com", "--yes", "--json"]);

    assert_eq!(deleted["deleted"], id);
    let listed = desk.json(&["user", "list", "--json"]);
    assert_eq!(listed["users"].as_array().map(Vec::len), Some(1));
    assert_eq!(desk.run(&["user", "show", id]).status.code(), Some(1));
    let lines = desk.json(&["audit", "--user", id, "--json"]);
    let told = |number: usize| (&lines["lines"][number]["action"], &lines["lines"][number]["actor"]);
    assert_eq!(told(0), (&"user.deleted".into(), &"operator".into()));
    assert_eq!(told(1), (&"user.created".into(), &"operator".into()));
    assert!(
        desk.done(&["user", "delete", "bob@example.com", "-y"])
            .contains("Deleted")
    );
    assert!(desk.done(&["user", "list"]).contains("No accounts yet."));
}

#[test]
fn what_cannot_be_done_is_told_and_changes_nothing() {
    let desk = Desk::migrated();
    desk.add("ada@example.com");
    desk.done(&["user", "grant", "ada@example.com", "admin"]);
    let refused = |arguments: &[&str], why: &str| {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(words(&output).contains(why), "{arguments:?}: {}", words(&output));
    };

    refused(&["user", "show", "nobody@example.com"], "no account");
    refused(&["user", "disable", "ada@example.com", "--yes"], "last admin");
    refused(&["user", "disable", "ada@example.com"], "--yes");
    refused(&["user", "delete", "ada@example.com", "--yes"], "last admin");
    refused(&["user", "delete", "ada@example.com"], "--yes");
    refused(&["user", "delete", "nobody@example.com", "--yes"], "no account");
    refused(&["user", "add", "cyd@example.com"], "--password-stdin");
    // Both are known before anybody is asked for a password.
    refused(
        &["user", "add", "ADA@example.com"],
        "there is an account with that address already",
    );
    refused(&["user", "add", "cyd"], "not an e-mail address");
    refused(&["dev", "--port", "6000"], "browsers refuse to open port 6000");
    refused(&["key", "rotate", "--now"], "--yes");
    refused(&["healthcheck"], "is `authara serve` running?");
    for (password, why) in [
        ("short\n", "at least 8"),
        ("\n", "at least 8"),
        ("ada@example.com\n", "your e-mail address"),
    ] {
        let output = desk.run_with(
            &["user", "password", "ada@example.com", "--password-stdin"],
            password,
            &[],
        );
        assert_eq!(output.status.code(), Some(1));
        assert!(words(&output).contains(why), "{}", words(&output));
    }

    let admins = desk.json(&["user", "list", "--role", "admin", "--json"]);
    assert_eq!(admins["users"].as_array().map(Vec::len), Some(1));
    let operators = desk.json(&["user", "list", "--role", "operator", "--json"]);
    assert_eq!(operators["users"].as_array().map(Vec::len), Some(0));
    assert_eq!(desk.json(&["user", "list", "--json"])["users"][0]["disabled"], false);
    assert_eq!(
        desk.json(&["key", "list", "--json"])["keys"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn the_allowlist_is_kept_by_commands_that_say_who_is_kept_out() {
    const ON: (&str, &str) = ("AUTHARA_ACCESS_POLICY_ALLOWLIST_ENABLED", "true");
    let desk = Desk::migrated();
    let with_list = |arguments: &[&str]| {
        let output = desk.run_with(arguments, "", &[ON]);
        assert_eq!(output.status.code(), Some(0), "{}", words(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    for (name, role) in [("ada", "admin"), ("bob", "operator")] {
        let email = format!("{name}@example.com");
        let added = desk.run_with(
            &["user", "add", &email, "--password-stdin", "--role", role],
            "correct horse battery\n",
            &[],
        );
        assert_eq!(added.status.code(), Some(0), "{}", words(&added));
    }

    let checked = with_list(&["config", "check", "--database"]);
    assert!(
        checked.contains("keeps 2 accounts out, 1 admin among them"),
        "{checked}"
    );
    assert!(
        desk.done(&["allow", "add", "ada@example.com"])
            .contains("The allowlist is off")
    );
    assert_eq!(
        with_list(&["allowlist", "add", "--email", "@Example.ORG"]),
        "1 entry added.\n"
    );
    let removed = with_list(&["allow", "remove", "@example.org", "@example.net"]);
    assert!(
        removed.contains("1 entry removed.") && removed.contains("keeps 1 account out"),
        "{removed}"
    );
    let listed = desk.json(&["allow", "list", "--json"]);
    assert_eq!(listed["entries"][0]["entry"], "ada@example.com");
    assert_eq!(listed["enabled"], false);
    assert_eq!(desk.run(&["allow", "add", "example.com"]).status.code(), Some(2));
    assert_eq!(desk.run(&["allow", "add"]).status.code(), Some(2));
}

#[test]
fn a_new_key_is_published_first_and_another_root_secret_opens_none() {
    let desk = Desk::migrated();

    let key = desk.json(&["key", "rotate", "--json"]);
    let other = desk.run_with(
        &["key", "list"],
        "",
        &[("AUTHARA_SECRET_KEY", &desk.done(&["key", "generate"]))],
    );

    assert_eq!(key["state"], "upcoming");
    assert_eq!(other.status.code(), Some(1));
    assert!(words(&other).contains("AUTHARA_SECRET_KEY"), "{}", words(&other));
    assert!(
        desk.done(&["key", "rotate", "--now", "--yes"])
            .contains("signs from now on")
    );
}

#[test]
fn the_organization_mode_of_a_database_stays() {
    let desk = Desk::migrated();

    let output = desk.run_with(&["user", "list"], "", &[("AUTHARA_ORG_MODE", "multi")]);

    assert_eq!(output.status.code(), Some(1));
    assert!(words(&output).contains("started with single"), "{}", words(&output));
}

#[test]
fn routes_and_settings_are_listed() {
    let desk = Desk::new();

    let routes = desk.json(&["routes", "--json"]);
    let paths: Vec<&str> = routes["routes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| line["path"].as_str())
        .collect();

    assert!(paths.contains(&"/auth/api/v1/login"));
    assert!(desk.done(&["routes"]).contains("/auth/login"));
    let settings = desk.run_with(&["config", "list"], "", &[("COLUMNS", "1000")]);
    let settings = String::from_utf8(settings.stdout).unwrap();
    for (name, otherwise) in [
        ("AUTHARA_ORG_MODE", "; default: single\n"),
        ("PUBLIC_URL", "; required always\n"),
        ("AUTHARA_LOGO_FILE", "; not set by default\n"),
    ] {
        let (_, rest) = settings.split_once(&format!("{name}\n")).unwrap();
        let (_, kind) = rest.split_once('\n').unwrap();
        assert!(kind.lines().next().unwrap().ends_with(otherwise.trim_end()), "{kind}");
    }
}

#[test]
fn a_taken_port_is_told_and_exits_with_one() {
    let desk = Desk::migrated();
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let listen = taken.local_addr().unwrap().to_string();

    let requests = desk.run_with(&["serve"], "", &[("AUTHARA_LISTEN", &listen)]);
    let metrics = desk.run_with(
        &["serve"],
        "",
        &[("AUTHARA_LISTEN", "127.0.0.1:0"), ("AUTHARA_METRICS_LISTEN", &listen)],
    );

    for (output, what) in [(requests, "requests"), (metrics, "metrics")] {
        let told = format!("cannot listen on {listen} for {what}: ");
        assert_eq!(output.status.code(), Some(1));
        assert!(words(&output).contains(&told), "{}", words(&output));
    }
}

#[test]
fn what_was_done_and_refused_is_shown_and_filtered() {
    let desk = Desk::migrated();
    assert!(desk.done(&["audit"]).contains("No line fits."));
    desk.add("ada@example.com");
    desk.add("bob@example.com");
    desk.done(&["user", "disable", "bob@example.com", "--yes"]);

    let all = desk.run_with(&["audit"], "", &[("COLUMNS", "160")]);
    let all = String::from_utf8(all.stdout).unwrap();
    let lines: Vec<&str> = all.lines().collect();
    assert!(lines[0].starts_with("TIME (UTC)"), "{all}");
    assert!(
        lines[1].contains("user.disabled") && lines[1].contains("command line"),
        "{all}"
    );
    assert_eq!(lines.len(), 4, "{all}");
    assert!(!all.contains("ada@example.com"), "no addresses of people");

    let of_ada = desk.json(&["audit", "--user", "ADA@example.com", "--json"]);
    let of_ada = of_ada["lines"].as_array().unwrap();
    assert_eq!(of_ada.len(), 1);
    assert_eq!(of_ada[0]["action"], "user.created");
    assert_eq!(of_ada[0]["actor"], "operator");

    let page = desk.json(&["audit", "--limit", "2", "--json"]);
    let mark = page["lines"][1]["before"].as_str().unwrap().to_owned();
    let rest = desk.json(&["audit", "--before", &mark, "--json"]);
    assert_eq!(rest["lines"].as_array().unwrap().len(), 1);

    let none = desk.done(&["audit", "--result", "refused", "--since", "1h"]);
    assert!(none.contains("No line fits."));
    assert!(desk.done(&["audit", "--actions"]).contains("session.sign_in"));
    assert_eq!(desk.run(&["audit", "--action", "nonsense"]).status.code(), Some(2));
    assert_eq!(
        desk.run(&["audit", "--user", "nobody@example.com"]).status.code(),
        Some(1)
    );
}

#[test]
fn r027_a_new_database_has_no_account_and_no_secret_is_built_in() {
    let desk = Desk::migrated();

    assert!(desk.done(&["user", "list"]).contains("No accounts yet."));
    let without = desk.run_with(&["serve"], "", &[("AUTHARA_SECRET_KEY", "")]);
    assert_eq!(without.status.code(), Some(1));
    assert!(words(&without).contains("AUTHARA_SECRET_KEY"), "{}", words(&without));
}
