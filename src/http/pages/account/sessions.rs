//! Ending sessions from the account page.

use crate::domain::SessionId;
use crate::flows::entry::confirm::Recent;
use crate::flows::{self, Result};
use crate::http::cx::Cx;
use crate::http::flash::FlashKind;
use crate::http::pages::account;
use crate::http::reply::Reply;

/// `POST /auth/sessions/{session}/revoke`.
pub async fn revoke(cx: Cx, proof: Recent) -> Result<Reply> {
    let session: SessionId = cx.path("session")?;
    flows::sessions::revoke(&cx.app, &proof, session).await?;

    if session == proof.caller().session {
        return Ok(cx.redirect(&cx.by_login(None)).clear_session(&cx));
    }
    Ok(account::back(&cx)?.flash(&cx, FlashKind::Success, cx.say().session_ended()))
}

/// `POST /auth/sessions/revoke-other`.
pub async fn revoke_others(cx: Cx, proof: Recent) -> Result<Reply> {
    let ended = flows::sessions::revoke_others(&cx.app, &proof).await?;

    let words = match ended {
        0 => cx.say().session_no_others().to_owned(),
        _ => cx.say().session_others_ended(ended),
    };
    Ok(account::back(&cx)?.flash(&cx, FlashKind::Success, &words))
}
