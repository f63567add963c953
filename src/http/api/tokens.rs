//! Refreshing for those who keep their tokens themselves.

use hyper::StatusCode;
use serde::Deserialize;

use crate::domain::{Anyone, Audience};
use crate::flows::{self, Result};
use crate::http::api::wire::{AudienceName, Hidden, TokenPair};
use crate::http::cx::Cx;
use crate::http::json;
use crate::http::reply::Reply;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    refresh_token: Hidden,
    #[serde(default, deserialize_with = "json::present")]
    audience: Option<AudienceName>,
}

/// `POST /auth/api/v1/tokens/refresh`. Reads and sets no cookie. Whoever asks has shown the token
/// in the body, so the answer's tokens are shown to everybody, browsers included.
pub async fn refresh(cx: Cx, _: Anyone, body: Refresh) -> Result<Reply> {
    let audience = body.audience.map_or(Audience::App, |named| named.0);
    let signed_in = flows::refresh::with_token(&cx.app, &cx.by(), &body.refresh_token.0, audience).await?;
    cx.note_user(signed_in.user.id);
    Ok(Reply::json(StatusCode::OK, &TokenPair::of(&signed_in.tokens)))
}
