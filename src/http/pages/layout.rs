//! What every page has around its content (`assets/templates/layout`).

use std::sync::Arc;

use crate::config::{Config, Environment};
use crate::domain::return_to::ReturnTo;
use crate::http::assets;
use crate::http::cx::Cx;
use crate::http::flash::Flash;
use crate::http::pages::form::Problems;
use crate::http::site::Site;
use crate::http::theme::Theme;
use crate::words::Phrases;

const SCRIPT: &str = assets::url("script.js");

/// The message of [`Layout::notice`].
pub const NOTICE: &str = "notice";
/// What is wrong with a form as a whole.
pub const SUMMARY: &str = "summary";

/// A link in the head of a page.
#[derive(Debug, Clone)]
pub struct Link {
    /// Where it leads.
    pub target: String,
    /// What it says.
    pub words: String,
    /// Whether it leads to the page it stands on.
    pub is_here: bool,
}

/// The frame of a page.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The messages of the reader's language.
    pub say: Arc<Phrases>,
    /// The languages to choose from; no choice if there is only one.
    pub languages: Vec<Arc<Phrases>>,
    /// Light or dark.
    pub theme: Theme,
    /// What the page is about, for the browser's tab.
    pub title: String,
    /// What makes this page this site's.
    pub site: Arc<Site>,
    /// The name in the head of the page.
    pub brand: String,
    /// Where that name leads: the application.
    pub home: String,
    /// The links beside it.
    pub links: Vec<Link>,
    /// Class of the body: `narrow` for a single card, `wide`, or `gallery`.
    pub shape: &'static str,
    /// Whether it is about somebody who is signed in.
    pub is_private: bool,
    /// Whether only the content is wanted, to be put into a page that stands already.
    pub is_fragment: bool,
    /// Whether to say that this is a development server.
    pub is_development: bool,
    /// The message to show once.
    pub notice: Option<Flash>,
    /// What has the focus when the page opens: a field, [`NOTICE`], [`SUMMARY`], or nothing.
    pub focus: Option<&'static str>,
    /// The value of the hidden field in every form.
    pub csrf: String,
    /// Where the form in the foot leads back to.
    pub here: String,
    /// Address of the script.
    pub script: &'static str,
}

impl Layout {
    /// The frame of a page about `title` for somebody who reads `say`: one card, no links, no
    /// message, no forms but the one in the foot.
    pub fn new(config: &Config, site: &Arc<Site>, say: &Arc<Phrases>, title: impl Into<String>) -> Self {
        Self {
            say: Arc::clone(say),
            languages: site.languages.all().cloned().collect(),
            theme: Theme::System,
            title: title.into(),
            site: Arc::clone(site),
            brand: site.name.clone(),
            home: config.default_return_to.as_str().to_owned(),
            links: Vec::new(),
            shape: "narrow",
            is_private: false,
            is_fragment: false,
            is_development: config.environment == Environment::Dev,
            notice: None,
            focus: None,
            csrf: String::new(),
            here: "/".to_owned(),
            script: SCRIPT,
        }
    }

    /// The frame of a page without forms of its own, for any request.
    pub fn bare(cx: &Cx) -> Self {
        let here = cx.this_place();
        Self {
            here: here.as_ref().map_or("/", ReturnTo::as_str).to_owned(),
            theme: cx.theme(),
            is_fragment: cx.is_htmx(),
            ..Self::new(&cx.app.config, &cx.site, cx.say(), "")
        }
    }

    /// The frame of a page with forms: CSRF value, the notice an earlier answer left, and only the
    /// content for HTMX.
    pub fn of(cx: &Cx, title: impl Into<String>) -> Self {
        let notice = cx.take_flash();
        Self {
            title: title.into(),
            focus: notice.is_some().then_some(NOTICE),
            notice,
            csrf: cx.csrf(),
            ..Self::bare(cx)
        }
    }

    /// The frame of a page for people who are signed in, at `path`.
    pub fn signed_in(cx: &Cx, title: impl Into<String>, path: &str) -> Self {
        let layout = Self::of(cx, title);
        let link = |target: &str, words: &str| Link {
            is_here: target == path,
            target: target.to_owned(),
            words: words.to_owned(),
        };
        // A form with an address of its own may be shown on the page it belongs to.
        let is_at_home = cx.url_path() == path;
        Self {
            is_private: true,
            here: if is_at_home { layout.here } else { path.to_owned() },
            links: vec![
                link(&layout.home, &layout.say.frame_application(&layout.site.name)),
                link("/auth/account", layout.say.frame_account()),
            ],
            ..layout
        }
    }

    /// The links in the foot: where they lead and what they say.
    pub fn legal(&self) -> Vec<(&str, &str)> {
        let Site {
            terms,
            privacy,
            imprint,
            support,
            ..
        } = &*self.site;
        let links = [
            (terms.as_deref(), self.say.frame_terms()),
            (privacy.as_deref(), self.say.frame_privacy()),
            (imprint.as_deref(), self.say.frame_imprint()),
            (support.as_ref().map(|it| it.href.as_str()), self.say.frame_support()),
        ];
        let set = links.into_iter().filter_map(|(target, words)| Some((target?, words)));
        set.collect()
    }

    /// The same about something else.
    #[must_use]
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..self
        }
    }

    /// Says in the title that the form on the page was refused, where it was: the title is what a
    /// screen reader says first. What is wrong has the focus.
    #[must_use]
    pub fn with(mut self, problems: &Problems) -> Self {
        if !problems.is_empty() {
            self.title = self.say.frame_title_error(&self.title);
            self.focus = problems.only_field().or(Some(SUMMARY));
        }
        self
    }

    /// Gives the focus to `field`, the first of the form, unless there is something to be read first.
    #[must_use]
    pub fn beginning_at(mut self, field: &'static str) -> Self {
        self.focus = self.focus.or(Some(field));
        self
    }

    /// Whether something has the focus when the page opens.
    pub fn focuses(&self, what: &str) -> bool {
        self.focus == Some(what)
    }
}
