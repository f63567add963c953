//! What an access token opens.

/// What an access token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The application.
    App,
    /// The application and the admin area.
    Admin,
}

impl Audience {
    /// The name in queries, bodies and tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Admin => "admin",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::App, Self::Admin]
            .into_iter()
            .find(|audience| audience.name() == text)
    }

    /// What claim `aud` lists: an admin's token also opens the application.
    pub const fn claim(self) -> &'static [&'static str] {
        match self {
            Self::App => &["app"],
            Self::Admin => &["admin", "app"],
        }
    }
}
