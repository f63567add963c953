//! Language and appearance, as somebody chose them in the foot of a page.

use std::time::Duration;

use hyper::StatusCode;

use crate::domain::return_to::ReturnTo;
use crate::domain::{Refusal, Visitor};
use crate::flows::{Result, account};
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::Cx;
use crate::http::reply::Reply;
use crate::http::theme::Theme;

/// How long a browser keeps the choice; every other choice starts it afresh.
const LIFETIME: Duration = Duration::from_hours(365 * 24);

/// `POST /auth/preferences`: either field may be left out. What is not offered is refused.
///
/// The language is kept on the account as well, of somebody who is signed in: letters follow it.
pub async fn submit(cx: Cx, visitor: Visitor) -> Result<Reply> {
    let form = cx.form()?;
    let (language, theme) = (form.get("language"), form.get("theme"));
    let mut cookies = Vec::new();
    let mut chosen = None;
    if !language.is_empty() {
        let known = cx.site.languages.named(language);
        let phrases = known.ok_or(Refusal::BadRequest("the language is not one of those offered"))?;
        cookies.push(SetCookie::new(cookies::LANGUAGE, phrases.tag(), LIFETIME));
        chosen = Some(phrases.tag());
    }
    if !theme.is_empty() {
        let theme = Theme::parse(theme).ok_or(Refusal::BadRequest("the theme must be system, light or dark"))?;
        cookies.push(match theme.chosen() {
            Some(name) => SetCookie::new(cookies::THEME, name, LIFETIME),
            None => SetCookie::clear(cookies::THEME),
        });
    }
    if let (Visitor::SignedIn(caller), Some(language)) = (&visitor, chosen) {
        account::read_in(&cx.app, caller, language).await?;
    }

    let reply = if cx.is_script_fetch() {
        Reply::empty(StatusCode::NO_CONTENT)
    } else {
        let target = ReturnTo::parse(form.get("return_to"));
        cx.redirect(&target.unwrap_or_else(|| cx.app.config.default_return_to.clone()))
    };
    Ok(cookies.into_iter().fold(reply, Reply::cookie))
}
