//! The table of all pages and their states.

use hyper::StatusCode;

use crate::domain::Refusal;
use crate::domain::challenge::Purpose;
use crate::flows::Result;
use crate::http::cx::Cx;
use crate::http::pages::account::Shown;
use crate::http::pages::form::{self, Problems};
use crate::http::pages::gallery::{State, parts, sample};
use crate::http::pages::layout::Layout;
use crate::http::pages::{
    account, arrival, confirm, errors, login, login_code, not_me, password_reset, sessions, signup, verify,
    verify_email,
};
use crate::http::pages::{notice, refusals};
use crate::http::reply::Reply;

const OK: StatusCode = StatusCode::OK;

const fn state(page: &'static str, name: &'static str, about: &'static str, show: fn(&Cx) -> Result<Reply>) -> State {
    State {
        page,
        name,
        about,
        show,
    }
}

/// Every page in every state.
pub(super) const ALL: &[State] = &[
    state("login", "first", "opened", |cx| {
        login::page(cx, OK, "", Problems::default())
    }),
    state("login", "empty", "sent with nothing in it", |cx| {
        let say = cx.say();
        let problems = [
            ("email", "", say.field_email_empty()),
            ("password", "", say.field_password_empty()),
        ];
        login::page(cx, OK, "", Problems::empty(problems))
    }),
    state("login", "refused", "address or password wrong", |cx| {
        refused(cx, &Refusal::CredentialsWrong, |problems| {
            login::page(cx, OK, sample::EMAIL, problems)
        })
    }),
    state("login", "limited", "tried too often", |cx| {
        refused(cx, &Refusal::TooMany { retry_after: 3600 }, |problems| {
            login::page(cx, OK, sample::EMAIL, problems)
        })
    }),
    state("login", "notice", "after something else was done", |cx| {
        login::page(cx, OK, "", Problems::default())
    }),
    state("password-reset", "first", "opened", |cx| {
        password_reset::page(cx, OK, "", Problems::default())
    }),
    state("password-reset", "refused", "no address", |cx| {
        refused(cx, &Refusal::EmailInvalid, |problems| {
            password_reset::page(cx, OK, "ada", problems)
        })
    }),
    state("verify", "first", "after a sign-up", |cx| {
        verify::page(cx, Purpose::SignUp, OK, (sample::EMAIL, ""), Problems::default())
    }),
    state("verify", "reset", "a new password, by the link of a letter", |cx| {
        verify::page(
            cx,
            Purpose::PasswordReset,
            OK,
            (sample::EMAIL, "123456"),
            Problems::default(),
        )
    }),
    state("verify", "wrong", "a code that is not right", |cx| {
        refused(cx, &Refusal::CodeWrong, |problems| {
            verify::page(cx, Purpose::SignUp, OK, (sample::EMAIL, "654321"), problems)
        })
    }),
    state(
        "verify-elsewhere",
        "first",
        "in a browser that asked for no code",
        |cx| verify::elsewhere(cx, Purpose::SignUp, OK),
    ),
    state("signup", "first", "opened", |cx| {
        signup::page(cx, OK, "", Problems::default())
    }),
    state("signup", "refused", "password too short", |cx| {
        refused(cx, &Refusal::PasswordTooShort, |problems| {
            signup::page(cx, OK, sample::EMAIL, problems)
        })
    }),
    state("signup", "taken", "address with an account", |cx| {
        refused(cx, &Refusal::EmailTaken, |problems| {
            signup::page(cx, OK, sample::LONG_EMAIL, problems)
        })
    }),
    state("notice", "closed", "nobody may open an account", |cx| {
        notice::page(cx, OK, &Refusal::SignUpClosed)
    }),
    state("notice", "invited", "by invitation only", |cx| {
        notice::page(cx, OK, &Refusal::InvitationNeeded)
    }),
    state("notice", "waiting", "an account that waits for approval", |cx| {
        notice::page(cx, OK, &Refusal::ApprovalPending)
    }),
    state("sign-out", "ask", "asked before", |cx| {
        sessions::sign_out_page(cx, sample::EMAIL)
    }),
    state("sign-out", "done", "nobody is signed in", sessions::signed_out_page),
    state("confirm", "first", "opened", |cx| {
        confirm::page(cx, &sample::caller(cx), OK, true, Problems::default())
    }),
    state("confirm", "refused", "password wrong", |cx| {
        refused(cx, &Refusal::CurrentPasswordWrong, |problems| {
            confirm::page(
                cx,
                &sample::caller(cx),
                OK,
                true,
                problems.renamed("current_password", "password"),
            )
        })
    }),
    state("confirm", "no-password", "nothing to confirm with", |cx| {
        confirm::page(cx, &sample::caller(cx), OK, false, Problems::default())
    }),
    state("login-code", "first", "opened", |cx| {
        login_code::page(cx, OK, "", Problems::default())
    }),
    state("verify-email", "first", "the address must be proved", |cx| {
        verify_email::page(cx, &sample::caller(cx), OK, None, Problems::default())
    }),
    state("email-change", "first", "opened", |cx| {
        account::email::page(cx, &sample::caller(cx), OK, "", Problems::default())
    }),
    state("email-change", "refused", "the address that it has", |cx| {
        refused(cx, &Refusal::EmailSame, |problems| {
            account::email::page(cx, &sample::caller(cx), OK, sample::EMAIL, problems)
        })
    }),
    state("verify", "address", "another address for the account", |cx| {
        verify::page(cx, Purpose::EmailChange, OK, (sample::EMAIL, ""), Problems::default())
    }),
    state("not-me", "first", "by the link of a letter", |cx| {
        not_me::page(cx, OK, "link", "", Problems::default())
    }),
    state("not-me", "refused", "another address", |cx| {
        refused(cx, &Refusal::AppealAddressWrong, |problems| {
            not_me::page(cx, OK, "link", sample::EMAIL, problems)
        })
    }),
    state("not-me", "over", "a link that was used", |cx| {
        not_me::over(cx, OK, &Refusal::LinkOver)
    }),
    state("password", "first-one", "an account without one", |cx| {
        account::password::first_page(cx, &sample::caller(cx), OK, Problems::default())
    }),
    state("not-accepted", "shown", "the application sends people back", |cx| {
        arrival::not_accepted(cx, &form::own_page("/private")?)
    }),
    state(
        "account",
        "alone",
        "one session, nobody else in the organization",
        |cx| account::page(cx, &sample::caller(cx), &sample::account(cx, 1)),
    ),
    state("account", "notice", "many sessions, after a change", |cx| {
        account::page(cx, &sample::caller(cx), &sample::account(cx, 6))
    }),
    state("account", "long", "everything as long as it may be", |cx| {
        account::page(cx, &sample::long_caller(cx), &sample::account(cx, 2))
    }),
    state("account", "mail-refused", "letters to the person are refused", |cx| {
        let shown = Shown {
            refuses_mail: true,
            ..sample::account(cx, 1)
        };
        account::page(cx, &sample::caller(cx), &shown)
    }),
    state("account", "refused", "a username that is not free", |cx| {
        refused(cx, &Refusal::UsernameTaken, |problems| {
            let (caller, shown) = (sample::caller(cx), sample::account(cx, 1));
            account::page_again(cx, &caller, &shown, OK, sample::TAKEN, problems)
        })
    }),
    state("data", "first", "opened", account::data::page),
    state("delete", "first", "opened", |cx| {
        account::delete::page(cx, &sample::caller(cx), OK, &sample::farewell(None))
    }),
    state("delete", "long", "everything as long as it may be", |cx| {
        account::delete::page(cx, &sample::long_caller(cx), OK, &sample::farewell(None))
    }),
    state("delete", "refused", "an organization needs its owner", |cx| {
        let obstacle = Refusal::LastOwner {
            organization: sample::ORGANIZATION.to_owned(),
        };
        account::delete::page(cx, &sample::caller(cx), OK, &sample::farewell(Some(obstacle)))
    }),
    state("deleted", "shown", "the account is gone", account::delete::deleted_page),
    state("password", "first", "opened", |cx| {
        account::password::page(cx, &sample::caller(cx), OK, Problems::default())
    }),
    state("password", "refused", "new one too common", |cx| {
        refused(cx, &Refusal::PasswordIsCommon, |problems| {
            account::password::page(
                cx,
                &sample::caller(cx),
                OK,
                problems.renamed("password", "new_password"),
            )
        })
    }),
    state("error", "400", "a request that is wrong", |cx| {
        let detail = "the path has a part that cannot be read";
        Ok(refusal(cx, 400, &Refusal::BadRequest(detail)))
    }),
    state("error", "401", "signed out", |cx| Ok(error(cx, 401))),
    state("error", "403", "from another site", |cx| {
        Ok(refusal(cx, 403, &Refusal::CrossSite))
    }),
    state("error", "403-cookies", "without cookies", |cx| {
        Ok(refusal(cx, 403, &Refusal::CookiesBlocked))
    }),
    state("error", "403-elsewhere", "opened under another address", |cx| {
        let other = Refusal::OtherAddress {
            site: cx.app.config.public_url.origin.clone(),
            opened: "http://127.0.0.1:8080".to_owned(),
        };
        Ok(refusal(cx, 403, &other))
    }),
    state("error", "404", "nothing there", |cx| Ok(error(cx, 404))),
    state("error", "405", "another method", |cx| Ok(error(cx, 405))),
    state("error", "408", "too slow", |cx| Ok(error(cx, 408))),
    state("error", "409", "not now", |cx| {
        Ok(refusal(cx, 409, &Refusal::LastAdmin))
    }),
    state("error", "413", "too large", |cx| Ok(error(cx, 413))),
    state("error", "429", "too often", |cx| Ok(error(cx, 429))),
    state("error", "500", "broken", |cx| Ok(error(cx, 500))),
    state("error", "503", "away", |cx| Ok(error(cx, 503))),
    state("parts", "all", "what pages are made of", parts::show),
];

