//! What `authara help` says, and what is said of a mistyped command or option.

use std::fmt::Write as _;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory as _, Error};

use crate::cli::args::Arguments;
use crate::cli::print::{width, wrap};

/// Every command under the task it is for.
const GROUPS: [(&str, &[&str]); 4] = [
    ("Try it out and run", &["dev", "serve", "healthcheck", "routes"]),
    ("Database", &["migrate", "backup", "restore"]),
    ("People", &["user", "allow", "audit", "mail"]),
    ("Settings and keys", &["config", "key"]),
];

/// Longer lines are hard to read.
const LONGEST_LINE: usize = 100;

/// The command line, with its help in groups: clap has none for commands.
pub(super) fn command() -> clap::Command {
    let width = width().min(LONGEST_LINE);
    let command = Arguments::command().term_width(width);
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}Options:\n{{options}}{{after-help}}",
        groups(&command, width)
    );
    command.help_template(template)
}

fn groups(command: &clap::Command, width: usize) -> String {
    let names = GROUPS.iter().flat_map(|(_, names)| names.iter());
    let column = names.map(|name| name.len()).max().unwrap_or(0) + 4;
    let mut text = String::new();
    for (title, names) in GROUPS {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{title}:");
        for name in names {
            let about = command.find_subcommand(name).and_then(clap::Command::get_about);
            let about = about.map(ToString::to_string).unwrap_or_default();
            let mut shown = format!("  {name}");
            for piece in wrap(&about, width - column) {
                let _ = writeln!(text, "{shown:<column$}{piece}");
                shown.clear();
            }
        }
        text.push('\n');
    }
    text
}

/// The words of an error about the command line.
pub(super) fn words(mut error: Error) -> String {
    let kinds = [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg];
    if let Some(likely) = kinds.into_iter().find_map(|kind| error.remove(kind)) {
        let likely = match likely {
            ContextValue::Strings(all) => all,
            other => vec![other.to_string()],
        };
        let quoted: Vec<_> = likely.iter().map(|name| format!("'{name}'")).collect();
        let tip = format!("did you mean {}?", quoted.join(" or "));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    // They would stand on one long line; the help has them in groups.
    error.remove(ContextKind::ValidSubcommand);
    error.render().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_one_group() {
        let command = Arguments::command();
        let mut commands: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
        let mut grouped: Vec<_> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();

        commands.sort_unstable();
        grouped.sort_unstable();

        assert_eq!(grouped, commands);
    }
}
