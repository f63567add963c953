//! Why a person has no session now, where trying again would change nothing.

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::Refusal;
use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::pages::layout::Layout;
use crate::http::pages::{form, refusals};
use crate::http::reply::Reply;

#[derive(TemplateSimple)]
#[template(path = "notice.stpl")]
struct NoticePage {
    layout: Layout,
    happened: String,
    sign_in: String,
}

/// Says why, and leads to the sign-in page.
pub(super) fn page(cx: &Cx, status: StatusCode, refusal: &Refusal) -> Result<Reply> {
    let say = cx.say();
    let title = match refusal {
        Refusal::ApprovalPending => say.sign_up_waiting(),
        Refusal::InvitationNeeded => say.sign_up_invited(),
        _ => say.sign_up_closed(),
    };
    let page = NoticePage {
        layout: Layout::of(cx, title),
        happened: refusals::words(say, refusal),
        sign_in: form::path_with("/auth/login", cx.return_to().as_ref()),
    };
    form::render(status, page)
}
