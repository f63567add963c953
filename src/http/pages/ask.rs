//! A page that asks for an address to which a code is then mailed.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::pages::form::{self, Problems};
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

/// The field for the address.
pub(super) const FIELD: &str = "email";

/// One of these pages.
pub(super) struct Ask<'a> {
    /// Its frame, with its title.
    pub(super) layout: Layout,
    /// What the code is for.
    pub(super) lead: &'a str,
    /// Where the form is sent.
    pub(super) path: &'static str,
    /// The words on the button.
    pub(super) button: &'a str,
    /// Another way: where it leads, and its words.
    pub(super) aside: (String, &'a str),
}

#[derive(TemplateSimple)]
#[template(path = "ask.stpl")]
struct AskPage<'a> {
    layout: Layout,
    title: String,
    lead: &'a str,
    action: String,
    button: &'a str,
    aside: (String, &'a str),
    email: String,
    problems: Problems,
}

/// Shows it, with what was typed and what is wrong with that.
pub(super) fn page(cx: &Cx, ask: Ask<'_>, status: StatusCode, email: &str, problems: Problems) -> Result<Reply> {
    let problems = problems.within(&[FIELD]);
    let title = ask.layout.title.clone();
    let page = AskPage {
        layout: ask.layout.with(&problems).beginning_at(FIELD),
        title,
        lead: ask.lead,
        action: form::path_with(ask.path, cx.return_to().as_ref()),
        button: ask.button,
        aside: ask.aside,
        email: email.to_owned(),
        problems,
    };
    form::render(status, page)
}

/// What is wrong with a form that came without an address.
pub(super) fn missing(cx: &Cx) -> Result<Problems> {
    let email = cx.form()?.get(FIELD).trim();
    Ok(Problems::empty([(FIELD, email, cx.say().field_email_empty())]))
}
