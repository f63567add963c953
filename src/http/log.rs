//! The request's name and the one line it leaves in the log.

use std::time::Instant;

use hyper::{HeaderMap, StatusCode};

use crate::http::cx::Cx;

/// The header that names a request, in and out.
pub const REQUEST_ID: &str = "x-request-id";

/// The name a proxy gave the request, if it can stand in a log as it is.
pub fn given_id(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(REQUEST_ID)?.to_str().ok()?;
    is_sane(given).then_some(given)
}

fn is_sane(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=100).contains(&id.len()) && id.bytes().all(allowed)
}

/// Writes the line. The pattern stands for the path, so that neither ids nor queries are in it.
pub fn line(cx: &Cx, status: StatusCode, started: Instant) {
    let duration_ms = f64::from(u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX)) / 1000.0;
    let route = cx.pattern().unwrap_or("(no route)");
    let status = status.as_u16();
    tracing::info!(
        http.method = cx.method().as_str(),
        http.route = route,
        http.status = status,
        duration_ms,
        client.address = %cx.client().address,
        request.id = cx.request_id(),
        user.id = cx.user().map(tracing::field::display),
        "{} {route} {status}",
        cx.method(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_confuse_a_log_is_not_kept() {
        assert!(is_sane("abc-DEF_1.2:3"));
        for odd in ["", "a b", "a\"b", "a\tb", "<b>", "ä", &"a".repeat(101)] {
            assert!(!is_sane(odd), "{odd:?}");
        }
    }
}
