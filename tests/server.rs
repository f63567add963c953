//! The serve loop against peers that are slow, silent, greedy or plain. Real sockets and real time,
//! so limits are set to fractions of a second.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use authara::config;
use authara::http::Body;
use authara::http::headers::Headers;
use authara::http::server::{self, Listener};
use http_body_util::{BodyExt, Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

const SHORT: Duration = Duration::from_millis(300);
/// By when something that has a limit of [`SHORT`] must be over, on a busy machine.
const SOON: Duration = Duration::from_secs(3);

fn limits() -> config::Server {
    config::Server {
        header_timeout: SHORT,
        body_timeout: SHORT,
        request_timeout: SHORT,
        max_connections: 100,
        max_connections_per_address: 100,
        shutdown_timeout: SOON,
    }
}

struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Running {
    async fn start(limits: config::Server) -> Self {
        let listen = config::Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let listener = server::bind(&listen).await.unwrap();
        let Listener::Tcp(socket) = &listener else {
            unreachable!("asked for TCP")
        };
        let address = socket.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(async move {
            let until = async {
                let _ = stopped.await;
            };
            let headers = Headers::new(true);
            server::serve(listener, limits, Vec::new(), headers, Arc::default(), answer, until).await;
        });
        Self { address, stop, server }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Tells the server to stop and returns how long it took.
    async fn stop(self) -> Duration {
        let asked = Instant::now();
        self.stop.send(()).unwrap();
        timeout(SOON * 3, self.server).await.expect("the server stops").unwrap();
        asked.elapsed()
    }
}

async fn answer(request: Request<Incoming>, _peer: Option<SocketAddr>) -> Response<Body> {
    match request.uri().path() {
        "/slow" => sleep(SHORT * 3).await,
        "/huge" => return reply(StatusCode::OK, vec![b'x'; 64 << 20]),
        "/read" => {
            // What the pipeline does with a body: wait for it, but not for ever.
            return match timeout(SHORT, request.into_body().collect()).await {
                Ok(Ok(body)) => reply(StatusCode::OK, body.to_bytes().to_vec()),
                _ => reply(StatusCode::REQUEST_TIMEOUT, Vec::new()),
            };
        }
        _ => {}
    }
    reply(StatusCode::OK, b"hello".to_vec())
}

fn reply(status: StatusCode, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from(body))));
    *response.status_mut() = status;
    response
}

const GET: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// Everything the server still says until it closes, which it must do soon. A reset counts as closed.
async fn rest<S: AsyncReadExt + Unpin>(stream: &mut S) -> String {
    let mut said = Vec::new();
    let _ = timeout(SOON, stream.read_to_end(&mut said))
        .await
        .expect("the server closes the connection");
    String::from_utf8(said).unwrap()
}

