//! The doors: how a request earns the proof that a handler asks for.

use crate::domain::{Anyone, Audience, Caller, Newcomer, Refusal, Visitor};
use crate::flows::entry::confirm::{self, Recent};
use crate::flows::{self, Error};
use crate::http::cookies::{self, SetCookie};
use crate::http::cx::Cx;
use crate::http::faces;
use crate::http::pages::{self, errors};
use crate::http::reply::{self, Reply};

/// Why a request gets no proof, or no further.
#[derive(Debug)]
pub enum Halt {
    /// It is refused, or the question could not be answered.
    Error(Error),
    /// It gets this answer instead: a person is sent to sign in.
    Instead(Box<Reply>),
    /// Its caller is known, but has to confirm first that it is them.
    Unconfirmed,
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Error(refusal.into())
    }
}

/// A proof of access that requests can earn.
pub trait Proof: Sized + Send + 'static {
    /// Its word in the route table.
    const NAME: &'static str;
    /// Whether a bearer token can stand for it.
    const BY_BEARER: bool = false;

    /// Earns it.
    fn earn(cx: &Cx) -> impl Future<Output = Result<Self, Halt>> + Send;
}

impl Proof for Anyone {
    const NAME: &'static str = "anyone";

    async fn earn(cx: &Cx) -> Result<Self, Halt> {
        Ok(anyone(cx))
    }
}

impl Proof for Visitor {
    const NAME: &'static str = "visitor";

    /// Also goes on with the refresh cookie, but only for a GET: a POST here is about to replace the session.
    async fn earn(cx: &Cx) -> Result<Self, Halt> {
        let found = if cx.method() == hyper::Method::POST {
            by_access_token(cx, cx.cookie(cookies::ACCESS)).await?
        } else {
            by_cookies(cx).await?
        };
        Ok(found.map_or_else(|| Self::Guest(anyone(cx)), |caller| Self::SignedIn(Box::new(caller))))
    }
}

impl Proof for Caller {
    const NAME: &'static str = "user";
    const BY_BEARER: bool = true;

    /// On a JSON route by bearer token or access cookie, 401 without. On a page by access cookie,
    /// else silently by refresh cookie, else by way of the sign-in page.
    ///
    /// Somebody who must prove their address first is told so, and led to the page where they can.
    async fn earn(cx: &Cx) -> Result<Self, Halt> {
        let Newcomer(caller) = Newcomer::earn(cx).await?;
        if !flows::address::must_be_proved(&cx.app, &caller.user) {
            return Ok(caller);
        }
        if cx.is_api() || cx.is_script_fetch() {
            return Err(Refusal::EmailUnproved.into());
        }
        let way = cx.by_proof_of_address(cx.this_place().as_ref());
        Err(Halt::Instead(Box::new(cx.redirect(&way))))
    }
}

impl Proof for Newcomer {
    const NAME: &'static str = "newcomer";
    const BY_BEARER: bool = true;

    /// As a [`Caller`], also before their address is proved.
    async fn earn(cx: &Cx) -> Result<Self, Halt> {
        if cx.is_api() {
            let token = cx.bearer().or_else(|| cx.cookie(cookies::ACCESS));
            let caller = by_access_token(cx, token).await?;
            return caller.map(Self).ok_or_else(|| Refusal::SignInRequired.into());
        }
        match by_cookies(cx).await? {
            Some(caller) => Ok(Self(caller)),
            None => Err(Halt::Instead(Box::new(
                cx.redirect(&cx.by_login(cx.this_place().as_ref())),
            ))),
        }
    }
}

impl Proof for Recent {
    const NAME: &'static str = "recent";
    const BY_BEARER: bool = Caller::BY_BEARER;

    /// As a [`Caller`] who signed in, or confirmed that it is them, a short while ago.
    async fn earn(cx: &Cx) -> Result<Self, Halt> {
        let caller = Caller::earn(cx).await?;
        match confirm::earned(&cx.app, &caller).await {
            Err(Error::Refused(Refusal::ReauthenticationRequired)) => Err(Halt::Unconfirmed),
            earned => Ok(earned?),
        }
    }
}

/// The answer for a caller who has to confirm first: a page to do so and the way back from there; for a program 428 with
/// a request that it can answer, and the address of the page that does (contract v0.22, section 2.0).
pub(super) async fn unconfirmed(cx: &Cx) -> Reply {
    if !cx.is_api() && !cx.is_script_fetch() {
        return cx.redirect(&pages::confirm::way(cx, cx.this_place().as_ref()));
    }
    let asked = match Newcomer::earn(cx).await {
        Ok(Newcomer(caller)) => confirm::ask(&cx.app, &caller).await,
        Err(Halt::Instead(reply)) => return *reply,
        Err(Halt::Error(error)) => Err(error),
        Err(Halt::Unconfirmed) => Err(Refusal::ReauthenticationRequired.into()),
    };
    match asked {
        Ok(asked) => pages::confirm::ask(cx, &asked),
        Err(error) => errors::show(cx, &faces::of(cx, &error)),
    }
}

fn anyone(cx: &Cx) -> Anyone {
    Anyone {
        client: cx.client().clone(),
    }
}

/// Who has this access token; `None` without one or with one that is not accepted.
async fn by_access_token(cx: &Cx, token: Option<&str>) -> Result<Option<Caller>, Error> {
    let Some(token) = token else {
        return Ok(None);
    };
    match flows::access::caller(&cx.app, &cx.by(), Audience::App, token).await {
        Ok(caller) => {
            cx.note_user(caller.user.id);
            Ok(Some(caller))
        }
        Err(Error::Refused(Refusal::SignInRequired)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who has these cookies. The new pair of a silent refresh goes out with whatever answer follows.
/// Cookies are cleared only when the refresh token was looked at and refused, never for a breakage.
async fn by_cookies(cx: &Cx) -> Result<Option<Caller>, Error> {
    if let Some(caller) = by_access_token(cx, cx.cookie(cookies::ACCESS)).await? {
        return Ok(Some(caller));
    }
    let Some(token) = cx.refresh_token() else {
        return Ok(None);
    };
    match flows::refresh::with_token(&cx.app, &cx.by(), &token, Audience::App).await {
        Ok(signed_in) => {
            for cookie in reply::pair(&signed_in.tokens) {
                cx.set_cookie(cookie);
            }
            cx.note_refreshed(signed_in.tokens.refresh);
            cx.renew_csrf();
            by_access_token(cx, Some(signed_in.tokens.access.expose())).await
        }
        Err(Error::Refused(Refusal::SessionEnded)) => {
            cx.set_cookie(SetCookie::clear(cookies::ACCESS));
            cx.set_cookie(SetCookie::clear(cookies::REFRESH));
            Ok(None)
        }
        // Its cookies stay: another tab may have newer ones.
        Err(Error::Refused(Refusal::TokenReplaced)) => Ok(None),
        Err(error) => Err(error),
    }
}
