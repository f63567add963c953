//! How every "no" and every breakage looks from outside: the table of status, code and words. JSON and
//! pages show the same (`pages::errors`); pages in the reader's language (`pages::refusals`).

use std::borrow::Cow;

use hyper::StatusCode;

use crate::domain::Refusal;
use crate::flows::Error;
use crate::http::cx::Cx;

/// Seconds after which trying again is sensible when something needed is away.
const RETRY: u32 = 2;

/// What the person or program outside is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// The status.
    pub status: StatusCode,
    /// The code of the JSON envelope (contract, http.md 0.4).
    pub code: &'static str,
    /// The words.
    pub words: Cow<'static, str>,
    /// The form field it is about.
    pub field: Option<&'static str>,
    /// Seconds to wait before trying again.
    pub retry_after: Option<u32>,
    /// What was refused; `None` for what no flow decided.
    pub refusal: Option<Refusal>,
}

impl Face {
    /// A known path with another method.
    pub const METHOD_NOT_ALLOWED: Self = Self::plain(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "that method cannot be used here; the header Allow names those that can",
    );
    /// A form beyond the limit.
    pub const TOO_LARGE: Self = Self::plain(
        StatusCode::PAYLOAD_TOO_LARGE,
        "invalid_request",
        "the request is too large",
    );
    /// A body that did not arrive in time.
    pub const TOO_SLOW: Self = Self::plain(
        StatusCode::REQUEST_TIMEOUT,
        "invalid_request",
        "the request took too long to arrive",
    );
    /// Something broke. The words never say what; the reference finds it in the log.
    pub const BROKEN: Self = Self::plain(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal_error",
        "something went wrong on our side",
    );
    /// Something needed is away.
    pub const UNAVAILABLE: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "service_unavailable",
        words: Cow::Borrowed("this does not work at the moment; try again shortly"),
        field: None,
        retry_after: Some(RETRY),
        refusal: None,
    };

    const fn plain(status: StatusCode, code: &'static str, words: &'static str) -> Self {
        Self {
            status,
            code,
            words: Cow::Borrowed(words),
            field: None,
            retry_after: None,
            refusal: None,
        }
    }
}

/// The face of a proper no.
pub fn face(refusal: &Refusal) -> Face {
    use Refusal as R;

    let (status, code, field) = match refusal {
        R::BadRequest(_) | R::Member { .. } | R::InvitationInvalid | R::LinkOver => {
            (StatusCode::BAD_REQUEST, "invalid_request", None)
        }
        R::CodeWrong => (StatusCode::BAD_REQUEST, "invalid_request", Some("code")),
        R::EmailInvalid | R::EmailTaken | R::EmailSame | R::EmailDisposable | R::AppealAddressWrong => {
            (StatusCode::BAD_REQUEST, "invalid_request", Some("email"))
        }
        R::PasswordTooShort
        | R::PasswordTooLong
        | R::PasswordUnusable
        | R::PasswordIsCommon
        | R::PasswordIsAddress
        | R::PasswordIsName => (StatusCode::BAD_REQUEST, "invalid_request", Some("password")),
        R::UsernameInvalid => (StatusCode::BAD_REQUEST, "invalid_request", Some("username")),
        R::UsernameTaken => (StatusCode::CONFLICT, "username_taken", Some("username")),
        R::CredentialsWrong | R::SignInRequired | R::SessionEnded | R::TokenReplaced => {
            (StatusCode::UNAUTHORIZED, "unauthorized", None)
        }
        R::CsrfInvalid
        | R::CookieTwice
        | R::CookiesBlocked
        | R::CrossSite
        | R::OtherAddress { .. }
        | R::AudienceRefused
        | R::AccountDisabled
        | R::SignUpClosed
        | R::EmailNotAllowed
        | R::ApprovalPending
        | R::InvitationNeeded
        | R::EmailUnproved => (StatusCode::FORBIDDEN, "forbidden", None),
        R::CurrentPasswordWrong => (StatusCode::BAD_REQUEST, "invalid_request", Some("current_password")),
        R::ReauthenticationRequired => (
            StatusCode::PRECONDITION_REQUIRED,
            "recent_authentication_required",
            None,
        ),
        R::ConfirmationOver => (StatusCode::CONFLICT, "invalid_authentication_challenge", None),
        R::NotFound => (StatusCode::NOT_FOUND, "not_found", None),
        R::PasswordExists => (StatusCode::CONFLICT, "password_already_exists", None),
        R::LastMethod => (StatusCode::CONFLICT, "cannot_remove_last_auth_method", None),
        R::EmailElsewhere | R::LastAdmin | R::LastOwner { .. } | R::KeysFromSettings => {
            (StatusCode::CONFLICT, "conflict", None)
        }
        R::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited", None),
        R::Busy { .. } => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable", None),
    };
    let retry_after = match refusal {
        R::TooMany { retry_after } | R::Busy { retry_after } => Some(*retry_after),
        _ => None,
    };
    Face {
        status,
        code,
        words: Cow::Owned(refusal.to_string()),
        field,
        retry_after,
        refusal: Some(refusal.clone()),
    }
}

/// The face of whatever a flow gave instead of what was asked. The edge: what broke is logged here, once.
pub fn of(cx: &Cx, error: &Error) -> Face {
    match error {
        Error::Refused(refusal) => face(refusal),
        Error::Unavailable(cause) => {
            tracing::warn!(request.id = cx.request_id(), "cannot answer a request: {cause}");
            Face::UNAVAILABLE
        }
        Error::Broken(cause) => {
            tracing::error!(request.id = cx.request_id(), "cannot answer a request: {cause}");
            Face::BROKEN
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_that_concerns_the_password_pair_has_one_face() {
        let face = face(&Refusal::CredentialsWrong);

        assert_eq!(
            (face.status.as_u16(), face.code, face.field),
            (401, "unauthorized", None)
        );
    }

    #[test]
    fn a_busy_server_says_when_to_try_again() {
        assert_eq!(face(&Refusal::Busy { retry_after: 7 }).retry_after, Some(7));
        assert_eq!(Face::UNAVAILABLE.retry_after, Some(RETRY));
    }

    #[test]
    fn a_refused_field_is_named() {
        assert_eq!(face(&Refusal::PasswordTooShort).field, Some("password"));
        assert_eq!(face(&Refusal::EmailInvalid).field, Some("email"));
    }
}
