//! A small HTTP client: keeps cookies, follows no redirect, sends the CSRF value unless told not to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard};

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{COOKIE, HeaderName, HeaderValue, SET_COOKIE};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::log;

/// Cookies by name.
pub(crate) type Jar = BTreeMap<String, String>;

/// One browser or program.
pub(crate) struct Client {
    address: SocketAddr,
    origin: String,
    cookies: Mutex<Jar>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, origin: String) -> Self {
        Self {
            address,
            origin,
            cookies: Mutex::default(),
        }
    }

    /// Cookies as they are now.
    pub(crate) fn jar(&self) -> MutexGuard<'_, Jar> {
        self.cookies.lock().unwrap()
    }

    /// One cookie; empty without it.
    pub(crate) fn cookie(&self, name: &str) -> String {
        self.jar().get(name).cloned().unwrap_or_default()
    }

    /// Takes a copy of another one's cookies.
    pub(crate) fn take_over(&self, other: &Self) {
        let cookies = other.jar().clone();
        *self.jar() = cookies;
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).send().await
    }

    pub(crate) async fn post(&self, path: &str) -> Answer {
        self.call(Method::POST, path).send().await
    }

    pub(crate) async fn post_json(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path).json(body).send().await
    }

    pub(crate) async fn put_json(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path).json(body).send().await
    }

    /// Starts a request by hand.
    pub(crate) fn call<'c>(&'c self, method: Method, path: &str) -> Call<'c> {
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        let mut call = Call { client: self, request };
        call = call.header("host", self.origin.trim_start_matches("http://"));
        let csrf = self.cookie("authara_csrf");
        if call.request.method() != Method::GET && !csrf.is_empty() {
            call = call.header("x-csrf-token", &csrf);
        }
        call
    }

    fn learn(&self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if line.contains("Max-Age=0;") {
                self.jar().remove(name);
            } else {
                self.jar().insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// A request in the making.
pub(crate) struct Call<'c> {
    client: &'c Client,
    request: Request<Bytes>,
}

impl Call<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.request.headers_mut().insert(HeaderName::from_static(name), value);
        self
    }

    /// Adds a line of any bytes, also beside one of the same name.
    pub(crate) fn line(mut self, name: &'static str, value: impl AsRef<[u8]>) -> Self {
        let value = HeaderValue::from_bytes(value.as_ref()).unwrap();
        self.request.headers_mut().append(HeaderName::from_static(name), value);
        self
    }

    pub(crate) fn without(mut self, name: &'static str) -> Self {
        self.request.headers_mut().remove(name);
        self
    }

    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self = self.header("content-type", content_type);
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    pub(crate) async fn send(mut self) -> Answer {
        let cookies: Vec<String> = self
            .client
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() && !self.request.headers().contains_key(COOKIE) {
            self = self.header("cookie", &cookies.join("; "));
        }
        log::secrets_in(self.request.headers(), self.request.body());
        let socket = TcpStream::connect(self.client.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket))
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        let response = sender.send_request(self.request.map(Full::new)).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        connection.abort();
        log::secrets_in(&head.headers, &body);
        self.client.learn(&head.headers);
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The code of the error envelope.
    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header; empty without it.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Names of the cookies that were set or cleared.
    pub(crate) fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        let mut names: Vec<_> = lines
            .map(|line| line.to_str().unwrap().split('=').next().unwrap().to_owned())
            .collect();
        names.sort();
        names
    }

    /// The `Set-Cookie` line for a name.
    pub(crate) fn cookie_line(&self, name: &str) -> String {
        let lines = self
            .headers
            .get_all(SET_COOKIE)
            .iter()
            .map(|line| line.to_str().unwrap());
        lines
            .into_iter()
            .find(|line| line.starts_with(&format!("{name}=")))
            .unwrap_or("")
            .to_owned()
    }

    /// Status and code at once.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.code())
    }
}

/// Sends bytes as they are and reads until the server closes.
pub(crate) async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // It may be refused, and the connection closed, before all of it is sent.
    let _ = socket.write_all(bytes).await;
    let mut answer = Vec::new();
    // A reset after the answer is as good an end as any.
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}
