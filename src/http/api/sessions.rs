//! Refreshing and ending the session of a browser.

use hyper::StatusCode;

use crate::domain::{Anyone, Refusal};
use crate::flows::{self, Error, Result};
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

/// `POST /auth/api/v1/sessions/refresh`. Cookies are cleared only when their token was refused:
/// neither a missing cookie nor a database that is away signs anybody out.
pub async fn refresh(cx: Cx, _: Anyone) -> Result<Reply> {
    let token = cx.refresh_token().ok_or(Refusal::SessionEnded)?;
    let refreshed = flows::refresh::with_token(&cx.app, &cx.by(), &token, cx.audience()).await;
    if let Err(Error::Refused(Refusal::SessionEnded)) = &refreshed {
        cx.set_cookie(SetCookie::clear(cookies::ACCESS));
        cx.set_cookie(SetCookie::clear(cookies::REFRESH));
    }
    let signed_in = refreshed?;
    cx.note_user(signed_in.user.id);
    Ok(Reply::empty(StatusCode::OK).tokens(&cx, &signed_in.tokens))
}

/// `POST /auth/api/v1/sessions/logout`: by cookies, or by bearer token and then without touching cookies.
pub async fn logout(cx: Cx, _: Anyone) -> Result<Reply> {
    if let Some(token) = cx.bearer() {
        flows::sign_out::end(&cx.app, &cx.by(), Some(token), None).await?;
        return Ok(Reply::empty(StatusCode::NO_CONTENT));
    }
    cx.has_whole_session()?;
    let access = cx.cookie(cookies::ACCESS);
    flows::sign_out::end(&cx.app, &cx.by(), access, cx.refresh_token().as_ref()).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT).clear_session(&cx))
}
