//! A program of the operator's that sends what it reads, as `sendmail -t` does.

use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::outside::mail::{Message, NotSent, Outcome, mime, said};

/// Stands for the recipient among the arguments.
const RECIPIENT: &str = "{to}";
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// How long its last words are waited for.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What it says is read up to this.
const LONGEST_WORDS: u64 = 4096;

/// The program and its arguments.
#[derive(Clone)]
pub struct Command {
    words: Arc<[String]>,
    timeout: Duration,
}

impl Command {
    /// `words` are the program and its arguments; the program is ended after `timeout`.
    pub fn new(words: Vec<String>, timeout: Duration) -> Self {
        Self {
            words: words.into(),
            timeout,
        }
    }

    pub(super) fn describe(&self) -> String {
        format!("the program {}", self.words.first().map_or("", String::as_str))
    }

    pub(super) async fn send(&self, message: &Message) -> Outcome {
        let to = message.to.as_str();
        // The program would take it for an option.
        if to.starts_with('-') && self.words.iter().any(|word| word == RECIPIENT) {
            return Err(NotSent::AddressRefused("the address begins like an option".to_owned()));
        }
        let (command, bytes, to) = (self.clone(), mime::bytes(message)?, to.to_owned());
        let sent = tokio::task::spawn_blocking(move || command.run(&bytes, &to)).await;
        sent.unwrap_or_else(|_| Err(NotSent::later("the program was broken off")))
    }

    fn run(&self, letter: &[u8], to: &str) -> Outcome {
        let filled = |word: &String| if word == RECIPIENT { to.to_owned() } else { word.clone() };
        let words: Vec<String> = self.words.iter().map(filled).collect();
        let [program, arguments @ ..] = words.as_slice() else {
            return Err(NotSent::Setup("no program is named".to_owned()));
        };
        let failed = |error: io::Error| NotSent::Setup(format!("{program}: {error}"));
        let mut child = std::process::Command::new(program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let deadline = Instant::now() + self.timeout;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let letter = letter.to_vec();
        // It may end without reading all of it, or say a lot before it reads: neither holds up the other.
        std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&letter)));
        let (said_last, words) = mpsc::channel();
        std::thread::spawn(move || {
            let mut words = Vec::new();
            let _ = stderr.map(|stderr| stderr.take(LONGEST_WORDS).read_to_end(&mut words));
            let _ = said_last.send(String::from_utf8_lossy(&words).into_owned());
        });
        let Some(status) = end_of(&mut child, deadline).map_err(failed)? else {
            return Err(NotSent::later(format!("{program} took longer than {:?}", self.timeout)));
        };
        if status.success() {
            return Ok("taken by the program".to_owned());
        }
        // What it has left running may hold its end for ever.
        let words = said(&words.recv_timeout(LAST_WORDS).unwrap_or_default());
        let said = match status.code() {
            Some(code) => format!("{program} ended with {code}: {words}"),
            None => format!("{program} was ended by a signal: {words}"),
        };
        // sysexits.h: no such user, no such host, and "use other credentials or settings".
        Err(match status.code() {
            Some(67 | 68) => NotSent::AddressRefused(said),
            Some(64 | 72 | 77 | 78 | 126 | 127) => NotSent::Setup(said),
            _ => NotSent::later(said),
        })
    }
}

/// How it ended; `None`, and it is ended, after the deadline.
fn end_of(child: &mut Child, deadline: Instant) -> io::Result<Option<std::process::ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= deadline {
            // With all that it has started.
            if let Some(group) = Pid::from_raw(i32::try_from(child.id()).unwrap_or(0)) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}
