//! The real program on a port of its own: real database, real sockets; the clock is moved by hand
//! and hashing is cheap.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authara::app::App;
use authara::config::{self, Config};
use authara::domain::time::ManualClock;
use authara::domain::{Secret, Timestamp};
use authara::http::headers::Headers;
use authara::http::pipeline::Service;
use authara::http::server::{self, Listener};
use authara::storage::Target;
use tokio::sync::oneshot;

use super::client::{Client, Jar};
use super::database::Database;
use super::world;
pub(crate) use super::world::PASSWORD;

/// Where every test begins.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A running server. It stops when dropped.
pub(crate) struct TestApp {
    pub(crate) app: Arc<App>,
    pub(crate) clock: ManualClock,
    pub(crate) address: SocketAddr,
    pub(crate) service: Service,
    _stop: oneshot::Sender<()>,
}

impl TestApp {
    /// Starts on a migrated database.
    pub(crate) async fn start(db: &Database) -> Self {
        Self::with(db, |_| {}).await
    }

    /// The same with other settings.
    pub(crate) async fn with(db: &Database, change: impl FnOnce(&mut Config)) -> Self {
        Self::serving(db, change, Service::new).await
    }

    /// The same with another table of routes or a fallback.
    pub(crate) async fn serving(
        db: &Database,
        change: impl FnOnce(&mut Config),
        service: impl FnOnce(Arc<App>) -> Service,
    ) -> Self {
        let clock = ManualClock::new(START);
        let listen = config::Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = server::bind(&listen).await.unwrap();
        let Listener::Tcp(socket) = &listener else {
            unreachable!("asked for TCP")
        };
        let address = socket.local_addr().unwrap();
        let mut config = settings(&db.target, address);
        change(&mut config);

        let limits = config.server;
        let app = world::build(config, &clock).await;
        let service = service(Arc::clone(&app));
        let answering = service.clone();
        let handle = move |request, peer| {
            let service = answering.clone();
            async move { service.handle(request, peer).await }
        };
        let is_https = app.config.public_url.is_https;
        let counts = Arc::clone(&app.metrics.connections);
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(server::serve(
            listener,
            limits,
            Vec::new(),
            Headers::new(is_https),
            counts,
            handle,
            async {
                let _ = stopped.await;
            },
        ));
        Self {
            app,
            clock,
            address,
            service,
            _stop: stop,
        }
    }

    /// A caller without cookies that is no browser.
    pub(crate) fn client(&self) -> Client {
        Client::new(self.address, self.app.config.public_url.origin.clone())
    }

    /// A caller that has a CSRF cookie.
    pub(crate) async fn visitor(&self) -> Client {
        let client = self.client();
        assert_eq!(client.get("/auth/api/v1/csrf").await.status, 200);
        client
    }

    /// A caller that has just signed up as `email`.
    pub(crate) async fn user(&self, email: &str) -> Client {
        let client = self.visitor().await;
        let body = serde_json::json!({ "email": email, "password": PASSWORD });
        let answer = client.post_json("/auth/api/v1/signup/direct", &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        client
    }

    /// Another browser with the same cookies.
    pub(crate) fn twin(&self, other: &Client) -> Client {
        let client = self.client();
        client.take_over(other);
        client
    }

    /// A caller that has only these cookies.
    pub(crate) fn with_cookies(&self, cookies: &[(&str, &str)]) -> Client {
        let client = self.client();
        *client.jar() = cookies
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<Jar>();
        client
    }
}

fn settings(target: &Target, address: SocketAddr) -> Config {
    let mut config = world::settings(target);
    config.public_url.origin = format!("http://{address}");
    config.trusted_proxies = Vec::new();
    // The same for all, so that several programs can run on one database.
    config.secret_key = Secret::new("c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgISE=");
    config.server.body_timeout = Duration::from_millis(500);
    config
}
