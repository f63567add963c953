//! The parts that pages are made of, each once, also those that no page needs yet.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::pages::form::{self, PasswordField, Problems};
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
        email: "",
        password: PasswordField::new("password", say.field_password()),
        problems: Problems::empty([
            ("email", "", say.field_email_empty()),
            ("password", "", say.field_new_password_empty()),
        ]),
    };
    form::render(StatusCode::OK, page)
}
