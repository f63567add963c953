//! Light or dark.

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The theme of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// The name in the form and in the cookie.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The name of what was chosen; `None` for what the system says.
    pub fn chosen(self) -> Option<&'static str> {
        (self != Self::System).then_some(self.name())
    }

    /// Whether it is the theme of that name.
    pub fn is(self, name: &str) -> bool {
        self.name() == name
    }
}
