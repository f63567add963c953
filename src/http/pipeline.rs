//! One request from bytes to bytes.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use http_body_util::{Either, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, SET_COOKIE};
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::timeout;

use crate::app::App;
use crate::config::Config;
use crate::domain::client::{CUSTOMER, network};
use crate::domain::{Client, Refusal};
use crate::flows::Error;
use crate::http::access::{self, Halt};
use crate::http::answers::Answers;
use crate::http::bodies::{Bodies, Unread};
use crate::http::cookies::SetCookie;
use crate::http::cx::Cx;
use crate::http::faces::{self, Face};
use crate::http::headers::Headers;
use crate::http::log::Line;
use crate::http::pages::errors;
use crate::http::reply::Reply;
use crate::http::route::{Route, Takes};
use crate::http::router::{Found, Router};
use crate::http::seats::{Seats, is_counted};
use crate::http::site::Site;
use crate::http::whole::{Panicked, Whole};
use crate::http::{Body, BoxFuture, client, framing, log, meta, routes};
use crate::metrics::Requests;

/// Answers requests outside `/auth`, e.g. with the sample application of `authara dev`.
pub type Fallback = Arc<dyn Fn(Request<Incoming>, Client) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// Everything that answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    /// The running program.
    pub app: Arc<App>,
    shared: Arc<Shared>,
    fallback: Option<Fallback>,
}

struct Shared {
    router: Router,
    site: RwLock<Arc<Site>>,
    headers: Headers,
    healthy: HeaderMap,
    /// Requests in work. A client that hangs up, or resets an HTTP/2 stream, keeps its seat until
    /// the work is done: otherwise it could begin any number.
    seats: Arc<Seats>,
    bodies: Bodies,
    requests: Requests,
}

impl Service {
    /// Answers for `app`; paths outside `/auth` are not found.
    pub fn new(app: Arc<App>) -> Self {
        Self::with_routes(app, routes::routes())
    }

    /// The same with another table.
    pub fn with_routes(app: Arc<App>, routes: Vec<Route>) -> Self {
        let headers = Headers::new(app.config.public_url.is_https);
        let limits = app.config.server;
        let mut healthy = headers.all();
        healthy.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let shared = Shared {
            requests: Requests::new(routes.iter().map(|route| route.pattern)),
            router: Router::new(routes),
            site: RwLock::new(Arc::new(Site::new(&app.config))),
            headers,
            healthy,
            seats: Arc::new(Seats::new(
                limits.max_connections,
                limits.max_connections_per_address,
                // Connections are counted where they come in.
                Arc::default(),
            )),
            bodies: Bodies::new(),
        };
        Self {
            app,
            shared: Arc::new(shared),
            fallback: None,
        }
    }

    /// Lets `fallback` answer for paths outside `/auth`.
    #[must_use]
    pub fn with_fallback(mut self, fallback: Fallback) -> Self {
        self.fallback = Some(fallback);
        self
    }

    /// Answers one request. `peer` is the far end of the socket, `None` for a Unix socket.
    pub async fn handle(&self, request: Request<Incoming>, peer: Option<SocketAddr>) -> Response<Body> {
        let started = Instant::now();
        let id = self.app.fresh_id().to_string();
        let problem = framing::problem(&request);
        if problem.is_none() && meta::is_health(&request) {
            return self.healthy(&request, &id, started);
        }
        let client = client::of(request.headers(), peer, &self.app.config.trusted_proxies).in_request(id);
        if let Some(peer) = peer {
            self.note_hearsay(request.headers(), peer.ip());
        }
        if let Some(fallback) = &self.fallback
            && problem.is_none()
            && !is_ours(request.uri().path())
        {
            let method = request.method().clone();
            let given_id = log::given_id(request.headers()).map(str::to_owned);
            let mut response = fallback(request, client.clone()).await;
            put_id(response.headers_mut(), &client.request_id);
            let line = Line {
                method: method.as_str(),
                route: "(application)",
                moved_to: None,
                status: response.status(),
                took: started.elapsed(),
                client: &client,
                given_id: given_id.as_deref(),
                user: None,
            };
            line.write();
            return response;
        }
        let (head, body) = request.into_parts();
        let cx = Cx::new(Arc::clone(&self.app), self.site(), head, client);

        if let Some(problem) = problem {
            let face = faces::face(&Refusal::BadRequest(problem));
            let reply = close(&cx, errors::show(&cx, &face));
            self.note(&cx, reply.status, started);
            return self.dress(&cx, reply);
        }
        let Some(seat) = self.shared.seats.take(self.counted(&cx)) else {
            let reply = close(&cx, errors::show(&cx, &Face::UNAVAILABLE));
            self.note(&cx, reply.status, started);
            return self.dress(&cx, reply);
        };
        let working = self.clone().finish(cx.clone(), body, started);
        let work = Whole::new(async move {
            let reply = working.await;
            drop(seat);
            reply
        });
        let reply = work.await.unwrap_or_else(|Panicked| {
            tracing::error!(request.id = cx.request_id(), "a request ended in a panic");
            let reply = errors::show(&cx, &Face::BROKEN);
            self.note(&cx, reply.status, started);
            reply
        });
        self.dress(&cx, reply)
    }

