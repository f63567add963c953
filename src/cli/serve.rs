//! `authara serve`: the server.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::app::App;
use crate::cli::{Failure, Result, allow, log};
use crate::config::{self, Checked, Config, Given, Listen, Problems};
use crate::domain::Timestamp;
use crate::domain::time::SystemClock;
use crate::flows::{allowlist, keys};
use crate::http::headers::Headers;
use crate::http::metrics::Metrics;
use crate::http::pipeline::Service;
use crate::http::server::{self, Listener};
use crate::storage::{about, backup};
use crate::workers;

/// Reads the settings again.
pub(super) type ReadAgain = Arc<dyn Fn() -> std::result::Result<Checked<Config>, Problems> + Send + Sync>;

pub(super) async fn run(given: &Given, env_file: Option<PathBuf>) -> Result<()> {
    let hangups = Hangups::begin()?;
    let Checked {
        value: config,
        warnings,
    } = Config::read(given)?;
    log::start(config.log_level);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if let Some(folder) = &config.backups.folder {
        backup::check_folder(folder).map_err(|problem| Failure::Words(format!("AUTHARA_BACKUP_DIR: {problem}")))?;
    }
    let app = App::build(config, Arc::new(SystemClock)).await?;
    begin_serving(&app).await?;
    let listener = listen(&app.config.listen, "requests", "AUTHARA_LISTEN").await?;
    let metrics = match app.config.metrics_listen {
        Some(address) => Some(listen(&Listen::Tcp(address), "metrics", "AUTHARA_METRICS_LISTEN").await?),
        None => None,
    };
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        public_url = app.config.public_url.origin,
        listen = %app.config.listen,
        metrics_listen = app.config.metrics_listen.map(tracing::field::display),
        "ready"
    );
    if let Some(mailer) = &app.mailer {
        let codes_at_sign_up = app.config.challenges.at_sign_up;
        tracing::info!(codes_at_sign_up, "mail goes by {}", mailer.describe());
    } else {
        tracing::info!("no mail is sent: addresses are not proved, and a forgotten password needs an operator");
    }
    tracing::info!("sign-up is {}", app.config.accounts.sign_up.meaning());
    let again: ReadAgain = Arc::new(move || {
        Given::check_file(env_file.as_deref())?;
        Config::read(&Given::from_environment(env_file.as_deref())?)
    });
    let service = Service::new(app.clone());
    let renewals = tokio::spawn(renew_at(hangups, service.clone(), again));
    let served = until_told_to_stop(&app, service, listener, metrics).await;
    renewals.abort();
    served
}

/// Tells other programs that a server uses the database, and the operator if another does.
async fn begin_serving(app: &App) -> Result<()> {
    if app.config.accounts.allowlist
        && let Some(words) = allow::words(allowlist::kept_out(&app.store).await?)
    {
        tracing::warn!("{words}");
    }
    if !app.store.serve().await? {
        tracing::warn!("another server uses this database file; limits by address count in each for itself");
    }
    if let Some(off) = about::durability_lost_by(&app.store).await? {
        tracing::warn!(
            off,
            "PostgreSQL is set to forget what it has acknowledged when the power fails"
        );
    }
    if let Some(key) = keys::settle(app, app.now()).await? {
        let from = key.active_from.map(Timestamp::rfc3339);
        tracing::info!(
            key = key.id,
            algorithm = key.algorithm.name(),
            from,
            "tokens will be signed with a new key"
        );
    }
    Ok(())
}

/// SIGHUP, which from now on ends the program only if its terminal is gone.
pub(super) struct Hangups {
    signal: Signal,
    /// Whether it ends with its terminal.
    has_terminal: bool,
}

impl Hangups {
    pub(super) fn begin() -> Result<Self> {
        // `nohup` has it ignored.
        let has_terminal = is_terminal_there() && !is_hangup_ignored();
        let signal = signal(SignalKind::hangup())?;
        Ok(Self { signal, has_terminal })
    }
}

