//! Every "no" in the words of the person it is told to. Programs get the English ones of
//! `domain::refusal`.

use crate::domain::Refusal;
use crate::words::Phrases;

/// A sentence or two.
pub(in crate::http) fn words(say: &Phrases, refusal: &Refusal) -> String {
    use Refusal as R;

    let text = match refusal {
        // Their details are for the author of the program that asks.
        R::BadRequest(_) | R::Member { .. } => say.error_400_what(),
        R::EmailInvalid => say.refusal_email_invalid(),
        R::EmailTaken => say.refusal_email_taken(),
        R::EmailSame => say.refusal_email_same(),
        R::EmailElsewhere => say.refusal_email_elsewhere(),
        R::EmailUnproved => say.refusal_email_unproved(),
        R::PasswordExists => say.refusal_password_exists(),
        R::LastMethod => say.refusal_last_method(),
        R::LinkOver => say.refusal_link_over(),
        R::AppealAddressWrong => say.refusal_appeal_address_wrong(),
        R::EmailDisposable => say.refusal_email_disposable(),
        R::EmailNotAllowed => say.refusal_email_not_allowed(),
        R::PasswordTooShort => say.refusal_password_too_short(),
        R::PasswordTooLong => say.refusal_password_too_long(),
        R::PasswordUnusable => say.refusal_password_unusable(),
        R::PasswordIsCommon => say.refusal_password_is_common(),
        R::PasswordIsAddress => say.refusal_password_is_address(),
        R::PasswordIsName => say.refusal_password_is_name(),
        R::UsernameInvalid => say.refusal_username_invalid(),
        R::UsernameTaken => say.refusal_username_taken(),
        R::ApprovalPending => say.refusal_approval_pending(),
        R::SignUpClosed => say.refusal_sign_up_closed(),
        R::InvitationNeeded => say.refusal_invitation_needed(),
        R::InvitationInvalid => say.refusal_invitation_invalid(),
        R::CodeWrong => say.refusal_code_wrong(),
        R::CredentialsWrong => say.refusal_credentials_wrong(),
        R::SignInRequired | R::TokenReplaced => say.refusal_sign_in_required(),
        R::SessionEnded => say.refusal_session_ended(),
        R::CsrfInvalid => say.refusal_csrf_invalid(),
        R::CookiesBlocked => say.refusal_cookies_blocked(),
        R::CookieTwice => say.cookie_twice(),
        R::CrossSite => say.refusal_cross_site(),
        R::OtherAddress { site, opened } => return say.refusal_other_address(site, opened),
        R::AudienceRefused => say.refusal_audience_refused(),
        R::AccountDisabled => say.refusal_account_disabled(),
        R::ReauthenticationRequired | R::ConfirmationOver => say.refusal_reauthentication_required(),
        R::CurrentPasswordWrong => say.refusal_current_password_wrong(),
        R::NotFound => say.error_404_what(),
        R::LastAdmin => say.refusal_last_admin(),
        R::LastOwner { organization } => return say.refusal_last_owner(organization),
        // Only commands change keys.
        R::KeysFromSettings => say.error_500_what(),
        R::TooMany { retry_after } => return say.refusal_too_many(wait(say, *retry_after)),
        R::Busy { retry_after } => return say.refusal_busy(wait(say, *retry_after)),
    };
    text.to_owned()
}

/// When to try again, in the unit that people would use, rounded up.
pub(in crate::http) fn wait(say: &Phrases, seconds: u32) -> String {
    match seconds {
        0..=1 => say.wait_moment().to_owned(),
        2..=90 => say.wait_seconds(seconds.into()),
        91..=5400 => say.wait_minutes(seconds.div_ceil(60).into()),
        _ => say.wait_hours(seconds.div_ceil(3600).into()),
    }
}
