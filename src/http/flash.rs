//! A notice that one answer leaves for the next page, in a cookie.

use std::time::Duration;

use crate::app::App;
use crate::domain::Timestamp;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlashKind {
    /// It worked.
    Success,
    /// It did not.
    Error,
    /// Good to know.
    Info,
}

impl FlashKind {
    const ALL: [Self; 3] = [Self::Success, Self::Error, Self::Info];

    /// The name in the cookie and in style classes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Info => "info",
        }
    }
}

/// A notice that one answer leaves for the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// What it is about.
    pub kind: FlashKind,
    /// What it says.
    pub text: String,
}

impl Flash {
    /// Whether something worked.
    pub fn is_good(&self) -> bool {
        self.kind == FlashKind::Success
    }

    /// Whether something did not.
    pub fn is_bad(&self) -> bool {
        self.kind == FlashKind::Error
    }

    /// How long one waits for its page.
    pub(super) const LIFETIME: Duration = Duration::from_mins(1);

    /// The cookie of a notice for the browser that has this CSRF value.
    pub(super) fn wrap(app: &App, kind: FlashKind, text: &str, csrf: &str, now: Timestamp) -> String {
        app.flash.wrap(&format!("{} {text}", kind.name()), csrf, now)
    }

    /// Reads the cookie. `None` for what this server did not write for this browser a short while
    /// ago: nobody else puts words on our pages.
    pub(super) fn unwrap(app: &App, value: &str, csrf: &str, now: Timestamp) -> Option<Self> {
        let text = app.flash.unwrap_text(value, csrf, Self::LIFETIME, now)?;
        let (kind, text) = text.split_once(' ')?;
        Some(Self {
            kind: FlashKind::ALL.into_iter().find(|known| known.name() == kind)?,
            text: text.to_owned(),
        })
    }
}