    /// Somebody names a client who is not believed. Behind a proxy that nobody has told us of all people
    /// share its address, and its limits.
    fn note_hearsay(&self, headers: &HeaderMap, peer: IpAddr) {
        if client::is_hearsay(headers, peer, &self.app.config.trusted_proxies) {
            let network = network(peer, CUSTOMER).to_string();
            if self.app.hourly.is_due("hearsay", &network, self.app.now()) {
                tracing::warn!(
                    peer = network,
                    "the address of a client named by this peer is not believed; if it is your proxy, add it to AUTHARA_TRUSTED_PROXIES"
                );
            }
        }
    }

    /// What makes its pages this site's.
    pub fn site(&self) -> Arc<Site> {
        self.shared.site.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows the pages of every request from now on with the branding and the messages of these settings.
    pub fn rebrand(&self, config: &Config) {
        let site = Arc::new(self.site().again(config));
        *self.shared.site.write().unwrap_or_else(PoisonError::into_inner) = site;
    }

    /// What is counted of requests.
    pub fn requests(&self) -> &Requests {
        &self.shared.requests
    }

    /// Answers and leaves a line, whether or not the client is still there.
    async fn finish(self, cx: Cx, body: Incoming, started: Instant) -> Reply {
        let reply = self.work(&cx, body).await;
        self.note(&cx, reply.status, started);
        reply
    }

    fn note(&self, cx: &Cx, status: StatusCode, started: Instant) {
        let took = started.elapsed();
        let method = cx.method().as_str();
        self.shared.requests.note(cx.pattern(), method, status.as_u16(), took);
        let line = Line {
            method,
            route: cx.pattern().unwrap_or("(no route)"),
            moved_to: cx.moved_to(),
            status,
            took,
            client: cx.client(),
            given_id: log::given_id(cx.headers()),
            user: cx.user(),
        };
        line.write();
    }

    /// Everything between the head of a request and its reply.
    async fn work(&self, cx: &Cx, body: Incoming) -> Reply {
        let (route, path) = match self.shared.router.find(cx.method(), cx.url_path()) {
            Found::Route(route, path) => (route, path),
            Found::OtherMethods(allow, path) => {
                cx.note_path(path);
                return not_allowed(cx, &allow);
            }
            Found::Nothing => return errors::show(cx, &faces::face(&Refusal::NotFound)),
        };
        cx.note_path(path);
        if let Err(face) = self.read_body(cx, route.takes, body).await {
            return close(cx, errors::show(cx, &face));
        }
        if matches!(route.rules.answers, Answers::Page | Answers::Json) {
            cx.clear_doubles();
        }
        match timeout(self.app.config.server.request_timeout, route.answer(cx.clone())).await {
            Ok(Ok(reply)) => reply,
            Ok(Err(Halt::Instead(reply))) => *reply,
            Ok(Err(Halt::Unconfirmed | Halt::Error(Error::Refused(Refusal::ReauthenticationRequired)))) => {
                access::unconfirmed(cx).await
            }
            Ok(Err(Halt::Error(error))) => errors::show(cx, &faces::of(cx, &error)),
            Err(_) => {
                tracing::warn!(request.id = cx.request_id(), "a request took too long and was given up");
                errors::show(cx, &Face::UNAVAILABLE)
            }
        }
    }

    /// Reads the body, also one that nobody wants, so that the connection can be used again.
    async fn read_body(&self, cx: &Cx, takes: Takes, body: Incoming) -> Result<(), Face> {
        if body.is_end_stream() {
            return Ok(());
        }
        let limit = self.app.config.server.body_timeout;
        match self.shared.bodies.read(body, self.counted(cx), limit).await {
            Ok(body) => {
                if takes != Takes::Nothing {
                    cx.note_body(body);
                }
                Ok(())
            }
            Err(Unread::TooSlow) => Err(Face::TOO_SLOW),
            Err(Unread::Busy) => Err(Face::UNAVAILABLE),
            // JSON routes have one answer for every body they cannot take (contract, http.md 0.2).
            Err(Unread::TooLarge) if !cx.is_api() => Err(Face::TOO_LARGE),
            Err(Unread::TooLarge | Unread::Broken) => {
                Err(faces::face(&Refusal::BadRequest("the body is too large or incomplete")))
            }
        }
    }

    /// The address that the request is counted against, if it has a share of its own.
    fn counted(&self, cx: &Cx) -> Option<IpAddr> {
        Some(cx.client().address).filter(|&address| is_counted(address, &self.app.config.trusted_proxies))
    }

    /// Puts on what every answer carries.
    fn dress(&self, cx: &Cx, reply: Reply) -> Response<Body> {
        let mut response = Response::new(Either::Left(Full::new(Bytes::new())));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        let (everywhere, pending): (Vec<_>, Vec<_>) = cx.take_cookies().into_iter().partition(SetCookie::is_everywhere);
        let is_new = |cookie: &SetCookie| !reply.cookies.iter().any(|own| own.cookie() == cookie.cookie());
        let pending: Vec<_> = pending.into_iter().filter(is_new).collect();
        // What clears other forms goes first: the last line for a form is the one that counts.
        let cookies = everywhere.into_iter().chain(reply.cookies).chain(pending);
        for cookie in cookies {
            for line in cookie.lines(&self.app.config, cx.now()) {
                response.headers_mut().append(SET_COOKIE, line);
            }
        }
        put_id(response.headers_mut(), cx.request_id());
        self.shared.headers.complete(response.headers_mut());
        if *cx.method() == Method::HEAD {
            response
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from(reply.body.len()));
        } else {
            *response.body_mut() = Either::Left(Full::new(reply.body));
        }
        response
    }

