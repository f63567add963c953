//! What the registry knows of a setting.

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Var {
    /// Its name in the environment.
    pub name: &'static str,
    /// Under which heading it is listed.
    pub group: Group,
    /// What a value is.
    pub kind: Kind,
    /// What holds when it is not set.
    pub default: Default,
    /// Whether its value is never shown, and `<name>_FILE` is read as well.
    pub is_secret: bool,
    /// When it must be set; empty for never.
    pub required: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Headings of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Where the server is.
    Place,
    /// Where data is kept.
    Database,
    /// The root secret and the keys of access tokens.
    Keys,
    /// How long things last.
    Sessions,
    /// How accounts and browsers are treated.
    Behaviour,
    /// How letters are sent.
    Mail,
    /// What people see of it.
    Brand,
    /// What bounds memory and time.
    Limits,
}

impl Group {
    /// Every group, in the order of the list.
    pub const ALL: [Self; 8] = [
        Self::Place,
        Self::Database,
        Self::Keys,
        Self::Sessions,
        Self::Behaviour,
        Self::Mail,
        Self::Brand,
        Self::Limits,
    ];

    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Place => "Where it runs",
            Self::Database => "Database",
            Self::Keys => "Secrets and keys",
            Self::Sessions => "Sessions and tokens",
            Self::Behaviour => "Behaviour",
            Self::Mail => "Mail",
            Self::Brand => "How pages look",
            Self::Limits => "Limits",
        }
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text with a form of its own, named here.
    Text(&'static str),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Bool,
    /// A whole number within bounds, with its unit (empty for a plain count).
    Number {
        /// The least.
        from: u64,
        /// The most.
        to: u64,
        /// Of what.
        unit: &'static str,
    },
    /// A duration such as `90s`, `15m` or `1h30m`, within bounds given in seconds.
    Duration {
        /// The shortest.
        from: u64,
        /// The longest.
        to: u64,
    },
}

impl Kind {
    /// In words, for people.
    pub fn words(self) -> String {
        match self {
            Self::Text(form) => form.to_owned(),
            Self::OneOf(words) => words.join(", "),
            Self::Bool => "true or false".to_owned(),
            Self::Number { from, to, unit: "" } => format!("{from} to {to}"),
            Self::Number { from, to, unit } => format!("{from} to {to} {unit}"),
            Self::Duration { .. } => "duration (90s, 15m, 1h30m)".to_owned(),
        }
    }

    /// In a word, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::OneOf(_) => "enum",
            Self::Bool => "bool",
            Self::Number { .. } => "int",
            Self::Duration { .. } => "duration",
        }
    }
}

/// What holds when a setting is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// Nothing.
    None,
    /// As if this had been written.
    Is(&'static str),
    /// Something that depends, in words.
    Depends(&'static str),
}

impl Default {
    /// In words; empty for nothing.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Is(text) | Self::Depends(text) => text,
        }
    }
}
