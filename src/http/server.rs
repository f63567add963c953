//! The serve loop: accept, hand each connection to a task, stop in an orderly way.
//!
//! It is our own because the ready-made one waits for a connection's first bytes without a limit.
//! Every wait here has one: [`connection`] says which, `seats` counts. TLS is the proxy's work.

mod bare;
mod connection;
mod stream;

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::{Request, Response};
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::config;
use crate::http::Body;
use crate::http::headers::Headers;
use crate::http::seats::{Seats, is_counted};
use crate::metrics::Connections;
use bare::Bare;
use stream::{Socket, Stream};

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl Listener {
    async fn accept(&self) -> io::Result<(Socket, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (socket, peer) = listener.accept().await?;
                // Answers are written whole: waiting to fill a packet only delays them.
                socket.set_nodelay(true)?;
                Ok((Socket::Tcp(socket), Some(peer)))
            }
            Self::Unix(listener) => {
                let (socket, _) = listener.accept().await?;
                Ok((Socket::Unix(socket), None))
            }
        }
    }
}

/// Starts to listen. A Unix socket's file that a dead server left behind is replaced; one that
/// somebody listens on is an error. Its mode is 0660: who may connect is a matter of its group.
pub async fn bind(listen: &config::Listen) -> io::Result<Listener> {
    match listen {
        config::Listen::Tcp(address) => Ok(Listener::Tcp(TcpListener::bind(address).await?)),
        config::Listen::Unix(path) => {
            remove_stale(path).await?;
            let listener = UnixListener::bind(path)?;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
            Ok(Listener::Unix(listener))
        }
    }
}

async fn remove_stale(path: &Path) -> io::Result<()> {
    match UnixStream::connect(path).await {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("another server listens on {}", path.display()),
        )),
        // A socket without a listener refuses; so does a file that is no socket, which is not ours to remove.
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused && is_socket(path) => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;

    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

/// Serves until `shutdown` completes, then drains: idle connections close at once, requests in
/// flight have `limits.shutdown_timeout` to finish, whatever is left is cut.
///
/// What never becomes a request is answered with `headers`. Connections are counted in `counts`. `service` gets each request with the address of its peer (`None` on a Unix socket).
pub async fn serve<S, F>(
    listener: Listener,
    limits: config::Server,
    trusted: Vec<config::Network>,
    headers: Headers,
    counts: Arc<Connections>,
    service: S,
    shutdown: impl Future<Output = ()>,
) where
    S: Fn(Request<Incoming>, Option<SocketAddr>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let seats = Arc::new(Seats::new(
        limits.max_connections,
        limits.max_connections_per_address,
        counts,
    ));
    let bare = Arc::new(Bare::new(&headers));
    let (stop, stopping) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut complaints = Complaints::default();
    let mut shutdown = pin!(shutdown);

    loop {
        tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    let counted = peer.map(|peer| peer.ip()).filter(|&address| is_counted(address, &trusted));
                    let Some(seat) = seats.take(counted) else {
                        complaints.note("too many connections", None);
                        socket.refuse(bare.busy());
                        continue;
                    };
                    let serving = connection::serve(
                        Stream::new(socket, limits.body_timeout, bare.clone()),
                        limits,
                        peer,
                        service.clone(),
                        stopping.clone(),
                    );
                    connections.spawn(async move {
                        serving.await;
                        drop(seat);
                    });
                }
                // The peer gave up between its knock and our answer: no trouble of ours.
                Err(error) if is_about_one_connection(&error) => {}
                // Most likely out of file descriptors: the connection stays in the queue, and asking again at once would spin.
                Err(error) => {
                    complaints.note("cannot accept connections", Some(&error));
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }

    drop(listener);
    stop.send_replace(true);
    let drained = timeout(limits.shutdown_timeout, async {
        while connections.join_next().await.is_some() {}
    });
    if drained.await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "cutting connections that did not finish in time"
        );
        connections.shutdown().await;
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::NotConnected
    )
}

/// Log lines about trouble that comes by the thousand: one each second at most, with a count.
#[derive(Default)]
struct Complaints {
    last: Option<Instant>,
    unsaid: u64,
}

impl Complaints {
    fn note(&mut self, what: &'static str, error: Option<&io::Error>) {
        self.unsaid += 1;
        if self.last.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
            let error = error.map(tracing::field::display);
            tracing::warn!(times = self.unsaid, error, "{what}");
            self.last = Some(Instant::now());
            self.unsaid = 0;
        }
    }
}
