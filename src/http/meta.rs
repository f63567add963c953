//! About the server itself: is it alive, is it ready, which version, which keys.

use hyper::header::{CACHE_CONTROL, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde::Serialize;

use crate::domain::{Anyone, Refusal};
use crate::flows::health::Condition;
use crate::flows::{self, Result};
use crate::http::cx::Cx;
use crate::http::faces;
use crate::http::pages::errors;
use crate::http::reply::Reply;

/// Where load balancers ask whether the process lives.
pub const HEALTH: &str = "/auth/health";

/// The body of a good health answer.
pub const HEALTHY: &str = "{\"status\":\"ok\"}\n";

/// The body of an answer that is ready, though not all is well. What is wrong stands in the log only.
const DEGRADED: &str = "{\"status\":\"degraded\"}\n";

/// Whether a request asks for `/auth/health`. Load balancers ask often, so `pipeline` gives them
/// an answer prepared once and leaves nearly everything else out; a line only at level debug, for
/// a line every second from everybody who watches would bury the others.
pub fn is_health<B>(request: &Request<B>) -> bool {
    request.uri().path() == HEALTH && matches!(*request.method(), Method::GET | Method::HEAD)
}

/// `GET /auth/health`: the process lives. Touches nothing.
pub async fn health(_cx: Cx, _: Anyone) -> Result<Reply> {
    Ok(Reply::bytes(StatusCode::OK, "application/json", HEALTHY))
}

/// `GET /auth/ready`: the database answers, can be written, and has a schema that fits; 503 otherwise, whatever the cause.
/// A worker in trouble takes no instance out of a pool: its work waits, and requests are served.
pub async fn ready(cx: Cx, _: Anyone) -> Result<Reply> {
    match flows::health::ready(&cx.app, cx.now()).await {
        Ok(Condition::Good) => Ok(Reply::bytes(StatusCode::OK, "application/json", HEALTHY)),
        Ok(Condition::Degraded) => Ok(Reply::bytes(StatusCode::OK, "application/json", DEGRADED)),
        Err(error) => {
            // Logs the cause; the status stays the one that takes an instance out of a pool.
            faces::of(&cx, &error);
            Ok(errors::show_as_json(&cx, &faces::Face::UNAVAILABLE))
        }
    }
}

#[derive(Serialize)]
struct Version {
    version: &'static str,
}

/// `GET /auth/version`: only where the operator wants it known.
pub async fn version(cx: Cx, _: Anyone) -> Result<Reply> {
    if !cx.app.config.expose_version {
        return Err(Refusal::NotFound.into());
    }
    let version = env!("CARGO_PKG_VERSION");
    Ok(Reply::json(StatusCode::OK, &Version { version }))
}

/// `GET /auth/.well-known/jwks.json`: the public keys of access tokens.
pub async fn jwks(cx: Cx, _: Anyone) -> Result<Reply> {
    let reply = Reply::bytes(StatusCode::OK, "application/json", cx.app.keys().jwks().to_owned());
    Ok(reply.header(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")))
}
