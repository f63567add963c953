//! The headers that every answer carries.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};

/// Scripts and styles come from files of ours only, nothing may frame us, forms stay here.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; base-uri 'none'; object-src 'none'; \
    frame-ancestors 'none'; form-action 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; \
    frame-src 'none'; script-src 'self'; style-src 'self'";

const PERMISSIONS_POLICY: &str = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), \
    publickey-credentials-get=(self), publickey-credentials-create=(self)";

/// The policy for pages that show one another in frames.
pub(super) fn policy_in_frames() -> HeaderValue {
    let policy = CONTENT_SECURITY_POLICY
        .replace("frame-ancestors 'none'", "frame-ancestors 'self'")
        .replace("frame-src 'none'", "frame-src 'self'");
    HeaderValue::try_from(policy).unwrap_or_else(|_| HeaderValue::from_static(CONTENT_SECURITY_POLICY))
}

/// The policy for pictures of the operator's. A drawing may style itself, which many programs that
/// write SVG count on, and do nothing else: no script, no request, no origin, also where somebody
/// opens it as a page.
pub(super) const PICTURE_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");

/// What every answer carries unless it says otherwise.
#[derive(Debug)]
pub struct Headers(HeaderMap);

impl Headers {
    /// For a deployment whose public URL is `https` or not.
    pub fn new(is_https: bool) -> Self {
        let mut all = HeaderMap::new();
        let mut set = |name: HeaderName, value| all.insert(name, HeaderValue::from_static(value));
        set(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        set(header::X_FRAME_OPTIONS, "DENY");
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::REFERRER_POLICY, "same-origin");
        set(HeaderName::from_static("permissions-policy"), PERMISSIONS_POLICY);
        set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
        set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
        // Nearly everything here depends on a cookie or sets one. What may be kept says so itself.
        set(header::CACHE_CONTROL, "no-store");
        if is_https {
            set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        }
        Self(all)
    }

    /// Adds them to an answer; what it has set itself stays.
    pub fn complete(&self, answer: &mut HeaderMap) {
        for (name, value) in &self.0 {
            if !answer.contains_key(name) {
                answer.insert(name, value.clone());
            }
        }
    }

    /// As lines of an answer that is written by hand.
    pub fn lines(&self) -> String {
        let line = |(name, value): (&HeaderName, &HeaderValue)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            format!("{name}: {value}\r\n")
        };
        self.0.iter().map(line).collect()
    }

    /// A copy, for an answer that is prepared once.
    pub fn all(&self) -> HeaderMap {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_allows_nothing_unsafe() {
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
        assert!(!CONTENT_SECURITY_POLICY.contains("  "));
    }

    #[test]
    fn an_answer_keeps_what_it_has_set_itself() {
        let mut answer = HeaderMap::new();
        answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));

        Headers::new(true).complete(&mut answer);

        assert_eq!(answer[header::CACHE_CONTROL], "public");
        assert_eq!(answer[header::X_FRAME_OPTIONS], "DENY");
        assert!(answer.contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn without_https_browsers_are_not_told_to_insist_on_it() {
        assert!(
            !Headers::new(false)
                .all()
                .contains_key(header::STRICT_TRANSPORT_SECURITY)
        );
    }
}
