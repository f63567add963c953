//! Floor 5: requests. How one travels: `server` → `pipeline` → `routes` → `api` or `pages`.

/// What every answer's body is: whole in memory, or streamed through from elsewhere.
pub type Body = http_body_util::Either<
    http_body_util::Full<hyper::body::Bytes>,
    http_body_util::combinators::BoxBody<hyper::body::Bytes, hyper::Error>,
>;
