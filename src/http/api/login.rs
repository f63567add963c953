//! Signing in with a password.

use hyper::StatusCode;
use serde::Deserialize;

use crate::domain::{Anyone, Refusal};
use crate::flows::Result;
use crate::flows::entry::password::{Credentials, with_password};
use crate::http::api::wire::{AuthSession, Hidden, Text};
use crate::http::cx::Cx;
use crate::http::json;
use crate::http::reply::Reply;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The address, or the username where `AUTHARA_USERNAME_LOGIN_ENABLED` says so.
    #[serde(default, deserialize_with = "json::present")]
    identifier: Option<Text>,
    /// The address, as the older contract calls it.
    #[serde(default, deserialize_with = "json::present")]
    email: Option<Text>,
    password: Hidden,
}

/// `POST /auth/api/v1/login`.
pub async fn submit(cx: Cx, _: Anyone, body: Login) -> Result<Reply> {
    let ((None, Some(identifier)) | (Some(identifier), None)) = (body.identifier, body.email) else {
        return Err(Refusal::BadRequest("the body must have identifier or email, and not both").into());
    };
    let input = Credentials {
        identifier: identifier.0,
        password: body.password.0,
        device: cx.device(),
    };
    let signed_in = with_password(&cx.app, &cx.by(), input, cx.audience()).await?;
    Ok(Reply::json(StatusCode::OK, &AuthSession::of(&cx, &signed_in)).signed_in(&cx, &signed_in))
}
