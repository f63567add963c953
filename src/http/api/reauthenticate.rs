//! Proving again, in a session, that its owner is there (contract v0.22, section 2.2).

use hyper::StatusCode;
use serde::Deserialize;

use crate::domain::{ConfirmationId, Newcomer, Refusal};
use crate::flows::entry::confirm::{self, Recent};
use crate::flows::{Error, Result};
use crate::http::api::wire::{Hidden, Id};
use crate::http::cx::Cx;
use crate::http::reply::Reply;

/// `POST /auth/api/v1/reauthenticate/check`: whether the proof is recent, for an application that asks for one itself.
pub async fn check(_: Cx, _: Recent) -> Result<Reply> {
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// The body of an answer to a request for a confirmation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByPassword {
    authentication_challenge_id: Id<ConfirmationId>,
    password: Hidden,
}

/// `POST /auth/api/v1/reauthenticate/password`.
pub async fn by_password(cx: Cx, Newcomer(caller): Newcomer, body: ByPassword) -> Result<Reply> {
    let (id, password) = (body.authentication_challenge_id.0, body.password.0);
    match confirm::confirm_asked(&cx.app, &caller, id, &password).await {
        Ok(()) => Ok(Reply::empty(StatusCode::NO_CONTENT)),
        // The contract has no other word for it.
        Err(Error::Refused(Refusal::CurrentPasswordWrong)) => Err(Refusal::CredentialsWrong.into()),
        Err(other) => Err(other),
    }
}
