//! Changing one's username. The form stands on the account page.

use crate::domain::{Caller, Refusal};
use crate::flows::{self, Error, Result};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::{account, form};
use crate::http::reply::Reply;

pub(super) const FIELD: &str = "username";

/// `POST /auth/user/username`.
pub async fn submit(cx: Cx, caller: Caller) -> Result<Reply> {
    let typed = cx.form()?.get(FIELD).to_owned();
    match flows::account::rename(&cx.app, &caller, &typed).await {
        Ok(is_new) => {
            let reply = account::back(&cx)?;
            Ok(if is_new {
                reply.flash(&cx, FlashKind::Success, cx.say().account_username_changed())
            } else {
                reply
            })
        }
        // Whose session ended meanwhile has no account page to be shown again.
        Err(Error::Refused(refusal)) if refusal != Refusal::SignInRequired => {
            let shown = account::shown(&cx, &caller).await?;
            form::refused(&cx, &refusal, |status, problems| {
                account::page_again(&cx, &caller, &shown, status, &typed, problems)
            })
        }
        Err(other) => Err(other),
    }
}
