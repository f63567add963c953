//! The command line of `authara mail`.

use clap::Subcommand;

use crate::cli::args::Printed;
use crate::domain::letter::State;
use crate::domain::{Email, LetterId};

/// `authara mail …`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Mail {
    /// Send a letter now, and say what the ports and the domain of the sender are like.
    #[command(after_help = "Example: authara mail test you@example.com --dkim-selector resend")]
    Test {
        /// The recipient.
        #[arg(value_parser = email)]
        address: Email,
        /// The name under which the domain keeps the key of its signatures; your mail service tells it.
        #[arg(long, value_name = "NAME")]
        dkim_selector: Option<String>,
        #[command(flatten)]
        printed: Printed,
    },
    /// List letters, the newest first.
    List {
        /// Only those that are waiting, sent, refused or failed.
        #[arg(long, value_name = "STATE", value_parser = letter_state)]
        state: Option<State>,
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Go on after this letter, which ended the page before.
        #[arg(long, value_name = "LETTER", value_parser = letter)]
        before: Option<LetterId>,
        #[command(flatten)]
        printed: Printed,
    },
    /// Show one letter: the recipient, the time, and what the mail server said. Not what it says.
    Show {
        /// Its id.
        #[arg(value_parser = letter)]
        letter: LetterId,
        #[command(flatten)]
        printed: Printed,
    },
    /// Have waiting letters tried again now.
    #[command(group = clap::ArgGroup::new("which").required(true).args(["letter", "all"]))]
    Retry {
        /// The id of one.
        #[arg(value_parser = letter)]
        letter: Option<LetterId>,
        /// All of them.
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        printed: Printed,
    },
}

fn email(text: &str) -> Result<Email, &'static str> {
    Email::parse(text).ok_or("not an e-mail address")
}

fn letter(text: &str) -> Result<LetterId, &'static str> {
    let id = text.parse();
    id.map_err(|_| "not the id of a letter; see: authara mail list")
}

fn letter_state(text: &str) -> Result<State, &'static str> {
    State::parse(text).ok_or("waiting, sent, refused or failed")
}