async fn one_answer<S: AsyncReadExt + Unpin>(stream: &mut S) -> String {
    let mut said = Vec::new();
    while !said.ends_with(b"hello") {
        let mut bytes = [0; 1024];
        let count = timeout(SOON, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert_ne!(count, 0, "closed in the middle of an answer");
        said.extend_from_slice(&bytes[..count]);
    }
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_peer_that_says_nothing_is_closed() {
    let server = Running::start(limits()).await;
    let mut stream = server.connect().await;

    let said = rest(&mut stream).await;

    assert_eq!(said, "");
}

#[tokio::test]
async fn half_a_preface_is_closed() {
    let server = Running::start(limits()).await;

    for beginning in [&b"P"[..], b"PRI * HTTP/2.0\r\n\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(beginning).await.unwrap();

        let said = rest(&mut stream).await;

        assert_eq!(said, "");
    }
}

#[tokio::test]
async fn http2_without_a_request_is_closed() {
    let server = Running::start(limits()).await;
    let mut stream = server.connect().await;

    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut said = Vec::new();
    let closed = timeout(SOON, stream.read_to_end(&mut said)).await;

    closed.expect("the server closes the connection").unwrap();
}

#[tokio::test]
async fn a_header_sent_drop_by_drop_is_cut_at_the_deadline() {
    let server = Running::start(limits()).await;
    let mut stream = server.connect().await;
    let begun = Instant::now();

    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    while stream.write_all(b"x-drop: 1\r\n").await.is_ok() {
        assert!(begun.elapsed() < SOON, "drops keep the connection open");
        sleep(SHORT / 6).await;
    }

    assert!(begun.elapsed() >= SHORT);
}

#[tokio::test]
async fn a_body_that_never_comes_gets_an_answer_and_the_end() {
    let server = Running::start(limits()).await;
    let mut stream = server.connect().await;

    stream
        .write_all(b"POST /read HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc")
        .await
        .unwrap();

    let said = rest(&mut stream).await;

    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn a_kept_alive_connection_serves_again_and_is_closed_when_idle() {
    let server = Running::start(limits()).await;
    let mut stream = server.connect().await;

    stream.write_all(GET).await.unwrap();
    one_answer(&mut stream).await;
    stream.write_all(GET).await.unwrap();
    one_answer(&mut stream).await;

    assert_eq!(rest(&mut stream).await, "");
}

#[tokio::test]
async fn a_peer_that_does_not_read_its_answer_is_cut() {
    let server = Running::start(config::Server {
        max_connections: 1,
        ..limits()
    })
    .await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /huge HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();

    // Its seat is the only one, so the next peer is served once it is free.
    let begun = Instant::now();
    loop {
        let mut stream = server.connect().await;
        let _ = stream.write_all(GET).await;
        let mut said = [0; 12];
        let answered = stream.read_exact(&mut said).await.is_ok();
        if answered && &said == b"HTTP/1.1 200" {
            break;
        }
        assert!(begun.elapsed() < SOON, "the connection is still open");
        sleep(SHORT / 6).await;
    }

    assert!(begun.elapsed() >= SHORT / 2);
}

#[tokio::test]
async fn connections_beyond_the_cap_are_turned_away() {
    let server = Running::start(config::Server {
        max_connections: 2,
        header_timeout: SOON,
        ..limits()
    })
    .await;
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    for stream in [&mut first, &mut second] {
        stream.write_all(GET).await.unwrap();
        one_answer(stream).await;
    }

    let said = rest(&mut server.connect().await).await;
    first.write_all(GET).await.unwrap();
    let still = one_answer(&mut first).await;

    assert!(said.starts_with("HTTP/1.1 503"), "{said}");
    assert!(said.contains("retry-after: 2\r\n"));
    assert!(still.starts_with("HTTP/1.1 200"), "{still}");
}

#[tokio::test]
async fn a_header_that_is_too_large_is_refused() {
    let server = Running::start(limits()).await;
    let mut many = server.connect().await;
    let mut large = server.connect().await;

    let lines = "x-line: 1\r\n".repeat(100);
    many.write_all(format!("GET / HTTP/1.1\r\n{lines}\r\n").as_bytes())
        .await
        .unwrap();
    let line = "x".repeat(40 * 1024);
    let _ = large
        .write_all(format!("GET / HTTP/1.1\r\nx-line: {line}\r\n\r\n").as_bytes())
        .await;

    let refused = rest(&mut many).await;
    assert!(refused.starts_with("HTTP/1.1 431"), "{refused}");
    for name in [
        "strict-transport-security: ",
        "content-security-policy: ",
        "cache-control: no-store",
    ] {
        assert!(refused.contains(name), "{name}: {refused}");
    }
    assert!(!rest(&mut large).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn http2_in_the_clear_is_served() {
    let server = Running::start(limits()).await;

    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(server.connect().await))
            .await
            .unwrap();
    let driver = tokio::spawn(connection);
    for _ in 0..2 {
        let request = Request::get("http://localhost/")
            .body(Full::<Bytes>::default())
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, "hello");
    }

    // The client answers PINGs, and is still told to leave.
    timeout(SOON, driver)
        .await
        .expect("an idle connection ends")
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_slow_http2_request_outlives_the_idle_limit() {
    let server = Running::start(limits()).await;

    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(server.connect().await))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://localhost/slow")
        .body(Full::<Bytes>::default())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();

    assert_eq!(response.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_http2_peer_that_does_not_read_its_answer_is_cut() {
    let server = Running::start(limits()).await;

    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(server.connect().await))
            .await
            .unwrap();
    let driver = tokio::spawn(connection);
    let request = Request::get("http://localhost/huge")
        .body(Full::<Bytes>::default())
        .unwrap();
    let _unread = sender.send_request(request).await.unwrap();

    // How it ends is the client's affair; that it ends is ours.
    let _ = timeout(SOON, driver).await.expect("the connection ends");
}

#[tokio::test]
async fn a_stop_closes_idle_connections_at_once() {
    let server = Running::start(config::Server {
        header_timeout: SOON * 3,
        shutdown_timeout: SOON * 3,
        ..limits()
    })
    .await;
    let _silent = server.connect().await;
    let mut idle = server.connect().await;
    idle.write_all(GET).await.unwrap();
    one_answer(&mut idle).await;

    let took = server.stop().await;

    assert!(took < SOON, "{took:?}");
    assert_eq!(rest(&mut idle).await, "");
}

#[tokio::test]
async fn a_stop_lets_a_request_in_flight_finish() {
    let server = Running::start(limits()).await;
    let address = server.address;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    sleep(SHORT / 3).await;

    let took = server.stop().await;
    let said = rest(&mut stream).await;

    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("hello"), "{said}");
    assert!(took >= SHORT, "{took:?}");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let server = Running::start(config::Server {
        body_timeout: SOON * 3,
        shutdown_timeout: SHORT,
        ..limits()
    })
    .await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /huge HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    sleep(SHORT / 3).await;

    let took = server.stop().await;

    assert!(took >= SHORT && took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_unix_socket_is_taken_over_only_from_the_dead() {
    let folder = std::env::temp_dir().join(format!("authara-socket-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("server.sock");
    let listen = config::Listen::Unix(path.clone());

    let listener = server::bind(&listen).await.unwrap();
    let live = server::bind(&listen).await;
    drop(listener);
    assert!(path.exists(), "a dead server leaves its file behind");
    let listener = server::bind(&listen).await.unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
    let serving = tokio::spawn(async move {
        let (headers, never) = (Headers::new(true), std::future::pending());
        server::serve(listener, limits(), Vec::new(), headers, Arc::default(), answer, never).await;
    });
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(GET).await.unwrap();
    let said = one_answer(&mut stream).await;

    assert_eq!(live.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    assert_eq!(mode & 0o777, 0o660);
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    serving.abort();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_left_alone() {
    let path = std::env::temp_dir().join(format!("authara-no-socket-{}", std::process::id()));
    std::fs::write(&path, "precious").unwrap();

    let bound = server::bind(&config::Listen::Unix(path.clone())).await;

    assert!(bound.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(path).unwrap();
}
