//! One connection from its first byte to its end, with a limit on every wait.
//!
//! | wait | limit |
//! |---|---|
//! | first bytes | `header_timeout` |
//! | a request's header, and idling between requests | `header_timeout` |
//! | HTTP/2 without a request in flight | `header_timeout`, whether or not PINGs are answered |
//! | a peer that does not read its answer | `body_timeout` without progress |
//! | a request's body, and the handler | not here: `pipeline` |

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::stream::Stream;
use crate::config;
use crate::http::Body;

/// Bytes of one HTTP/2 body that may be on the way at once.
const WINDOW: u32 = 64 * 1024;

/// Serves one connection until it ends or the server does.
pub(super) async fn serve<S, F>(
    mut stream: Stream,
    limits: config::Server,
    peer: Option<SocketAddr>,
    service: S,
    mut stopping: watch::Receiver<bool>,
) where
    S: Fn(Request<Incoming>, Option<SocketAddr>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let is_http2 = tokio::select! {
        first = timeout(limits.header_timeout, stream.begins_as_http2()) => match first {
            Ok(Ok(is_http2)) => is_http2,
            // Nothing was asked, so nobody waits for an answer.
            Ok(Err(_)) | Err(_) => return,
        },
        () = stop(&mut stopping) => return,
    };
    let ended = if is_http2 {
        http2(stream, limits, peer, service, stopping).await
    } else {
        http1(stream, limits, peer, service, stopping).await
    };
    match ended {
        // Answered by hyper itself, so that no request's line tells of it.
        Err(error) if error.is_parse() || error.is_parse_too_large() => {
            let address = peer.map(|peer| tracing::field::display(peer.ip()));
            tracing::info!(client.address = address, %error, "refused what is no request");
        }
        Err(error) => tracing::debug!(%error, "connection ended early"),
        Ok(()) => {}
    }
}

async fn http1<S, F>(
    stream: Stream,
    limits: config::Server,
    peer: Option<SocketAddr>,
    service: S,
    mut stopping: watch::Receiver<bool>,
) -> hyper::Result<()>
where
    S: Fn(Request<Incoming>, Option<SocketAddr>) -> F,
    F: Future<Output = Response<Body>>,
{
    let service = service_fn(|request| {
        let answer = service(request, peer);
        async { Ok::<_, Infallible>(answer.await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_headers(64)
            .max_buf_size(32 * 1024)
            .serve_connection(TokioIo::new(stream), service)
            // Nothing of ours changes the protocol; an application behind `authara dev` may.
            .with_upgrades()
    );

    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop(&mut stopping) => connection.as_mut().graceful_shutdown(),
    }
    connection.await
}

async fn http2<S, F>(
    stream: Stream,
    limits: config::Server,
    peer: Option<SocketAddr>,
    service: S,
    mut stopping: watch::Receiver<bool>,
) -> hyper::Result<()>
where
    S: Fn(Request<Incoming>, Option<SocketAddr>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let pulse = Arc::new(Pulse::new());
    let service = service_fn(|request| {
        let running = Running::start(&pulse);
        let answer = service(request, peer);
        async {
            let answer = answer.await;
            drop(running);
            Ok::<_, Infallible>(answer)
        }
    });
    let mut connection = pin!(
        http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(128)
            .max_header_list_size(16 * 1024)
            // Bodies are small; the usual 1 MiB would be every connection's to fill.
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(4 * WINDOW)
            .keep_alive_interval(Duration::from_secs(20))
            .serve_connection(TokioIo::new(stream), service)
    );

    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stop(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            return connection.await;
        }
        () = pulse.quiet_for(limits.header_timeout) => connection.as_mut().graceful_shutdown(),
    }
    // Told to leave. A peer that does not, or that keeps an answer from being sent, is cut.
    tokio::select! {
        ended = connection => ended,
        () = sleep(limits.body_timeout) => Ok(()),
    }
}

/// Completes when the server is stopping.
async fn stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server is gone altogether, which is to stop as well.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Whether requests are in flight on an HTTP/2 connection, and since when not.
struct Pulse(Mutex<Beat>);

struct Beat {
    running: usize,
    last: Instant,
}

impl Pulse {
    fn new() -> Self {
        Self(Mutex::new(Beat {
            running: 0,
            last: Instant::now(),
        }))
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when no request has been in flight for so long.
    async fn quiet_for(&self, limit: Duration) {
        loop {
            let due = {
                let beat = self.beat();
                let since = if beat.running == 0 { beat.last } else { Instant::now() };
                since + limit
            };
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }
}

/// A request in flight, until dropped.
struct Running(Arc<Pulse>);

impl Running {
    fn start(pulse: &Arc<Pulse>) -> Self {
        pulse.beat().running += 1;
        Self(pulse.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut beat = self.0.beat();
        beat.running -= 1;
        beat.last = Instant::now();
    }
}
