//! What people see. One file for a page: its data, how it is shown, what its form does.
//!
//! Pages work with scripts switched off. They decide nothing: they ask a flow and show what it
//! says, in the language of the person who looks (`words`).

pub mod account;
mod arrival;
mod ask;
pub mod confirm;
pub mod errors;
pub mod form;
pub mod gallery;
pub mod inbox;
pub mod layout;
pub mod login;
pub mod login_code;
pub mod not_me;
mod notice;
pub mod password_reset;
pub mod preferences;
pub(in crate::http) mod refusals;
pub mod sessions;
pub mod signup;
pub mod verify;
pub mod verify_email;

use crate::domain::Anyone;
use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::reply::Reply;

/// `GET /auth` and `GET /auth/`: on to the account page, which leads to the sign-in page.
pub async fn front_door(cx: Cx, _: Anyone) -> Result<Reply> {
    Ok(cx.redirect(&form::own_page(account::PATH)?))
}
