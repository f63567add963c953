//! Signing in with a password.

use hyper::StatusCode;
use serde::Deserialize;

use crate::domain::Anyone;
use crate::flows::Result;
use crate::flows::entry::password::{Credentials, with_password};
use crate::http::api::wire::{AuthSession, Hidden, Text};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    email: Text,
    password: Hidden,
}

/// `POST /auth/api/v1/login`.
pub async fn submit(cx: Cx, _: Anyone, body: Login) -> Result<Reply> {
    let input = Credentials {
        email: body.email.0,
        password: body.password.0,
        device: cx.device(),
    };
    let signed_in = with_password(&cx.app, &cx.by(), input, cx.audience()).await?;
    Ok(Reply::json(StatusCode::OK, &AuthSession::of(&cx, &signed_in)).signed_in(&cx, &signed_in))
}
