//! What every page has around its content (`assets/templates/layout`).

use crate::config::{Config, Environment};
use crate::http::assets;
use crate::http::cx::Cx;
use crate::http::pages::form::Problems;

const STYLE: &str = assets::url("style.css");
const SCRIPT: &str = assets::url("script.js");
const ICON: &str = assets::url("icon.svg");

/// A message that is shown once, after a redirect.
#[derive(Debug, Clone)]
pub struct Notice {
    /// `success`, `info` or `error`.
    pub kind: &'static str,
    /// What it says.
    pub text: String,
}

/// A link in the head of a page.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it leads.
    pub target: String,
    /// What it says.
    pub words: &'static str,
    /// Whether it leads to the page it stands on.
    pub is_here: bool,
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Layout {
    /// What the page is about, for the browser's tab.
    pub title: String,
    /// The host people know this site by.
    pub site: String,
    /// The name in the head of the page.
    pub brand: String,
    /// Where that name leads: the application.
    pub home: String,
    /// The links beside it.
    pub links: Vec<Link>,
    /// Class of the content: `narrow` for a single card, or `wide`.
    pub shape: &'static str,
    /// Whether only the content is wanted, to be put into a page that stands already.
    pub is_fragment: bool,
    /// Whether to say that this is a development server.
    pub is_development: bool,
    /// The message to show once.
    pub notice: Option<Notice>,
    /// The value of the hidden field in every form.
    pub csrf: String,
    /// Address of the style sheet.
    pub stylesheet: &'static str,
    /// Address of the script.
    pub script: &'static str,
    /// Address of the icon.
    pub icon: &'static str,
}

impl Layout {
    /// The frame of a page about `title`: one card, no links, no message, no forms.
    pub fn new(config: &Config, title: impl Into<String>) -> Self {
        let origin = &config.public_url.origin;
        let site = origin.split_once("://").map_or(origin.as_str(), |(_, site)| site);
        Self {
            title: title.into(),
            site: site.to_owned(),
            brand: site.to_owned(),
            home: config.default_return_to.as_str().to_owned(),
            links: Vec::new(),
            shape: "narrow",
            is_fragment: false,
            is_development: config.environment == Environment::Dev,
            notice: None,
            csrf: String::new(),
            stylesheet: STYLE,
            script: SCRIPT,
            icon: ICON,
        }
    }

    /// The frame of a page without forms, for any request.
    pub fn bare(cx: &Cx) -> Self {
        Self {
            is_fragment: cx.is_htmx(),
            ..Self::new(&cx.app.config, "")
        }
    }

    /// The frame of a page with forms: CSRF value, the notice an earlier answer left, and only the
    /// content for HTMX.
    pub fn of(cx: &Cx, title: impl Into<String>) -> Self {
        let notice = cx.take_flash().map(|flash| Notice {
            kind: flash.kind.name(),
            text: flash.text,
        });
        Self {
            is_fragment: cx.is_htmx(),
            notice,
            csrf: cx.csrf(),
            ..Self::new(&cx.app.config, title)
        }
    }

    /// The frame of a page for people who are signed in, at `path`.
    pub fn signed_in(cx: &Cx, title: impl Into<String>, path: &str) -> Self {
        let layout = Self::of(cx, title);
        let link = |target: &str, words| Link {
            is_here: target == path,
            target: target.to_owned(),
            words,
        };
        Self {
            links: vec![
                link(&layout.home, "Back to the application"),
                link("/auth/account", "Account"),
            ],
            ..layout
        }
    }

    /// Says in the title that the form on the page was refused, where it was: the title is what a
    /// screen reader says first.
    #[must_use]
    pub fn with(mut self, problems: &Problems) -> Self {
        if !problems.is_empty() {
            self.title = format!("Error: {}", self.title);
        }
        self
    }
}
