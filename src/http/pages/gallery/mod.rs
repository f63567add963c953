//! Every page in every state, and every letter, in each theme, language and width, for those who work on how they look.
//! Only in development: elsewhere there is nothing at these addresses.
//!
//! Tests walk it: what is not in the table in `states` is looked at by nobody.

mod letters;
mod parts;
mod sample;
mod states;

use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, HeaderValue, X_FRAME_OPTIONS};
use sailfish::TemplateSimple;

use crate::config::Environment;
use crate::domain::letter::Kind;
use crate::domain::{Anyone, Refusal};
use crate::flows::Result;
use crate::http::assets;
use crate::http::cx::{Cx, Staged};
use crate::http::headers;
use crate::http::pages::form;
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;
use crate::http::theme::Theme;

/// Widths in CSS pixels: WCAG 1.4.10, a phone, a tablet, a desktop.
const WIDTHS: [&str; 4] = ["320", "390", "768", "1280"];

/// One state of one page.
struct State {
    page: &'static str,
    name: &'static str,
    /// What is to be seen, for the caption.
    about: &'static str,
    show: fn(&Cx) -> Result<Reply>,
}

impl State {
    fn path(&self) -> String {
        format!("{}/{}", self.page, self.name)
    }
}

#[derive(TemplateSimple)]
#[template(path = "gallery/index.stpl")]
struct IndexPage {
    layout: Layout,
    sheet: &'static str,
    states: &'static [State],
    letters: &'static [Kind],
    language: String,
    theme: &'static str,
    width: &'static str,
}

/// `GET /auth/dev/pages`: the list, with `lang`, `theme` and `width` in its query.
pub async fn index(cx: Cx, _: Anyone) -> Result<Reply> {
    only_in_development(&cx)?;
    let width = cx.query("width");
    let page = IndexPage {
        layout: Layout {
            shape: "gallery",
            ..Layout::bare(&cx).titled("All pages")
        },
        sheet: assets::url("gallery.css"),
        states: states::ALL,
        letters: Kind::ALL,
        language: cx.query("lang").unwrap_or_else(|| "en".to_owned()),
        theme: theme(&cx).name(),
        width: WIDTHS
            .into_iter()
            .find(|known| Some(*known) == width.as_deref())
            .unwrap_or("390"),
    };
    Ok(in_frames(form::render(StatusCode::OK, page)?))
}

/// `GET /auth/dev/pages/{page}/{state}`: the page as it really is, with `lang` and `theme`.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    only_in_development(&cx)?;
    let (page, name): (String, String) = (cx.path("page")?, cx.path("state")?);
    if page == letters::PAGE {
        return letters::show(&cx, &name);
    }
    let state = states::ALL
        .iter()
        .find(|state| state.page == page && state.name == name);
    let state = state.ok_or(Refusal::NotFound)?;
    let languages = &cx.site.languages;
    let say = languages.choose(cx.query("lang").as_deref(), None);
    cx.stage(Staged {
        say: say.clone(),
        theme: theme(&cx),
        notice: sample::notice(say, state.name),
    });
    let reply = (state.show)(&cx)?;
    // What a browser would call a failed load is meant here.
    Ok(in_frames(without_focus(reply.with_status(StatusCode::OK))))
}

/// A page in a frame that draws the focus would scroll the list to itself.
fn without_focus(mut reply: Reply) -> Reply {
    let page = String::from_utf8_lossy(&reply.body).replace(" autofocus>", ">");
    reply.body = page.into();
    reply
}

fn only_in_development(cx: &Cx) -> Result<()> {
    if cx.app.config.environment == Environment::Dev {
        Ok(())
    } else {
        Err(Refusal::NotFound.into())
    }
}

fn theme(cx: &Cx) -> Theme {
    cx.query("theme").as_deref().and_then(Theme::parse).unwrap_or_default()
}

/// Lets the list show the pages in frames; everything else stays as strict as on the real page.
fn in_frames(reply: Reply) -> Reply {
    reply
        .header(CONTENT_SECURITY_POLICY, headers::policy_in_frames())
        .header(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"))
}
