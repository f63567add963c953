//! One's own application behind `authara dev`, in the place of the sample: requests outside `/auth` go to it.
//!
//! For development on one machine: a connection for each request, and no limits.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use hyper::http::uri::PathAndQuery;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::app::App;
use crate::cli::sample;
use crate::domain::Client;
use crate::http::Body;
use crate::http::cookies::REFRESH;
use crate::http::pipeline::{Fallback, Service};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where the application answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Upstream {
    host: String,
    port: u16,
}

impl std::fmt::Display for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "http://{}:{}", self.host, self.port)
    }
}

impl FromStr for Upstream {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "must be http, a host and a port, as in http://localhost:3000";

        let url: Uri = text.parse().map_err(|_| WANTED)?;
        let is_bare = matches!(url.path_and_query().map(PathAndQuery::as_str), None | Some("/"));
        let authority = url.authority().filter(|authority| !authority.as_str().contains('@'));
        let (Some("http"), Some(authority), true) = (url.scheme_str(), authority, is_bare) else {
            return Err(WANTED);
        };
        let port = match authority.as_str().strip_prefix(authority.host()) {
            Some("") => 80,
            Some(port) => port.trim_start_matches(':').parse().map_err(|_| WANTED)?,
            None => 0,
        };
        if port == 0 || text.contains('#') {
            return Err(WANTED);
        }
        Ok(Self {
            host: authority.host().to_owned(),
            port,
        })
    }
}

impl Upstream {
    /// Whether this server itself is meant, whose requests would never end.
    pub(super) fn is_at(&self, port: u16) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        let address = bare.parse::<IpAddr>().map(|address| address.to_canonical());
        let is_here = bare.trim_end_matches('.').eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.is_loopback() || address.is_unspecified());
        self.port == port && is_here
    }
}

/// Hands every path outside `/auth` to the application.
pub(super) fn application(upstream: Upstream, service: Service) -> Fallback {
    let upstream = Arc::new(upstream);
    Arc::new(move |request, client| {
        let (upstream, app, site) = (upstream.clone(), service.app.clone(), service.site());
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            // There is nothing to connect to but the application.
            if request.method() == Method::CONNECT {
                return plain(StatusCode::METHOD_NOT_ALLOWED);
            }
            match relay(&upstream, &app, request, &client).await {
                Ok(response) => response,
                // The client's own body broke off, or made no sense.
                Err(Away::Http(error)) if error.is_user() => plain(StatusCode::BAD_REQUEST),
                Err(error) => {
                    tracing::warn!(upstream = %upstream, %error, "your application does not answer");
                    sample::away(&app, &site, &path, &upstream.to_string())
                }
            }
        })
    })
}

fn plain(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = status;
    response
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Away {
    #[error("no connection within {CONNECT_TIMEOUT:?}")]
    Late(#[from] tokio::time::error::Elapsed),
    #[error("{0}")]
    Socket(#[from] std::io::Error),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("it changed the protocol, and nobody had asked for that")]
    Unasked,
}

async fn relay(
    upstream: &Upstream,
    app: &App,
    mut request: Request<Incoming>,
    client: &Client,
) -> Result<Response<Body>, Away> {
    let asked = asked_upgrade(&mut request);
    let bare = upstream.host.trim_start_matches('[').trim_end_matches(']');
    let socket = timeout(CONNECT_TIMEOUT, TcpStream::connect((bare, upstream.port))).await??;
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await?;
    // It ends with the answer, or with the client.
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the connection to your application ended early");
        }
    });

    prepare(&mut request, app, client, asked.as_ref().map(|(protocol, _)| protocol));
    let mut answer = sender.send_request(request).await?;
    let is_upgrade = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    let protocol = answer.headers().get(UPGRADE).cloned();
    remove_hop_by_hop(answer.headers_mut());
    *answer.version_mut() = Version::HTTP_11;
    if is_upgrade {
        let (_, ours) = asked.ok_or(Away::Unasked)?;
        put_upgrade(answer.headers_mut(), protocol.as_ref());
        tokio::spawn(tunnel(ours, hyper::upgrade::on(&mut answer)));
    }
    Ok(answer.map(|body| Either::Right(body.boxed())))
}

