//! The listener for Prometheus: one path, in plain text, on an address of its own.
//!
//! Nothing of it can be reached through the main listener, and nothing else through this one.

use http_body_util::{Either, Full};
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use crate::flows;
use crate::http::Body;
use crate::http::headers::Headers;
use crate::http::pipeline::Service;
use crate::metrics::Text;

/// Answers the one who collects.
pub struct Metrics {
    service: Service,
    headers: Headers,
}

impl Metrics {
    /// For the numbers of a running program and the service that answers for it.
    pub fn new(service: Service) -> Self {
        Self {
            service,
            headers: Headers::new(false),
        }
    }

    /// Answers one request.
    pub fn answer<B>(&self, request: &Request<B>) -> Response<Body> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        let (status, body) = match request.uri().path() {
            "/metrics" if is_read => (StatusCode::OK, self.text()),
            "/metrics" => (StatusCode::METHOD_NOT_ALLOWED, String::new()),
            _ => (StatusCode::NOT_FOUND, String::new()),
        };
        tracing::debug!(http.status = status.as_u16(), "metrics were asked for");

        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(Text::TYPE));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        self.headers.complete(&mut headers);
        let body = if *request.method() == Method::HEAD {
            Bytes::new()
        } else {
            Bytes::from(body)
        };
        let mut response = Response::new(Either::Left(Full::new(body)));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    fn text(&self) -> String {
        let mut text = Text::default();
        self.service.requests().write(&mut text);
        flows::metrics::write(&self.service.app, &mut text);
        text.finish()
    }
}
