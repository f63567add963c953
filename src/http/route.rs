//! One row of the route table: method, pattern, proof, and the handler behind them.

use std::marker::PhantomData;
use std::sync::Arc;

use hyper::Method;
use serde::de::DeserializeOwned;

use crate::domain::{Anyone, Audience, Caller, Newcomer, Refusal, Visitor};
use crate::flows::Result;
use crate::flows::entry::confirm::Recent;
use crate::http::access::{Halt, Proof};
use crate::http::answers::Answers;
use crate::http::authorization::Authorization;
use crate::http::csrf::Csrf;
use crate::http::cx::Cx;
use crate::http::reply::Reply;
use crate::http::{BoxFuture, json};

/// A row.
pub struct Route {
    /// The method. GET also answers HEAD.
    pub method: Method,
    /// The path; `{name}` stands for one segment.
    pub pattern: &'static str,
    /// The word for the proof that the handler asks for.
    pub access: &'static str,
    /// What the body must be.
    pub takes: Takes,
    /// What else a request must meet.
    pub rules: Rules,
    /// The route of which this is an older spelling, and since when.
    pub older: Option<Older>,
    endpoint: Endpoint,
}

/// What the body must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Whatever comes is ignored.
    Nothing,
    /// A form, or nothing.
    Form,
    /// A JSON object.
    Json,
}

/// The present spelling of a route, and the day from which on it is the one to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Older {
    /// The pattern to use.
    pub now: &'static str,
    /// The day, as `2026-11-28`.
    pub since: &'static str,
}

/// What a request must meet beside its proof.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// What it answers with.
    pub answers: Answers,
    /// The CSRF proof.
    pub csrf: Csrf,
    /// What the query parameter `audience` may be; empty if the route does not read it.
    pub audiences: &'static [Audience],
    /// Whether a bearer token takes the place of all cookies.
    pub takes_bearer: bool,
}

type Outcome = std::result::Result<Reply, Halt>;
type Endpoint = Box<dyn Fn(Cx, Rules) -> BoxFuture<'static, Outcome> + Send + Sync>;
type Read<I> = fn(&Cx) -> std::result::Result<I, Refusal>;

/// Starts a row for everybody.
pub const fn anyone() -> Door<Anyone> {
    Door(PhantomData)
}

/// Starts a row for everybody that wants to know whether somebody is signed in.
pub const fn visitor() -> Door<Visitor> {
    Door(PhantomData)
}

/// Starts a row for people who are signed in.
pub const fn user() -> Door<Caller> {
    Door(PhantomData)
}

/// Starts a row for people who are signed in and may yet have to prove their address.
pub const fn newcomer() -> Door<Newcomer> {
    Door(PhantomData)
}

/// Starts a row for people who signed in, or confirmed that it is they, a short while ago.
pub const fn recent() -> Door<Recent> {
    Door(PhantomData)
}

/// The first half of a row. The compiler checks that the handler asks for the same proof.
pub struct Door<P>(PhantomData<fn() -> P>);

impl<P: Proof> Door<P> {
    /// A row that changes nothing.
    pub fn get<H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        H: Fn(Cx, P) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        Self::row(
            Method::GET,
            pattern,
            Takes::Nothing,
            |_| Ok(()),
            move |cx, proof, ()| handler(cx, proof),
        )
    }

    /// A row that changes something, with a form.
    pub fn post<H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        H: Fn(Cx, P) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let handler = move |cx, proof, ()| handler(cx, proof);
        Self::row(Method::POST, pattern, Takes::Form, sound_form, handler)
    }

    /// A JSON row that changes nothing.
    pub fn get_json<H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        H: Fn(Cx, P) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        self.get(pattern, handler).json(P::BY_BEARER)
    }

    /// A JSON row that changes something and takes no body.
    pub fn post_bare<H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        H: Fn(Cx, P) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let handler = move |cx, proof, ()| handler(cx, proof);
        Self::row(Method::POST, pattern, Takes::Nothing, |_| Ok(()), handler).json(P::BY_BEARER)
    }

    /// A JSON row that removes something.
    pub fn delete_json<H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        H: Fn(Cx, P) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let handler = move |cx, proof, ()| handler(cx, proof);
        Self::row(Method::DELETE, pattern, Takes::Nothing, |_| Ok(()), handler).json(P::BY_BEARER)
    }

    /// A JSON row with a body of the closed type `B`.
    pub fn post_json<B, H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        B: DeserializeOwned + Send + 'static,
        H: Fn(Cx, P, B) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        Self::row(Method::POST, pattern, Takes::Json, json_body::<B>, handler).json(P::BY_BEARER)
    }

    /// The same with PUT.
    pub fn put_json<B, H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        B: DeserializeOwned + Send + 'static,
        H: Fn(Cx, P, B) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        Self::row(Method::PUT, pattern, Takes::Json, json_body::<B>, handler).json(P::BY_BEARER)
    }

    /// The same with PATCH.
    pub fn patch_json<B, H, F>(self, pattern: &'static str, handler: H) -> Route
    where
        B: DeserializeOwned + Send + 'static,
        H: Fn(Cx, P, B) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        Self::row(Method::PATCH, pattern, Takes::Json, json_body::<B>, handler).json(P::BY_BEARER)
    }

    fn row<I, H, F>(method: Method, pattern: &'static str, takes: Takes, read: Read<I>, handler: H) -> Route
    where
        I: Send + 'static,
        H: Fn(Cx, P, I) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Reply>> + Send + 'static,
    {
        let csrf = match method {
            Method::GET => Csrf::Safe,
            _ => Csrf::Required,
        };
        let handler = Arc::new(handler);
        Route {
            method,
            pattern,
            access: P::NAME,
            takes,
            rules: Rules {
                answers: Answers::Page,
                csrf,
                audiences: &[],
                takes_bearer: false,
            },
            older: None,
            endpoint: Box::new(move |cx, rules| Box::pin(answer(cx, rules, read, Arc::clone(&handler)))),
        }
    }
}