/// The protocol that a client wants to change to, as browsers do for a WebSocket, and its connection once that is
/// done.
fn asked_upgrade(request: &mut Request<Incoming>) -> Option<(HeaderValue, OnUpgrade)> {
    if request.version() != Version::HTTP_11 || !listed(request.headers()).any(|name| name == UPGRADE) {
        return None;
    }
    let protocol = request.headers().get(UPGRADE)?.clone();
    Some((protocol, hyper::upgrade::on(request)))
}

async fn tunnel(ours: OnUpgrade, theirs: OnUpgrade) {
    let (Ok(ours), Ok(theirs)) = (ours.await, theirs.await) else {
        return;
    };
    // Either end may leave as it likes.
    let _ = copy_bidirectional(&mut TokioIo::new(ours), &mut TokioIo::new(theirs)).await;
}

/// Makes the request what a proxy sends: without the headers of this connection and without the refresh token, and
/// with the address of the client.
fn prepare(request: &mut Request<Incoming>, app: &App, client: &Client, protocol: Option<&HeaderValue>) {
    let public_url = &app.config.public_url;
    let given = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let public = || public_url.origin.split_once("://").map_or("", |(_, host)| host);
    let host = match request.uri().authority() {
        Some(host) => host.as_str().to_owned(),
        None => given.map_or_else(|| public().to_owned(), str::to_owned),
    };
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    if let Ok(target) = target.parse() {
        *request.uri_mut() = target;
    }
    *request.version_mut() = Version::HTTP_11;
    let is_empty = request.body().is_end_stream();

    let headers = request.headers_mut();
    remove_hop_by_hop(headers);
    put_upgrade(headers, protocol);
    if !is_empty && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    withhold(headers, &format!("{}{}", app.config.cookie_prefix, REFRESH.name()));
    let scheme = if public_url.is_https { "https" } else { "http" };
    headers.remove("forwarded");
    for (name, value) in [
        ("x-forwarded-for", client.address.to_string()),
        ("x-forwarded-proto", scheme.to_owned()),
        ("x-forwarded-host", host.clone()),
        ("host", host),
    ] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// What speaks of one connection (RFC 9110 7.6.1).
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    for name in listed(headers).collect::<Vec<_>>() {
        headers.remove(name);
    }
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ] {
        headers.remove(name);
    }
}

/// The names in `Connection`.
fn listed(headers: &HeaderMap) -> impl Iterator<Item = HeaderName> {
    let lines = headers.get_all(CONNECTION).iter();
    let names = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    names.filter_map(|name| name.trim().parse().ok())
}

fn put_upgrade(headers: &mut HeaderMap, protocol: Option<&HeaderValue>) {
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol.clone());
    }
}

/// Takes one cookie out of the request.
fn withhold(headers: &mut HeaderMap, name: &str) {
    let is_other = |pair: &&[u8]| {
        let given = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
        given.trim_ascii() != name.as_bytes()
    };
    let pairs: Vec<Vec<u8>> = headers
        .get_all(COOKIE)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
        .filter(is_other)
        .map(<[u8]>::to_vec)
        .collect();
    headers.remove(COOKIE);
    if !pairs.is_empty()
        && let Ok(line) = HeaderValue::from_bytes(&pairs.join(&b"; "[..]))
    {
        headers.insert(COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_is_an_origin_of_http() {
        for (text, shown) in [
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("http://app", "http://app:80"),
        ] {
            assert_eq!(text.parse::<Upstream>().expect(text).to_string(), shown);
        }
        for text in [
            "localhost:3000",
            "https://localhost:3000",
            "http://localhost:3000/app",
            "http://me@localhost:3000",
            "http://localhost:99999",
            "http://localhost:0",
            "http://localhost:3000#top",
            "",
        ] {
            assert!(text.parse::<Upstream>().is_err(), "{text}");
        }
    }
}
