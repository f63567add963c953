//! Codes by mail, for programs (contract, v0.22 2.1). Only the program that began an attempt knows its id.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};

use crate::domain::{Anyone, ChallengeId, Refusal};
use crate::flows::entry::{code, sign_up};
use crate::flows::{Result, challenges, reset};
use crate::http::api::signup::SignUp;
use crate::http::api::wire::{AuthSession, Hidden, Text};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

/// The answer to what begins an attempt.
#[derive(Debug, Serialize)]
struct Begun {
    challenge_id: String,
}

pub(super) fn begun(id: ChallengeId) -> Reply {
    let challenge_id = id.to_string();
    Reply::json(StatusCode::ACCEPTED, &Begun { challenge_id })
}

/// The body of what enters a code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entered {
    challenge_id: String,
    pub(super) code: String,
}

impl Entered {
    /// What is no id names no attempt.
    pub(super) fn id(&self) -> Result<ChallengeId> {
        Ok(self.challenge_id.parse().map_err(|_| Refusal::CodeWrong)?)
    }
}

/// `POST /auth/api/v1/signup/challenges`.
pub async fn sign_up(cx: Cx, _: Anyone, body: SignUp) -> Result<Reply> {
    Ok(begun(
        sign_up::start(&cx.app, &cx.by(), body.application(), cx.audience()).await?,
    ))
}

/// `POST /auth/api/v1/signup/challenges/verify`.
pub async fn verify_sign_up(cx: Cx, _: Anyone, body: Entered) -> Result<Reply> {
    if !cx.app.config.challenges.at_sign_up {
        return Err(Refusal::NotFound.into());
    }
    let signed_in = sign_up::complete(&cx.app, &cx.by(), body.id()?, &body.code).await?;
    Ok(Reply::json(StatusCode::CREATED, &AuthSession::of(&cx, &signed_in)).signed_in(&cx, &signed_in))
}

/// The body of a reset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reset {
    email: Text,
    new_password: Hidden,
}

/// `POST /auth/api/v1/password-reset/challenges`.
pub async fn reset(cx: Cx, _: Anyone, body: Reset) -> Result<Reply> {
    let new = &body.new_password.0;
    Ok(begun(reset::start(&cx.app, &cx.by(), &body.email.0, Some(new)).await?))
}

/// `POST /auth/api/v1/password-reset/challenges/verify`.
pub async fn verify_reset(cx: Cx, _: Anyone, body: Entered) -> Result<Reply> {
    reset::complete(&cx.app, &cx.by(), body.id()?, &body.code).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The body that asks for a code to sign in with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    email: Text,
}

/// `POST /auth/api/v1/login/challenges`.
pub async fn sign_in(cx: Cx, _: Anyone, body: SignIn) -> Result<Reply> {
    Ok(begun(code::start(&cx.app, &cx.by(), &body.email.0).await?))
}

/// `POST /auth/api/v1/login/challenges/verify`.
pub async fn verify_sign_in(cx: Cx, _: Anyone, body: Entered) -> Result<Reply> {
    let signed_in = code::complete(&cx.app, &cx.by(), body.id()?, &body.code, cx.audience()).await?;
    Ok(Reply::json(StatusCode::OK, &AuthSession::of(&cx, &signed_in)).signed_in(&cx, &signed_in))
}

/// The body that asks for another code.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    challenge_id: String,
}

/// `POST /auth/api/v1/challenges/resend`: always the same answer.
pub async fn resend(cx: Cx, _: Anyone, body: Resend) -> Result<Reply> {
    if let Ok(id) = body.challenge_id.parse() {
        challenges::resend(&cx.app, &cx.by(), id).await?;
    }
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}