impl Route {
    fn json(mut self, takes_bearer: bool) -> Self {
        self.rules.answers = Answers::Json;
        self.rules.takes_bearer = takes_bearer;
        if takes_bearer && self.rules.csrf == Csrf::Required {
            self.rules.csrf = Csrf::RequiredWithoutBearer;
        }
        self
    }

    /// Answers machines that watch.
    #[must_use]
    pub const fn probe(mut self) -> Self {
        self.rules.answers = Answers::Probe;
        self
    }

    /// Answers with a file.
    #[must_use]
    pub const fn file(mut self) -> Self {
        self.rules.answers = Answers::File;
        self
    }

    /// Marks it as an older spelling of `now`, to be left for that one `since` that day.
    #[must_use]
    pub const fn older_spelling_of(mut self, now: &'static str, since: &'static str) -> Self {
        self.older = Some(Older { now, since });
        self
    }

    /// Asks for a CSRF value only where there is a cookie of ours.
    #[must_use]
    pub const fn no_csrf_without_cookies(mut self) -> Self {
        self.rules.csrf = Csrf::RequiredWithCookies;
        self
    }

    /// Asks for no CSRF value, only that the request does not come from another site.
    #[must_use]
    pub const fn same_site_only(mut self, reason: &'static str) -> Self {
        self.rules.csrf = Csrf::SameSite(reason);
        self
    }

    /// Takes the CSRF check off. The reason stands in the table for everybody to judge.
    #[must_use]
    pub const fn no_csrf(mut self, reason: &'static str) -> Self {
        self.rules.csrf = Csrf::Waived(reason);
        self
    }

    /// Takes the CSRF check off for requests with a bearer token, which then stands for all cookies.
    #[must_use]
    pub const fn no_csrf_with_bearer(mut self) -> Self {
        self.rules.csrf = Csrf::RequiredWithoutBearer;
        self.rules.takes_bearer = true;
        self
    }

    /// Reads the query parameter `audience`, which must be one of these.
    #[must_use]
    pub const fn audience(mut self, audiences: &'static [Audience]) -> Self {
        self.rules.audiences = audiences;
        self
    }

    /// Runs the row for a request whose body has been read.
    pub fn answer(&self, cx: Cx) -> BoxFuture<'static, Outcome> {
        (self.endpoint)(cx, self.rules)
    }
}

/// The order in which every row checks its request (contract, http.md 0.3).
async fn answer<P, I, H, F>(cx: Cx, rules: Rules, read: Read<I>, handler: Arc<H>) -> Outcome
where
    P: Proof,
    H: Fn(Cx, P, I) -> F + Send + Sync,
    F: Future<Output = Result<Reply>> + Send,
{
    // A request with a token that cannot be read is not taken for one of the cookies' owner.
    if cx.authorization() == Some(Authorization::Malformed) {
        return Err(Refusal::SignInRequired.into());
    }
    check_audience(&cx, rules.audiences)?;
    let input = read(&cx)?;
    let proof = P::earn(&cx).await;
    // Who is not known is told so first. Nobody is asked to confirm what they did not mean to do.
    if matches!(proof, Ok(_) | Err(Halt::Unconfirmed)) {
        rules.csrf.check(&cx)?;
    }
    Ok(handler(cx, proof?, input).await?)
}

fn check_audience(cx: &Cx, allowed: &[Audience]) -> std::result::Result<(), Refusal> {
    if allowed.is_empty() {
        return Ok(());
    }
    let mut given = cx.queries("audience");
    match (given.next(), given.next()) {
        (None, _) => Ok(()),
        (Some(name), None) if allowed.iter().any(|audience| audience.name() == name) => Ok(()),
        _ => Err(Refusal::BadRequest("the audience is not one this route knows")),
    }
}

fn sound_form(cx: &Cx) -> std::result::Result<(), Refusal> {
    match cx.form() {
        Err(crate::flows::Error::Refused(refusal)) => Err(refusal),
        _ => Ok(()),
    }
}

fn json_body<B: DeserializeOwned>(cx: &Cx) -> std::result::Result<B, Refusal> {
    json::parse(cx.headers(), cx.body())
}