fn is_terminal_there() -> bool {
    std::fs::File::open("/dev/tty").is_ok()
}

/// Whether the program was started with SIGHUP ignored (`SigIgn` of proc(5)).
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// Opens the socket that `setting` names; a taken port or a missing folder is told in words.
pub(super) async fn listen(at: &Listen, what: &str, setting: &str) -> Result<Listener> {
    let failed = |error| {
        Failure::Words(format!(
            "cannot listen on {at} for {what}: {error}; set {setting} to another place"
        ))
    };
    server::bind(at).await.map_err(failed)
}

/// Connections of those who collect metrics: one or two do.
const METRICS_CONNECTIONS: usize = 16;

/// Serves until SIGTERM or SIGINT, then lets requests in flight and the workers finish.
pub(super) async fn until_told_to_stop(
    app: &Arc<App>,
    service: Service,
    listener: Listener,
    metrics: Option<Listener>,
) -> Result<()> {
    let (stop, stopping) = watch::channel(false);
    let mut workers = workers::start(app, &stopping);
    let metrics = metrics.map(|listener| tokio::spawn(serve_metrics(service.clone(), listener, stopping)));
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
    let counts = app.metrics.connections.clone();
    let headers = Headers::new(app.config.public_url.is_https);
    server::serve(
        listener,
        app.config.server,
        trusted,
        headers,
        counts,
        serve,
        told_to_stop,
    )
    .await;

    // Nobody listens any more if every worker has ended by itself.
    let _ = stop.send(true);
    while workers.join_next().await.is_some() {}
    if let Some(metrics) = metrics {
        let _ = metrics.await;
    }
    tracing::info!("stopped");
    Ok(())
}

/// Puts in force, at each of the signals, what may change under a running server. What cannot be read changes
/// nothing.
pub(super) async fn renew_at(mut hangups: Hangups, service: Service, again: ReadAgain) {
    while hangups.signal.recv().await.is_some() {
        if hangups.has_terminal && !is_terminal_there() {
            tracing::info!("the terminal is gone");
            // As every other stop, for which somebody listens.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
            return;
        }
        let (service, again) = (service.clone(), again.clone());
        // Files may be far away.
        let renewed = tokio::task::spawn_blocking(move || renew(&service, &again)).await;
        if let Err(error) = renewed {
            tracing::error!(%error, "SIGHUP: reading again was broken off");
        }
    }
}

fn renew(service: &Service, again: &ReadAgain) {
    let config = match again() {
        Ok(checked) => {
            for warning in &checked.warnings {
                tracing::warn!("{warning}");
            }
            checked.value
        }
        Err(problems) => {
            for problem in &problems.0 {
                tracing::warn!(%problem, "SIGHUP changes nothing: a setting is wrong");
            }
            return;
        }
    };
    if let Err(error) = service.app.store.read_certificates() {
        tracing::warn!(%error, "SIGHUP changes nothing: the root certificates of the database cannot be read");
        return;
    }
    service.rebrand(&config);
    service.app.renew(&config);
    tracing::info!(
        "SIGHUP: branding, messages, disposable domains and the root certificates of the database, if it has any, were read again; all \
         else stays as it was at the start"
    );
}

/// Answers the one who collects metrics until everything else has ended.
async fn serve_metrics(service: Service, listener: Listener, mut stopping: watch::Receiver<bool>) {
    let limits = config::Server {
        max_connections: METRICS_CONNECTIONS,
        ..service.app.config.server
    };
    let metrics = Arc::new(Metrics::new(service));
    let answer = move |request, _peer| {
        let metrics = metrics.clone();
        async move { metrics.answer(&request) }
    };
    let stopped = async move {
        // An error means that the sender is gone, which is a stop as well.
        let _ = stopping.wait_for(|stopping| *stopping).await;
    };
    let headers = Headers::new(false);
    server::serve(listener, limits, Vec::new(), headers, Arc::default(), answer, stopped).await;
}
