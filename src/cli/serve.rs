//! `authara serve`: the server.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::app::App;
use crate::cli::{Failure, Result, log, settings};
use crate::config::{Given, Listen};
use crate::domain::time::SystemClock;
use crate::http::pipeline::Service;
use crate::http::server::{self, Listener};
use crate::workers;

pub(super) async fn run(given: &Given) -> Result<()> {
    let config = settings(given)?;
    log::start(config.log_level);
    let app = App::build(config, Arc::new(SystemClock)).await?;
    let listener = listen(&app.config.listen).await?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        public_url = app.config.public_url.origin,
        listen = %app.config.listen,
        "ready"
    );
    until_told_to_stop(&app, Service::new(app.clone()), listener).await
}

/// Opens the socket; a taken port or a missing folder is told in words.
pub(super) async fn listen(at: &Listen) -> Result<Listener> {
    let failed = |error| Failure::Words(format!("cannot listen on {at}: {error}"));
    server::bind(at).await.map_err(failed)
}

/// Serves until SIGTERM or SIGINT, then lets requests in flight and the workers finish.
pub(super) async fn until_told_to_stop(app: &Arc<App>, service: Service, listener: Listener) -> Result<()> {
    let (stop, stopping) = watch::channel(false);
    let mut workers = workers::start(app, &stopping);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let told_to_stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: requests in flight are finished first");
    };

    let service = Arc::new(service);
    let serve = move |request, peer| {
        let service = service.clone();
        async move { service.handle(request, peer).await }
    };
    let trusted = app.config.trusted_proxies.clone();
    server::serve(listener, app.config.server, trusted, serve, told_to_stop).await;

    // Nobody listens any more if every worker has ended by itself.
    let _ = stop.send(true);
    while workers.join_next().await.is_some() {}
    tracing::info!("stopped");
    Ok(())
}
