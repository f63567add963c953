//! What an access token opens.

use crate::domain::PlatformRole;

/// What an access token opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The application.
    App,
    /// The admin area, and the application.
    Admin,
    /// The operator area, and the application.
    Operator,
}

impl Audience {
    /// Every audience.
    pub const ALL: [Self; 3] = [Self::App, Self::Admin, Self::Operator];

    /// The name in queries, bodies and tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// Reads that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|audience| audience.name() == text)
    }

    /// What claim `aud` lists: every token also opens the application.
    pub const fn claim(self) -> &'static [&'static str] {
        match self {
            Self::App => &["app"],
            Self::Admin => &["admin", "app"],
            Self::Operator => &["operator", "app"],
        }
    }

    /// Whether a token for this audience opens `wanted`.
    pub fn opens(self, wanted: Self) -> bool {
        self.claim().contains(&wanted.name())
    }

    /// The one platform role that an account needs for it; `None` if every account may have it.
    pub const fn role(self) -> Option<PlatformRole> {
        match self {
            Self::App => None,
            Self::Admin => Some(PlatformRole::Admin),
            Self::Operator => Some(PlatformRole::Operator),
        }
    }

    /// The audience of a path, told by whole segments: `/admin` and `/auth/admin` with all below
    /// them, `/operator` and `/auth/operator` likewise, and the application for everything else.
    pub fn of_path(path: &str) -> Self {
        let path = path
            .strip_prefix("/auth")
            .filter(|rest| rest.starts_with('/'))
            .unwrap_or(path);
        match path.split('/').nth(1) {
            Some("admin") => Self::Admin,
            Some("operator") => Self::Operator,
            _ => Self::App,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_is_told_by_whole_segments() {
        for (path, audience) in [
            ("/admin", Audience::Admin),
            ("/admin/", Audience::Admin),
            ("/admin/users", Audience::Admin),
            ("/auth/admin", Audience::Admin),
            ("/auth/admin/users", Audience::Admin),
            ("/operator", Audience::Operator),
            ("/operator/settings", Audience::Operator),
            ("/auth/operator", Audience::Operator),
            ("/auth/operator/emails/x", Audience::Operator),
            ("/", Audience::App),
            ("/auth", Audience::App),
            ("/auth/account", Audience::App),
            ("/administrator", Audience::App),
            ("/operators", Audience::App),
            ("/auth/administrators", Audience::App),
            ("/authadmin", Audience::App),
            ("/auth/auth/admin", Audience::App),
            ("/x/admin", Audience::App),
            ("/Admin", Audience::App),
            ("", Audience::App),
        ] {
            assert_eq!(Audience::of_path(path), audience, "{path}");
        }
    }

    #[test]
    fn every_token_opens_the_application_and_no_area_opens_another() {
        for audience in Audience::ALL {
            for wanted in Audience::ALL {
                let is_open = wanted == Audience::App || wanted == audience;
                assert_eq!(audience.opens(wanted), is_open, "{audience:?} for {wanted:?}");
            }
        }
    }
}
