//! The parts that pages are made of, each once, also those that no page needs yet.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::pages::form::{self, PasswordField, Problems};
use crate::http::pages::gallery::sample;
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

#[derive(TemplateSimple)]
#[template(path = "gallery/parts.stpl")]
struct PartsPage {
    layout: Layout,
    email: &'static str,
    password: PasswordField,
    problems: Problems,
}

pub(super) fn show(cx: &Cx) -> Result<Reply> {
    let say = cx.say();
    let page = PartsPage {
        layout: Layout {
            shape: "wide",
            ..Layout::signed_in(cx, "Parts", "/auth/dev/pages")
        },
        email: sample::EMAIL,
        password: PasswordField::new("password", say.field_password()),
        problems: Problems::one(Some("email"), say.refusal_email_invalid()),
    };
    form::render(StatusCode::OK, page)
}
