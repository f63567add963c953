//! Every expected "no", in one list. `http/faces.rs` gives each a status, a code and words.

/// A proper no: nothing broke, nothing was changed, and the person can be told why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The request cannot be understood; the text says which part, without its content.
    #[error("{0}")]
    BadRequest(&'static str),
    /// A member of a JSON body is not what the route takes. The name may be the caller's, made harmless.
    #[error("the member {name} {problem}")]
    Member {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The address is not one.
    #[error("that is not an e-mail address we can use")]
    EmailInvalid,
    /// The address belongs to an account already.
    #[error("that address cannot be used to sign up")]
    EmailTaken,
    /// The account has that address already.
    #[error("that is the address of the account already")]
    EmailSame,
    /// The address that an appeal is to bring back has another account by now.
    #[error("that address has an account of its own by now; sign in to that one")]
    EmailElsewhere,
    /// The account's address must be proved first.
    #[error("prove the e-mail address of the account first")]
    EmailUnproved,
    /// The account has a password, which only its change replaces.
    #[error("the account has a password already; change it with the current one")]
    PasswordExists,
    /// Nobody could sign in to the account any more.
    #[error("this is the only way to sign in to the account; add another one first")]
    LastMethod,
    /// The letter with the link did not go to the address that was typed.
    #[error("the message did not go to that address")]
    AppealAddressWrong,
    /// A link in a letter that was used before, is too old, or was never sent.
    #[error("that link is not good any more")]
    LinkOver,
    /// The address is of a domain that the operator takes for one of throw-away addresses.
    #[error("addresses of that domain cannot be used here; use another address")]
    EmailDisposable,
    /// The address is not on the allowlist. At sign-in and sign-up only the audit says so.
    #[error("that address may not be used here")]
    EmailNotAllowed,
    /// Shorter than [`crate::domain::password::SHORTEST`].
    #[error("the password must have at least 8 characters")]
    PasswordTooShort,
    /// Longer than [`crate::domain::password::LONGEST`].
    #[error("the password must have at most 128 characters")]
    PasswordTooLong,
    /// Has a NUL in it.
    #[error("the password has a character that cannot be used")]
    PasswordUnusable,
    /// Is one of those that attackers try first.
    #[error("this password is one of the most common ones; choose another, such as a few words in a row")]
    PasswordIsCommon,
    /// Is the account's own address or its local part, perhaps between digits and signs.
    #[error("the password must not be your e-mail address, nor a part of it with digits or signs added")]
    PasswordIsAddress,
    /// Is the username, the product, or a host, perhaps between digits and signs.
    #[error("the password must not be your username or the name of a site, nor one with digits or signs added")]
    PasswordIsName,
    /// A username that breaks the rule of [`crate::domain::Username`].
    #[error("a username has 3 to 30 letters, digits, dashes and underscores, and no others")]
    UsernameInvalid,
    /// Somebody has that username, or nobody may have it.
    #[error("that username is not free; choose another")]
    UsernameTaken,
    /// Nobody may open an account of their own.
    #[error("sign-up is closed")]
    SignUpClosed,
    /// Nobody may open an account of their own without an invitation.
    #[error("sign-up is by invitation only")]
    InvitationNeeded,
    /// The account is there and waits for an operator. Only told to a person who proved to be its owner.
    #[error("the account waits for approval")]
    ApprovalPending,
    /// An invitation code that opens nothing.
    #[error("the invitation cannot be used")]
    InvitationInvalid,
    /// A mailed code that is wrong, used up or too old, or an attempt that is over; one answer for every cause.
    #[error("the code is not right, or is too old; ask for another one")]
    CodeWrong,
    /// Wrong address or password; one answer for every cause.
    #[error("the e-mail address or the password is not right")]
    CredentialsWrong,
    /// No access token, or one that is not accepted.
    #[error("sign in first")]
    SignInRequired,
    /// No refresh token, or one that is not accepted. Cookies are cleared where there are any.
    #[error("the session has ended")]
    SessionEnded,
    /// A refresh token that was replaced by one which only the owner was given, while they proved who they are.
    /// The session goes on, and so do its cookies, where a browser has newer ones.
    #[error("sign in again")]
    TokenReplaced,
    /// The CSRF proof is missing or foreign.
    #[error(
        "the CSRF token is missing or too old; reload the page, or send the value of the CSRF cookie in the header X-CSRF-Token"
    )]
    CsrfInvalid,
    /// A form that has its CSRF value came without any cookie: the browser keeps none for this site.
    #[error("the browser sent no cookies; allow cookies for this site, reload the page and try again")]
    CookiesBlocked,
    /// A cookie that matters came twice, so neither counts.
    #[error(
        "a cookie of this site came twice and was removed; try again, and clear the cookies of this site if that does not help"
    )]
    CookieTwice,
    /// The request comes from another site.
    #[error("the request came from another site")]
    CrossSite,
    /// The request comes from a page of our own, which was opened under another address than the site has.
    #[error("this site is at {site}, and was opened at {opened}; open {site}")]
    OtherAddress {
        /// The origin that the site has.
        site: String,
        /// The origin at which it was opened, as the browser says.
        opened: String,
    },
    /// The account may not have a token for that audience. Only told to somebody who proved to be its owner.
    #[error("this account may not do that")]
    AudienceRefused,
    /// The account was switched off. Sign-in and refresh do not tell it apart from their other refusals.
    #[error("this account is switched off")]
    AccountDisabled,
    /// The change needs a recent sign-in or the current password.
    #[error("confirm that it is you first")]
    ReauthenticationRequired,
    /// The request for a confirmation is over or used up, or belongs to another session.
    #[error("that request for a confirmation is over; repeat what asked for it")]
    ConfirmationOver,
    /// The current password, asked for to confirm a change, is not right.
    #[error("the current password is not right")]
    CurrentPasswordWrong,
    /// No such thing, or not yours.
    #[error("not found")]
    NotFound,
    /// The last admin cannot be disabled or lose the role.
    #[error("this is the last admin; make another one first")]
    LastAdmin,
    /// The account of an organization's last owner cannot be deleted while others are members.
    #[error("the organization {organization} would be left without an owner; make another member its owner first")]
    LastOwner {
        /// The organization's name.
        organization: String,
    },
    /// Signing keys come from the settings, so the database's cannot be changed.
    #[error("the signing keys are set by AUTHARA_JWT_KEYS; change them there")]
    KeysFromSettings,
    /// Tried too often; the wait is until there is room again.
    #[error("too many attempts; try again in {}", waiting(*retry_after))]
    TooMany {
        /// Seconds to wait, for `Retry-After`.
        retry_after: u32,
    },
    /// Too much to do at once; try again after that many seconds.
    #[error("the server is busy; try again in a moment")]
    Busy {
        /// Seconds to wait, for `Retry-After`.
        retry_after: u32,
    },
}

/// A wait in words, rounded up.
fn waiting(seconds: u32) -> String {
    let (count, unit) = match seconds {
        0..=90 => (seconds.max(1), "second"),
        91..=5400 => (seconds.div_ceil(60), "minute"),
        _ => (seconds.div_ceil(3600), "hour"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_the_unit_that_people_would_use() {
        let words = |retry_after| Refusal::TooMany { retry_after }.to_string();

        assert_eq!(words(1), "too many attempts; try again in 1 second");
        assert_eq!(words(91), "too many attempts; try again in 2 minutes");
        assert_eq!(words(3600), "too many attempts; try again in 60 minutes");
        assert_eq!(words(5401), "too many attempts; try again in 2 hours");
    }
}
