//! Handing out the CSRF value.

use hyper::StatusCode;
use serde::Serialize;

use crate::domain::Anyone;
use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::reply::Reply;

#[derive(Serialize)]
struct CsrfToken {
    csrf_token: String,
}

/// `GET /auth/api/v1/csrf`: the value in force; sets its cookie if the browser has none of ours.
pub async fn show(cx: Cx, _: Anyone) -> Result<Reply> {
    let csrf_token = cx.csrf();
    Ok(Reply::json(StatusCode::OK, &CsrfToken { csrf_token }))
}
