//! `authara allow …`, declared.

use clap::{Args, Subcommand};

use super::Printed;
use crate::domain::Allowed;

/// `authara allow …`
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Allow {
    /// Put addresses or whole domains on the allowlist.
    #[command(after_help = "Example: authara allow add ada@example.com @example.org")]
    Add {
        #[command(flatten)]
        entries: Entries,
        #[command(flatten)]
        printed: Printed,
    },
    /// Take addresses or domains from the allowlist.
    #[command(after_help = "Example: authara allow remove @example.org")]
    Remove {
        #[command(flatten)]
        entries: Entries,
        #[command(flatten)]
        printed: Printed,
    },
    /// List what stands on the allowlist.
    List {
        /// At most so many.
        #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
        /// Go on after this entry, which ended the page before.
        #[arg(long, value_name = "ENTRY")]
        after: Option<Allowed>,
        #[command(flatten)]
        printed: Printed,
    },
}

/// Which entries.
#[derive(Debug, Args)]
pub(in crate::cli) struct Entries {
    /// An address, as ada@example.com, or a whole domain, as @example.com.
    #[arg(value_name = "ENTRY", required_unless_present = "email")]
    entries: Vec<Allowed>,
    /// The same, as the older server has it.
    #[arg(long, value_name = "ADDRESS", hide = true)]
    email: Option<Allowed>,
}

impl Entries {
    /// All that were named.
    pub(in crate::cli) fn named(self) -> Vec<Allowed> {
        self.entries.into_iter().chain(self.email).collect()
    }
}
