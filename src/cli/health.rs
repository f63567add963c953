//! `authara healthcheck`: asks the running server whether it is ready.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::cli::args::Printed;
use crate::cli::print::Printer;
use crate::cli::{Failure, Result};
use crate::config::{Given, Listen};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(printed: &Printed, given: &Given, out: &mut Printer) -> Result<()> {
    let listen = Listen::from_settings(given)?;
    let answer = tokio::time::timeout(PATIENCE, ask(&listen)).await;
    let (status, body) = answer.map_err(|_| Failure::Words("the server does not answer".to_owned()))??;
    if status == StatusCode::OK {
        let is_degraded = body.windows(8).any(|part| part == b"degraded");
        if printed.json {
            let status = if is_degraded { "degraded" } else { "ok" };
            return out.json(&json!({ "status": status }));
        }
        return out.line(if is_degraded {
            "ready, but something beside the requests fails: see the log"
        } else {
            "ready"
        });
    }
    Err(Failure::Words(format!(
        "the server is not ready: it answered {}; its log says why",
        status.as_u16()
    )))
}

async fn ask(listen: &Listen) -> Result<(StatusCode, Bytes)> {
    let unreachable = |error| {
        Failure::Words(format!(
            "the server cannot be reached at {listen}: {error}; is `authara serve` running?"
        ))
    };
    match listen {
        Listen::Tcp(address) => send(TcpStream::connect(reachable(*address)).await.map_err(unreachable)?).await,
        Listen::Unix(path) => send(UnixStream::connect(path).await.map_err(unreachable)?).await,
    }
}

/// A server that listens everywhere is asked on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

async fn send(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Result<(StatusCode, Bytes)> {
    let broken = |error: hyper::Error| Failure::Words(format!("the server does not speak HTTP: {error}"));
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let connection = tokio::spawn(connection);
    let request = Request::get("/auth/ready")
        .header(header::HOST, "localhost")
        .body(Empty::<Bytes>::new())
        .map_err(|error| Failure::Words(error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(broken)?;
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(broken)?.to_bytes();
    connection.abort();
    Ok((status, body))
}
