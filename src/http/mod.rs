//! Floor 5: requests. How one travels: `server` → `pipeline` → `routes` → `api` or `pages`.
//!
//! A handler here reads its input, calls one flow and dresses the outcome. No SQL, no decisions.

pub mod access;
pub mod answers;
pub mod api;
pub mod assets;
pub mod authorization;
mod bodies;
pub mod client;
pub mod cookies;
pub mod csrf;
pub mod cx;
mod doubles;
pub mod faces;
pub mod files;
pub mod flash;
pub mod form;
mod framing;
pub mod headers;
pub mod json;
pub mod log;
pub mod meta;
pub mod metrics;
pub mod pages;
pub mod pipeline;
pub mod reply;
pub mod route;
pub mod router;
pub mod routes;
mod seats;
mod sender;
pub mod server;
pub mod site;
#[cfg(test)]
mod testing;
pub mod theme;
mod whole;

use std::pin::Pin;

/// What every answer's body is: whole in memory, or streamed through from elsewhere.
pub type Body = http_body_util::Either<
    http_body_util::Full<hyper::body::Bytes>,
    http_body_util::combinators::BoxBody<hyper::body::Bytes, hyper::Error>,
>;

/// A future of unknown type that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