    fn healthy(&self, request: &Request<Incoming>, id: &str, started: Instant) -> Response<Body> {
        let method = request.method();
        let body = if method == Method::HEAD { "" } else { meta::HEALTHY };
        let mut response = Response::new(Either::Left(Full::new(Bytes::from_static(body.as_bytes()))));
        *response.headers_mut() = self.shared.healthy.clone();
        put_id(response.headers_mut(), id);
        response
            .headers_mut()
            .insert(CONTENT_LENGTH, HeaderValue::from(meta::HEALTHY.len()));
        let (method, took) = (method.as_str(), started.elapsed());
        self.shared.requests.note(Some(meta::HEALTH), method, 200, took);
        log::health(method, id, log::given_id(request.headers()));
        response
    }
}

fn put_id(headers: &mut HeaderMap, id: &str) {
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(log::REQUEST_ID, id);
    }
}

fn is_ours(path: &str) -> bool {
    path.strip_prefix("/auth")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn not_allowed(cx: &Cx, allow: &str) -> Reply {
    let reply = errors::show(cx, &Face::METHOD_NOT_ALLOWED);
    match HeaderValue::from_str(allow) {
        Ok(allow) => reply.header(ALLOW, allow),
        Err(_) => reply,
    }
}

/// Ends the connection after this answer: what is left of the body would be read as a request.
fn close(cx: &Cx, reply: Reply) -> Reply {
    if cx.version() >= Version::HTTP_2 {
        return reply;
    }
    reply.header(CONNECTION, HeaderValue::from_static("close"))
}
