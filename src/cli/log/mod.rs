//! Where log lines go: text for people on a terminal, JSON otherwise.
//!
//! An event is one line, built in its thread's own buffer and handed over in one call: lines of two
//! threads never mix. A [`Queue`] takes them, so that a slow reader of the log holds nobody up; at an
//! orderly end, and when the program panics, it has two seconds to become empty. Only what this
//! program says is logged, not its libraries; spans are not used.

mod json;
mod queue;
mod text;

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd as _;
use std::sync::OnceLock;
use std::time::Duration;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, set_global_default};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::cli::escape::harmless;
use crate::config::LogLevel;
use crate::domain::time::{Clock as _, SystemClock};
use queue::Queue;

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One JSON object.
    Json,
    /// Words for people.
    Text {
        /// Whether the terminal shows colours.
        colours: bool,
    },
}

/// Where lines wait to be written, once [`start`] has been called.
static QUEUE: OnceLock<Queue> = OnceLock::new();
/// How long the end of the program waits for the log.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts logging to standard error, panics included. [`finish`] belongs at the end.
pub(super) fn start(level: LogLevel) {
    let out = io::stderr();
    let form = if out.is_terminal() {
        let colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Form::Text { colours }
    } else {
        Form::Json
    };
    // A descriptor of its own: others that write to standard error must not wait for it.
    let queue = out.as_fd().try_clone_to_owned().and_then(|descriptor| {
        Queue::start(File::from(descriptor), |lost| {
            tracing::warn!(
                lost,
                "log lines were lost: nobody read them fast enough, or they could not be written"
            );
        })
    });
    match queue {
        Ok(queue) => start_on(level, form, QUEUE.get_or_init(|| queue).clone()),
        Err(_) => start_on(level, form, out),
    }
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(tracing::field::display);
        let words = panic.payload_as_str().unwrap_or("without words");
        tracing::error!(at, "panicked: {words}");
        finish();
    }));
}

/// The line with which a server ends that cannot go on, or cannot start: in the form of the log, for the
/// program that reads it, and in plain words for a person.
pub(super) fn last(words: &str) {
    if io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "authara: {}", harmless(words));
    } else {
        // The settings may be what is wrong.
        start(LogLevel::Error);
        tracing::error!("{words}");
    }
}

/// Waits until the log is written, two seconds at most.
pub(super) fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.flush(PATIENCE);
    }
}

/// Starts logging to `out`, which gets every line in one call. A second start in one process keeps
/// the first.
pub fn start_on<W>(level: LogLevel, form: Form, out: W)
where
    W: Send + Sync + 'static,
    for<'w> &'w W: Write,
{
    let level = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    let _ = set_global_default(Lines { level, form, out });
}

/// Writes each event as one line.
struct Lines<W> {
    level: LevelFilter,
    form: Form,
    out: W,
}

thread_local! {
    static BUFFER: RefCell<String> = const { RefCell::new(String::new()) };
}

