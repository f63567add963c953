//! Somebody arrives at a page for strangers (sign in, sign up) and may be signed in already.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use hyper::StatusCode;
use sailfish::TemplateSimple;

use crate::domain::return_to::ReturnTo;
use crate::domain::{Audience, Refusal, Visitor};
use crate::flows::tokens::{SignedIn, Tokens};
use crate::flows::{self, Error, Result};
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::Cx;
use crate::http::pages::form;
use crate::http::pages::layout::Layout;
use crate::http::reply::Reply;

/// How often somebody who is signed in is sent on to one target within [`WINDOW`]. Once more, and
/// the application must be sending them back each time.
const MOST_ARRIVALS: u8 = 4;
/// Counted from the last arrival, so a round trip that never ends is found at any speed a browser has.
const WINDOW: Duration = Duration::from_secs(10);

/// The answer for a visitor who is signed in already: on to where they want to go, with a token that
/// opens it. `None` for a guest. Refused with `AudienceRefused` if that is the admin or operator area
/// and they do not have its role.
pub(super) async fn pass_on(cx: &Cx, visitor: &Visitor) -> Result<Option<Reply>> {
    let Visitor::SignedIn(caller) = visitor else {
        return Ok(None);
    };
    let target = cx.return_to_or_default();
    let wanted = audience_of(&target);
    let tokens = match cx.refresh_token() {
        Some(token) if !caller.audience.opens(wanted) => {
            match flows::refresh::with_token(&cx.app, &cx.by(), &token, wanted).await {
                Ok(signed_in) => Some(signed_in.tokens),
                // The session is live: only that area is not for them. Sent there, they would come back.
                Err(Error::Refused(Refusal::SignInRequired)) => return Err(Refusal::AudienceRefused.into()),
                // No token can be had but by signing in again.
                Err(Error::Refused(Refusal::TokenReplaced)) => return Ok(None),
                Err(Error::Refused(_)) => None,
                Err(other) => return Err(other),
            }
        }
        _ => None,
    };
    settled(cx, &target, tokens.as_ref()).map(Some)
}

/// The answer to somebody who has just signed in: on to where they want to go, by way of the proof of their address where
/// that is required.
pub(super) fn land(cx: &Cx, target: &ReturnTo, signed_in: &SignedIn) -> Reply {
    let reply = if flows::address::must_be_proved(&cx.app, &signed_in.user) {
        cx.redirect(&cx.by_proof_of_address(Some(target)))
    } else {
        cx.redirect(target)
    };
    reply.signed_in(cx, signed_in)
}

/// What a token for `target` must open.
pub(super) fn audience_of(target: &ReturnTo) -> Audience {
    Audience::of_path(target.path())
}

/// Runs `flow` for the audience of `target`. A person who may not enter that area, and is
/// signed in already, gets a token for the application.
pub(super) async fn for_target<F, R>(target: &ReturnTo, flow: F) -> Result<SignedIn>
where
    F: Fn(Audience) -> R,
    R: Future<Output = Result<SignedIn>>,
{
    let audience = audience_of(target);
    match flow(audience).await {
        Err(Error::Refused(Refusal::AudienceRefused | Refusal::SignInRequired)) if audience != Audience::App => {
            flow(Audience::App).await
        }
        outcome => outcome,
    }
}

/// Sends the visitor on to `target`, unless that has happened too often in a few seconds.
fn settled(cx: &Cx, target: &ReturnTo, tokens: Option<&Tokens>) -> Result<Reply> {
    // Scripts of the application read its cookie, also where no page of ours was ever shown.
    cx.csrf();
    let mark = mark_of(target);
    let earlier = cx
        .cookie(cookies::ARRIVALS)
        .and_then(|value| value.split_once('-'))
        .filter(|(_, counted)| *counted == mark)
        .and_then(|(count, _)| count.parse::<u8>().ok())
        .unwrap_or(0);

    let reply = if earlier < MOST_ARRIVALS {
        let value = format!("{}-{mark}", earlier + 1);
        cx.redirect(target)
            .cookie(SetCookie::new(cookies::ARRIVALS, value, WINDOW))
    } else {
        not_accepted(cx, target)?.cookie(SetCookie::clear(cookies::ARRIVALS))
    };
    Ok(match tokens {
        Some(tokens) => reply.tokens(cx, tokens),
        None => reply,
    })
}

/// Tells targets apart, so that many tabs that are restored at once are not taken for one that
/// goes in circles. Nothing depends on it being hard to guess.
fn mark_of(target: &ReturnTo) -> String {
    let mut hasher = DefaultHasher::new();
    target.as_str().hash(&mut hasher);
    format!("{:x}", hasher.finish())
}

#[derive(TemplateSimple)]
#[template(path = "not_accepted.stpl")]
struct NotAcceptedPage {
    layout: Layout,
    target: String,
}

pub(super) fn not_accepted(cx: &Cx, target: &ReturnTo) -> Result<Reply> {
    let page = NotAcceptedPage {
        layout: Layout::of(cx, cx.say().not_accepted_title()),
        target: target.as_str().to_owned(),
    };
    form::render(StatusCode::OK, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_of_a_target_is_told_without_its_query_and_fragment() {
        let audience = |target| audience_of(&ReturnTo::parse(target).expect("a safe target"));

        for (target, expected) in [
            ("/admin/users?a=b", Audience::Admin),
            ("/auth/admin#x", Audience::Admin),
            ("/admin?to=/operator", Audience::Admin),
            ("/operator?x", Audience::Operator),
            ("/auth/operator#/admin", Audience::Operator),
            ("/?to=/admin", Audience::App),
            ("/#/operator", Audience::App),
            ("/administrator", Audience::App),
        ] {
            assert_eq!(audience(target), expected, "{target}");
        }
    }
}