/// A form as it comes back.
fn refused(cx: &Cx, refusal: &Refusal, page: impl FnOnce(Problems) -> Result<Reply>) -> Result<Reply> {
    form::refused(cx, refusal, |_, problems| page(problems))
}

fn refusal(cx: &Cx, status: u16, refusal: &Refusal) -> Reply {
    let detail = match refusal {
        Refusal::BadRequest(detail) => Some(*detail),
        _ => None,
    };
    let happened = refusals::words(cx.say(), refusal);
    trouble(cx, status, Some(&happened), detail, errors::is_final(refusal))
}

fn error(cx: &Cx, status: u16) -> Reply {
    trouble(cx, status, None, None, false)
}

fn trouble(cx: &Cx, status: u16, happened: Option<&str>, detail: Option<&str>, is_final: bool) -> Reply {
    let trouble = errors::Trouble {
        status,
        happened,
        detail,
        reference: (status == 500).then(|| cx.request_id()),
        retry_after: (status == 429).then_some(90),
        is_final,
    };
    Reply::html(OK, errors::page(Layout::bare(cx), &trouble))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_state_has_an_address_of_its_own() {
        let paths: BTreeSet<String> = ALL.iter().map(State::path).collect();

        assert_eq!(paths.len(), ALL.len());
    }
}
