//! A browser without a screen: it keeps cookies, sends the headers browsers send, and fills in
//! the forms that stand in a page. It follows a redirect only when told to.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use authara::config;
use authara::http::headers::Headers;
use authara::http::pipeline::Service;
use authara::http::server::{self, Listener};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use hyper::{HeaderMap, Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::html::{self, Tag};
use crate::kit::log;
use crate::kit::world::{PASSWORD, World};

/// Where the settings of the tests say that the site is.
pub(super) const ORIGIN: &str = "http://localhost:8080";

/// The server on one database, on a port of its own.
pub(super) struct Site {
    pub(super) world: World,
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Site {
    pub(super) async fn of(world: World) -> Self {
        let listen = config::Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = server::bind(&listen).await.unwrap();
        let Listener::Tcp(socket) = &listener else {
            unreachable!("asked for TCP")
        };
        let address = socket.local_addr().unwrap();
        let service = Arc::new(Service::new(world.app.clone()));
        let answer = move |request, peer| {
            let service = service.clone();
            async move { service.handle(request, peer).await }
        };
        let limits = world.app.config.server;
        let server = tokio::spawn(server::serve(
            listener,
            limits,
            Vec::new(),
            Headers::new(false),
            Arc::default(),
            answer,
            std::future::pending(),
        ));
        Self { world, address, server }
    }

    /// A browser that was never here.
    pub(super) fn browser(&self) -> Browser {
        Browser {
            address: self.address,
            jar: BTreeMap::new(),
            always: vec![(
                "user-agent",
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
            )],
        }
    }

    /// A browser in which a new user has just signed up.
    pub(super) async fn signed_up(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let page = browser.get("/auth/signup").await;
        let answer = browser
            .submit(&page, "/auth/signup", &[("email", email), ("password", PASSWORD)])
            .await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        browser
    }

    /// Another browser in which that user signs in.
    pub(super) async fn signed_in(&self, email: &str) -> Browser {
        let mut browser = self.browser();
        let answer = browser.sign_in(email, PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        browser
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A browser. A clone goes on from the same cookies.
#[derive(Clone)]
pub(super) struct Browser {
    address: SocketAddr,
    pub(super) jar: BTreeMap<String, String>,
    always: Vec<(&'static str, String)>,
}

/// What a browser sends when a person follows a link.
const NAVIGATION: [(&str, &str); 3] = [
    ("sec-fetch-mode", "navigate"),
    ("sec-fetch-dest", "document"),
    ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
];

/// What it sends for `fetch()`.
const FETCH: [(&str, &str); 4] = [
    ("sec-fetch-site", "same-origin"),
    ("sec-fetch-mode", "cors"),
    ("sec-fetch-dest", "empty"),
    ("accept", "*/*"),
];

impl Browser {
    /// Sends this header with every request, in place of one of that name.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.always.retain(|(known, _)| *known != name);
        self.always.push((name, value.to_owned()));
        self
    }

    /// Opens an address.
    pub(super) async fn get(&mut self, path: &str) -> Page {
        self.navigate(Method::GET, path).await
    }

    /// A navigation with another method and no body.
    pub(super) async fn navigate(&mut self, method: Method, path: &str) -> Page {
        let headers = [&NAVIGATION[..], &[("sec-fetch-site", "same-origin")]].concat();
        self.send(method, path, &headers, "").await
    }

    /// Posts fields that no form asked for.
    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.post_with(path, fields, &[("sec-fetch-site", "same-origin"), ("origin", ORIGIN)])
            .await
    }

    /// The same from wherever `headers` say.
    pub(super) async fn post_with(&mut self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let headers = [&NAVIGATION[..], &kind, headers].concat();
        self.send(Method::POST, path, &headers, &body).await
    }

    /// Fills in the form of `page` with that action (its query aside) and sends it.
    pub(super) async fn submit(&mut self, page: &Page, action: &str, typed: &[(&str, &str)]) -> Page {
        let (target, mut fields) = page.form(action);
        for (name, value) in typed {
            let field = fields.iter_mut().find(|(known, _)| known == name);
            let (_, filled) = field.unwrap_or_else(|| panic!("no field {name} in {}", page.body));
            (*value).clone_into(filled);
        }
        let fields: Vec<_> = fields.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        self.post(&target, &fields).await
    }

    /// Signs in by the form.
    pub(super) async fn sign_in(&mut self, email: &str, password: &str) -> Page {
        let page = self.get("/auth/login").await;
        self.submit(&page, "/auth/login", &[("email", email), ("password", password)])
            .await
    }

    /// What a script does with `fetch()` and the CSRF value from the cookie.
    pub(super) async fn fetch(&mut self, method: Method, path: &str) -> Page {
        let csrf = self.jar.get("authara_csrf").cloned().unwrap_or_default();
        let headers = [&FETCH[..], &[("origin", ORIGIN), ("x-csrf-token", &csrf)]].concat();
        self.send(method, path, &headers, "").await
    }

    /// What a script does with `fetch()` and a form.
    pub(super) async fn fetch_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = [("content-type", "application/x-www-form-urlencoded")];
        let headers = [&FETCH[..], &[("origin", ORIGIN)], &kind].concat();
        self.send(Method::POST, path, &headers, &body).await
    }

    /// Sends exactly this, with cookies, and keeps those of the answer.
    pub(super) async fn send(&mut self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Page {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, "localhost:8080");
        for (name, value) in &self.always {
            request = request.header(*name, value);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !self.jar.is_empty() {
            let pairs: Vec<_> = self.jar.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
        log::secrets_in(request.headers(), body.as_bytes());

        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .unwrap();
        let driver = tokio::spawn(connection);
        let (head, body) = sender.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        driver.abort();

        log::secrets_in(&head.headers, &[]);
        self.keep(&head.headers);
        Page {
            status: head.status.as_u16(),
            headers: head.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    fn keep(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            let (pair, attributes) = line.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0;") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Whether the cookies of a session are there.
    pub(super) fn has_session(&self) -> bool {
        self.jar.contains_key("authara_access") && self.jar.contains_key("authara_refresh")
    }

    /// Whether the account page opens.
    pub(super) async fn is_signed_in(&mut self) -> bool {
        self.get("/auth/account").await.status == 200
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(super) struct Page {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Page {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Where a redirect leads.
    pub(super) fn location(&self) -> &str {
        assert_eq!(self.status, 303, "no redirect: {}", self.text());
        self.header(LOCATION.as_str()).unwrap()
    }

    /// The line that sets or clears a cookie.
    pub(super) fn set_cookie(&self, name: &str) -> Option<&str> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        let mut lines = lines.map(|line| line.to_str().unwrap());
        lines.find(|line| line.split_once('=').is_some_and(|(known, _)| known == name))
    }

    pub(super) fn is_html(&self) -> bool {
        self.header(CONTENT_TYPE.as_str()) == Some("text/html; charset=utf-8")
    }

    /// The code of a JSON error.
    pub(super) fn error_code(&self) -> String {
        assert_eq!(self.header(CONTENT_TYPE.as_str()), Some("application/json"));
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body["error"]["code"].as_str().unwrap().to_owned()
    }

    /// What a person reads.
    pub(super) fn text(&self) -> String {
        html::text(&self.body)
    }

    pub(super) fn tags(&self) -> Vec<Tag> {
        html::tags(&self.body)
    }

    /// The first tag with that attribute.
    pub(super) fn tag(&self, attribute: &str, value: &str) -> Option<Tag> {
        let is_it = |tag: &Tag| tag.attribute(attribute) == Some(value);
        self.tags().into_iter().find(is_it)
    }

    /// What is said to be wrong with a field, if the field says so as well.
    pub(super) fn problem(&self, field: &str) -> Option<String> {
        let input = self.tag("id", field)?;
        if input.attribute("aria-invalid") != Some("true") {
            return None;
        }
        let id = format!("{field}-problem");
        assert!(input.attribute("aria-describedby").is_some_and(|ids| ids.contains(&id)));
        Some(self.tag("id", &id).unwrap().text)
    }

    /// Whether that field, and nothing else, has the focus when the page opens.
    pub(super) fn focus(&self, field: &str) -> bool {
        let tags = self.tags();
        let focused: Vec<_> = tags.iter().filter(|tag| tag.attribute("autofocus").is_some()).collect();
        focused.len() == 1 && focused[0].attribute("id") == Some(field)
    }

    /// The full action of the form with that action (its query aside), and its fields as filled in.
    pub(super) fn form(&self, action: &str) -> (String, Vec<(String, String)>) {
        let tags = self.tags();
        let is_it = |tag: &&Tag| {
            let target = tag.attribute("action").unwrap_or("");
            tag.name == "form" && target.split('?').next() == Some(action)
        };
        let form = tags.iter().find(is_it);
        let form = form.unwrap_or_else(|| panic!("no form for {action} in {}", self.body));
        assert_eq!(form.attribute("method"), Some("post"));
        let inside = tags
            .iter()
            .skip_while(|tag| !is_it(tag))
            .take_while(|tag| tag.name != "/form");
        let fields = inside.filter(|tag| tag.name == "input").filter_map(|input| {
            let value = input.attribute("value").unwrap_or("");
            Some((input.attribute("name")?.to_owned(), value.to_owned()))
        });
        (form.attribute("action").unwrap().to_owned(), fields.collect())
    }
}

/// What is wrong with one field stands at the field, which has the focus, and nowhere else.
pub(super) fn says_it_once(page: &Page, field: &str) {
    let Some(words) = page.problem(field) else {
        panic!("nothing is wrong with {field}: {}", page.text())
    };
    assert_eq!(page.text().matches(words.trim()).count(), 1, "{}", page.text());
    assert!(page.tag("role", "alert").is_none(), "a summary: {}", page.text());
    assert!(page.focus(field), "{field} has not the focus");
}
