//! The request's names and the one line it leaves in the log.

use std::time::Duration;

use hyper::{HeaderMap, StatusCode};

use crate::domain::{Client, UserId};
use crate::metrics::method_name;

/// The header that names a request: another's name on the way in, ours on the way out.
pub const REQUEST_ID: &str = "x-request-id";

/// The name that the client or a proxy gave the request, if it can stand in a log as it is. Anybody
/// can choose it, so it stands beside our own and never in its place.
pub fn given_id(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all(REQUEST_ID).iter();
    let (Some(only), None) = (lines.next(), lines.next()) else {
        return None;
    };
    let given = only.to_str().ok()?;
    is_sane(given).then_some(given)
}

fn is_sane(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=100).contains(&id.len()) && id.bytes().all(allowed)
}

/// What a request's line tells.
pub struct Line<'a> {
    /// The method as it was sent.
    pub method: &'a str,
    /// The pattern, which stands for the path, so that neither ids nor queries are in it.
    pub route: &'a str,
    /// The pattern to use in its place, if it is an older spelling.
    pub moved_to: Option<&'a str>,
    /// What it was answered with.
    pub status: StatusCode,
    /// How long that took.
    pub took: Duration,
    /// Who asked, and the request's name.
    pub client: &'a Client,
    /// The name that came with the request.
    pub given_id: Option<&'a str>,
    /// Who turned out to be calling.
    pub user: Option<UserId>,
}

impl Line<'_> {
    /// Writes it.
    pub fn write(&self) {
        let duration_ms = f64::from(u32::try_from(self.took.as_micros()).unwrap_or(u32::MAX)) / 1000.0;
        let (method, route, status) = (method_name(self.method), self.route, self.status.as_u16());
        tracing::info!(
            http.method = method,
            http.route = route,
            http.moved_to = self.moved_to,
            http.status = status,
            duration_ms,
            client.address = %self.client.address,
            request.id = self.client.request_id,
            request.given_id = self.given_id,
            user.id = self.user.map(tracing::field::display),
            "{method} {route} {status}",
        );
    }
}

/// The line of a health check: only where everything is logged.
pub fn health(method: &str, id: &str, given_id: Option<&str>) {
    tracing::debug!(
        request.id = id,
        request.given_id = given_id,
        "{} /auth/health 200",
        method_name(method)
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
