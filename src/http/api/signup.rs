//! Signing up.

use hyper::StatusCode;
use serde::Deserialize;

use crate::domain::{Anyone, Secret};
use crate::flows::Result;
use crate::flows::entry::sign_up::{self, Application};
use crate::http::api::wire::AuthSession;
use crate::http::cx::Cx;
use crate::http::json;
use crate::http::reply::Reply;

/// The body, of a sign-up with a mailed code too.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    email: String,
    password: String,
    #[serde(default, deserialize_with = "json::present")]
    invitation_code: Option<String>,
}

impl SignUp {
    pub(super) fn application(self) -> Application {
        Application {
            email: self.email,
            password: Secret::new(self.password),
            invitation_code: self.invitation_code.filter(|code| !code.is_empty()).map(Secret::new),
        }
    }
}

/// `POST /auth/api/v1/signup/direct`.
pub async fn direct(cx: Cx, _: Anyone, body: SignUp) -> Result<Reply> {
    let signed_in = sign_up::direct(&cx.app, &cx.by(), body.application(), cx.audience()).await?;
    Ok(Reply::json(StatusCode::CREATED, &AuthSession::of(&cx, &signed_in)).signed_in(&cx, &signed_in))
}
