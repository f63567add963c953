//! The log of the whole test run, and beside it every secret that went to and fro. `scripts/check`
//! compares the two afterwards: nothing of the one may be in the other.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Mutex, OnceLock};

use authara::cli::log::{Form, start_on};
use authara::config::LogLevel;
use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use serde_json::Value;

/// Members of bodies and fields of forms whose values are nobody's business.
const SECRET: [&str; 10] = [
    "email",
    "password",
    "current_password",
    "new_password",
    "csrf_token",
    "access_token",
    "refresh_token",
    "invitation_code",
    "token",
    "code",
];
/// Shorter ones stand in a log by chance.
const SHORTEST: usize = 10;
const LONGEST: usize = 4096;

struct Run {
    log: File,
    secrets: Mutex<(File, HashSet<String>)>,
}

/// Begins the two files anew, once in each run.
fn run() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let log = fresh("tests.log");
        start_on(LogLevel::Debug, Form::Json, log.try_clone().unwrap());
        Run {
            log,
            secrets: Mutex::new((fresh("tests.secrets"), HashSet::new())),
        }
    })
}

fn fresh(name: &str) -> File {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    File::create(&path).unwrap();
    // Several processes write to it, each line in one piece.
    OpenOptions::new().append(true).open(path).unwrap()
}

/// From now on the program logs there.
pub(crate) fn start() {
    run();
}

/// The same file, for another process.
pub(crate) fn file() -> File {
    run().log.try_clone().unwrap()
}

/// Notes something that must not be in the log.
pub(crate) fn secret(text: &str) {
    let text = text.trim();
    let is_kept = (SHORTEST..=LONGEST).contains(&text.len()) && !text.contains(char::is_control);
    let mut secrets = run().secrets.lock().unwrap();
    if is_kept && secrets.1.insert(text.to_owned()) {
        writeln!(secrets.0, "{text}").unwrap();
    }
}

/// Notes what is secret in a request or an answer.
pub(crate) fn secrets_in(headers: &HeaderMap, body: &[u8]) {
    let lines = |name| {
        let values = headers.get_all(name).iter();
        values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    for line in lines(COOKIE.as_str()) {
        line.split(';')
            .filter_map(|pair| pair.split_once('='))
            .for_each(|(_, value)| secret(value));
    }
    for line in lines(SET_COOKIE.as_str()) {
        let pair = line.split(';').next().unwrap_or_default();
        secret(pair.split_once('=').map_or("", |(_, value)| value));
    }
    for line in lines(AUTHORIZATION.as_str()) {
        secret(line.split_once(' ').map_or("", |(_, token)| token));
    }
    lines("x-csrf-token").for_each(|value| secret(&value));

    if let Ok(value) = serde_json::from_slice(body) {
        members(&value);
    } else {
        for (name, value) in form_urlencoded::parse(body) {
            if SECRET.contains(&&*name) {
                secret(&value);
            }
        }
    }
}

fn members(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(members),
        Value::Object(object) => {
            for (name, value) in object {
                match value {
                    Value::String(text) if SECRET.contains(&&**name) => secret(text),
                    other => members(other),
                }
            }
        }
        _ => {}
    }
}