impl<W> Subscriber for Lines<W>
where
    W: Send + Sync + 'static,
    for<'w> &'w W: Write,
{
    /// Asked once per place in the code; what is not wanted costs nothing from then on.
    fn register_callsite(&self, place: &'static Metadata<'static>) -> Interest {
        if self.enabled(place) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, place: &Metadata<'_>) -> bool {
        place.is_event() && *place.level() <= self.level && place.target().starts_with(env!("CARGO_PKG_NAME"))
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        BUFFER.with(|buffer| match buffer.try_borrow_mut() {
            Ok(mut line) => self.write(event, &mut line),
            // Something that is being written has itself something to say.
            Err(_) => self.write(event, &mut String::new()),
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

impl<W> Lines<W>
where
    for<'w> &'w W: Write,
{
    fn write(&self, event: &Event<'_>, line: &mut String) {
        line.clear();
        let now = SystemClock.now();
        match self.form {
            Form::Json => json::write(event, now, line),
            Form::Text { colours } => text::write(event, now, colours, line),
        }
        line.push('\n');
        // There is nobody to tell that the log cannot be written.
        let _ = (&self.out).write_all(line.as_bytes());
    }
}

/// The name of a level, for a reader that sorts by it.
const fn name(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARN",
        Level::INFO => "INFO",
        _ => "DEBUG",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for &Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("a lock").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: LevelFilter, form: Form, work: impl FnOnce()) -> String {
        let paper = Paper::default();
        let out = paper.clone();
        tracing::subscriber::with_default(Lines { level, form, out }, work);
        let bytes = paper.0.lock().expect("a lock").clone();
        String::from_utf8(bytes).expect("text")
    }

    const JSON: Form = Form::Json;
    const TEXT: Form = Form::Text { colours: false };
    /// Everything that ends a line, speaks to a terminal or turns text around.
    const HOSTILE: &str = "a\r\n{\"level\":\"ERROR\"}\u{1b}[2J\0\u{7f}\u{85}\u{9b}2J\u{2028}\u{2029}\u{202e}\"\\\u{8}é";

    #[test]
    fn a_json_line_is_one_object_with_fixed_names() {
        let line = logged(LevelFilter::INFO, JSON, || {
            tracing::info!(
                http.status = 200_u16,
                duration_ms = 1.25,
                ok = true,
                user.id = Some("u"),
                none = None::<i64>,
                "GET /x 200"
            );
        });

        let (object, rest) = line.split_at(line.len() - 1);
        let object: serde_json::Value = serde_json::from_str(object).expect("one object");
        assert_eq!(rest, "\n");
        assert_eq!(object["level"], "INFO");
        assert_eq!(object["message"], "GET /x 200");
        assert_eq!(object["http.status"], 200);
        assert_eq!(object["duration_ms"], 1.25);
        assert_eq!(object["ok"], true);
        assert_eq!(object["user.id"], "u");
        assert_eq!(object.as_object().expect("an object").len(), 7);
        let time = object["timestamp"].as_str().expect("text");
        assert!(time.len() == 27 && time.ends_with('Z') && time.contains('T'), "{time}");
    }

    #[test]
    fn r128_nothing_in_a_value_ends_a_line_or_reaches_a_terminal() {
        for form in [JSON, TEXT, Form::Text { colours: true }] {
            let log = logged(LevelFilter::INFO, form, || {
                tracing::info!(text = HOSTILE, shown = %HOSTILE, debug = ?HOSTILE, "message {HOSTILE}");
            });

            let line = log.strip_suffix('\n').expect("a line");
            let own_colours = ["\u{1b}[2m", "\u{1b}[22m", "\u{1b}[32m", "\u{1b}[39m"];
            let line = own_colours
                .iter()
                .fold(line.to_owned(), |line, code| line.replace(code, ""));
            assert!(
                !line
                    .chars()
                    .any(|c| c.is_control() || "\u{2028}\u{2029}\u{202e}".contains(c)),
                "{form:?}: {line:?}"
            );
            assert!(line.contains('é'), "{line}");
        }
    }

    #[test]
    fn json_gives_every_value_back_as_it_was() {
        let line = logged(LevelFilter::INFO, JSON, || tracing::info!(text = HOSTILE, "{HOSTILE}"));

        let object: serde_json::Value = serde_json::from_str(&line).expect("one object");
        assert_eq!(object["text"], HOSTILE);
        assert_eq!(object["message"], HOSTILE);
    }

    #[test]
    fn a_person_reads_message_duration_and_what_else_there_is() {
        let line = logged(LevelFilter::INFO, TEXT, || {
            tracing::info!(
                http.method = "GET",
                http.status = 200_u16,
                duration_ms = 1.256,
                error = "two words",
                request.id = "abc",
                "GET /x 200"
            );
        });

        let (_time, rest) = line.split_once(' ').expect("a time first");
        assert_eq!(rest, " INFO   GET /x 200  1.3 ms  error=\"two words\" request.id=abc\n");
    }

    #[test]
    fn a_value_without_end_is_cut() {
        for form in [JSON, TEXT] {
            let line = logged(LevelFilter::INFO, form, || {
                tracing::info!(long = "é".repeat(100_000), "{}", "x".repeat(100_000));
            });

            assert!(line.len() < 10_000 && line.contains("xxx…"), "{}", line.len());
        }
    }

    #[test]
    fn only_levels_that_are_wanted_are_written() {
        let all = || {
            tracing::error!("one");
            tracing::warn!("two");
            tracing::info!("three");
            tracing::debug!("four");
        };
        for (level, count) in [
            (LevelFilter::ERROR, 1),
            (LevelFilter::WARN, 2),
            (LevelFilter::INFO, 3),
            (LevelFilter::DEBUG, 4),
        ] {
            assert_eq!(logged(level, JSON, all).lines().count(), count, "{level}");
        }
    }

    #[test]
    fn a_line_is_written_also_while_another_one_is() {
        let log = BUFFER.with(|buffer| {
            let _held = buffer.borrow_mut();
            logged(LevelFilter::INFO, JSON, || tracing::info!("inner"))
        });

        assert!(log.contains("inner"), "{log}");
    }
}
