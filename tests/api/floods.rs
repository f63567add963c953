//! Requests that are large, many, slow or deep: each has its limit and its answer.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use authara::domain::Anyone;
use authara::flows;
use authara::http::cx::Cx;
use authara::http::pipeline::Service;
use authara::http::reply::Reply;
use authara::http::route::anyone;
use authara::http::routes;
use http_body_util::Full;
use hyper::Method;
use hyper::body::{Bytes, Frame};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ADA, LOGIN, SIGN_UP, USER, credentials, is_signed_in, refused, users};
use crate::kit::app::TestApp;
use crate::kit::client::{Answer, Client};
use crate::kit::database::{Database, both};

const LIMIT: Duration = Duration::from_millis(600);
const SOON: Duration = Duration::from_secs(5);

async fn endless(_: Cx, _: Anyone) -> flows::Result<Reply> {
    std::future::pending().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_that_nobody_waits_for_keeps_its_seat_until_it_is_done() {
    let db = Database::migrated_sqlite().await;
    let few = |config: &mut authara::config::Config| {
        config.server.max_connections = 8;
        config.server.request_timeout = LIMIT;
    };
    let app = TestApp::serving(&db, few, |app| {
        let mut all = routes::routes();
        all.push(anyone().get("/auth/endless", endless));
        Service::with_routes(app, all)
    })
    .await;
    let socket = TcpStream::connect(app.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut get = |path: &str| {
        let uri = format!("http://{}{path}", app.address);
        let request = hyper::Request::get(uri).body(Full::<Bytes>::default()).unwrap();
        sender.send_request(request)
    };

    // Begun and given up by the peer at once, eight times.
    for _ in 0..8 {
        let begun = get("/auth/endless");
        let _ = tokio::time::timeout(Duration::from_millis(20), begun).await;
    }
    let full = get("/auth/login").await.unwrap();
    let health = get("/auth/health").await.unwrap();
    tokio::time::sleep(LIMIT).await;
    let later = get("/auth/login").await.unwrap();

    assert_eq!(
        (full.status().as_u16(), &full.headers()["retry-after"]),
        (503, &"2".parse().unwrap())
    );
    assert_eq!((health.status().as_u16(), later.status().as_u16()), (200, 200));
}

const HEAD: &str = "POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/// A server that believes the addresses that a proxy on this machine names, and is patient.
async fn behind_a_proxy(db: &Database) -> TestApp {
    let change = |config: &mut authara::config::Config| {
        config.trusted_proxies = vec![authara::config::Network::parse("127.0.0.0/8").unwrap()];
        config.server.body_timeout = Duration::from_secs(5);
    };
    TestApp::with(db, change).await
}

/// Connections that say much is to come, and send that many bytes of it.
async fn slow_bodies(app: &TestApp, count: usize, bytes: usize, from: &str) -> Vec<TcpStream> {
    let mut slow = Vec::new();
    for number in 0..count {
        let mut socket = TcpStream::connect(app.address).await.unwrap();
        let body = " ".repeat(bytes);
        let request = if number % 2 == 0 {
            format!("{HEAD}x-forwarded-for: {from}\r\ncontent-length: 900000\r\n\r\n{body}")
        } else {
            format!("{HEAD}x-forwarded-for: {from}\r\ntransfer-encoding: chunked\r\n\r\n{bytes:x}\r\n{body}\r\n")
        };
        socket.write_all(request.as_bytes()).await.unwrap();
        slow.push(socket);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    slow
}

async fn large(client: &Client, from: &str) -> Answer {
    let call = client.call(Method::POST, LOGIN).header("x-forwarded-for", from);
    call.body("application/json", vec![b' '; 100_000]).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r126_a_large_body_counts_once_it_has_come_and_only_so_many_are_read_at_once() {
    let db = Database::migrated_sqlite().await;
    let app = behind_a_proxy(&db).await;
    let client = app.user(ADA).await;
    let mut slow = Vec::new();
    for network in 0..4 {
        slow.extend(slow_bodies(&app, 8, 20_000, &format!("198.51.100.{network}")).await);
    }

    let refused_large = large(&client, "203.0.113.9").await;
    let small = app.visitor().await.post_json(LOGIN, &credentials(ADA)).await;

    // They are given up, and there is room again.
    for mut socket in slow {
        let mut said = String::new();
        let _ = socket.read_to_string(&mut said).await;
        assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    }
    let again = large(&client, "203.0.113.9").await;

    refused(&refused_large, 503, "service_unavailable");
    assert_eq!(refused_large.header("retry-after"), "2");
    assert_eq!(small.status, 200);
    refused(&again, 400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bodies_that_do_not_come_keep_nobody_out() {
    let db = Database::migrated_sqlite().await;
    let app = behind_a_proxy(&db).await;
    let client = app.user(ADA).await;
    let _slow = slow_bodies(&app, 60, 1, "198.51.100.1").await;

    let here = large(&client, "198.51.100.1").await;
    let chunked = format!("{HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n");
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(chunked.as_bytes()).await.unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).await.unwrap();

    refused(&here, 400, "invalid_request");
    assert!(said.starts_with("HTTP/1.1 400"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_bodies_of_one_network_leave_room_for_others() {
    let db = Database::migrated_sqlite().await;
    let app = behind_a_proxy(&db).await;
    let client = app.user(ADA).await;
    let _slow = slow_bodies(&app, 40, 20_000, "198.51.100.1").await;

    let (here, elsewhere) = (
        large(&client, "198.51.100.1").await,
        large(&client, "203.0.113.9").await,
    );

    refused(&here, 503, "service_unavailable");
    refused(&elsewhere, 400, "invalid_request");
}

/// A body that stops after its first piece.
struct Stalled(Option<Bytes>);

impl hyper::body::Body for Stalled {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.0.take() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None => Poll::Pending,
        }
    }
}

/// Requests on one HTTP/2 connection that say nothing of their length, and send that many bytes of a body.
async fn slow_streams(app: &TestApp, count: usize, bytes: usize, from: &str) -> Vec<impl Sized> {
    let socket = TcpStream::connect(app.address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut slow = Vec::new();
    for _ in 0..count {
        let body = Stalled(Some(vec![b' '; bytes].into()));
        let request = hyper::Request::post(format!("http://{}{LOGIN}", app.address))
            .header("content-type", "application/json")
            .header("x-forwarded-for", from)
            .body(body)
            .unwrap();
        slow.push(tokio::spawn(sender.send_request(request)));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    slow
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bodies_over_http_2_have_the_same_shares() {
    let db = Database::migrated_sqlite().await;
    let app = behind_a_proxy(&db).await;
    let client = app.user(ADA).await;

    let _slow = slow_streams(&app, 60, 1, "198.51.100.1").await;
    let beside_small = large(&client, "198.51.100.1").await;
    let _slow = slow_streams(&app, 40, 20_000, "198.51.100.1").await;
    let here = large(&client, "198.51.100.1").await;
    let elsewhere = large(&client, "203.0.113.9").await;

    refused(&beside_small, 400, "invalid_request");
    refused(&here, 503, "service_unavailable");
    refused(&elsewhere, 400, "invalid_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_holds_a_body_back_gains_no_time_by_it() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::with(&db, |config| config.step_up_max_age = Duration::from_mins(1)).await;
    let client = app.user(ADA).await;
    let access = client.cookie("authara_access");
    let body = r#"{"password":"some other four words"}"#;
    let head = format!(
        "PUT /auth/api/v1/users/password HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: Bearer {access}\r\ncontent-length: {}\r\n\r\n{{",
        body.len()
    );
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(head.as_bytes()).await.unwrap();
    // The head has been read, and the first byte of the body.
    while app.app.metrics.connections.open.value() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;

    app.clock.advance(Duration::from_secs(61));
    socket.write_all(&body.as_bytes()[1..]).await.unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).await.unwrap();

    assert!(said.contains("recent_authentication_required"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_sent_drop_by_drop_is_cut_at_the_deadline() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::start(&db).await;
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    let head = "POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    let (mut from, mut to) = socket.into_split();
    let dropping = tokio::spawn(async move {
        while to.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });

    let begun = Instant::now();
    let mut said = String::new();
    let _ = from.read_to_string(&mut said).await;

    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    dropping.abort();
}

both!(
    r126_what_is_huge_deep_or_many_is_refused_in_no_time,
    async |db: &Database| {
        let app = TestApp::start(db).await;
        let client = app.user(ADA).await;
        let with = |value: &str| format!(r#"{{"email":"bob@example.com","password":{value}}}"#);
        let long = |letter: &str, count: usize| with(&format!("\"{}\"", letter.repeat(count)));
        let begun = Instant::now();

        for body in [
            with(&"9".repeat(900_000)),
            with(&format!("1e{}", "9".repeat(900_000))),
            with(&format!("-0.{}1", "0".repeat(900_000))),
            with("1e999999999"),
            with("18446744073709551616"),
            with(&"[".repeat(900_000)),
            with(&r#"{"a":"#.repeat(150_000)),
            long("x", 900_000),
            // Marks that are put in order before they are counted.
            long("\u{301}\u{327}", 200_000),
            long("\\u0301", 140_000),
            long("\u{fdfa}", 250_000),
            format!(
                "{{{}\"x\":1}}",
                (0..60_000).fold(String::new(), |all, number| all + &format!("\"f{number}\":1,"))
            ),
        ] {
            let call = client
                .call(Method::POST, SIGN_UP)
                .body("application/json", body.clone());
            refused(&call.send().await, 400, "invalid_request");
        }
        let csrf = client.cookie("authara_csrf");
        for fields in [
            "&a=".repeat(300_000),
            "&".repeat(900_000),
            "%".repeat(900_000),
            "=".repeat(900_000),
        ] {
            let call = client.call(Method::POST, "/auth/login").body(
                "application/x-www-form-urlencoded",
                format!("csrf_token={csrf}{fields}"),
            );
            let status = call.send().await.status;
            assert!((400..500).contains(&status), "{status}");
        }
        for (name, value) in [
            ("cookie", "a=b; ".repeat(5_000)),
            ("cookie", ";".repeat(25_000)),
            ("authorization", format!("Bearer {}", ".".repeat(25_000))),
            ("accept-language", "a,".repeat(12_000)),
            ("x-forwarded-for", "1.2.3.4,".repeat(3_000)),
            ("forwarded", "for=1;".repeat(4_000)),
        ] {
            let status = app
                .client()
                .call(Method::GET, USER)
                .line(name, value)
                .send()
                .await
                .status;
            assert!((400..500).contains(&status), "{name}: {status}");
        }
        let query = format!("/auth/login?{}", "a=b&".repeat(6_000));
        assert!(client.get(&query).await.status < 500);

        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
        assert_eq!(users(&app).await, 1);
        assert!(is_signed_in(&client).await);
    }
);

/// HTTP/2 by hand: an opened connection.
async fn http2(app: &TestApp) -> TcpStream {
    let mut socket = TcpStream::connect(app.address).await.unwrap();
    socket.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    socket.write_all(&frame(4, 0, 0, b"")).await.unwrap();
    socket
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The header block of `GET /auth/login`.
const GET_LOGIN: &[u8] = b"\x82\x86\x04\x0b/auth/login\x01\x01x";

/// Sends until the server closes the connection, and how often; `None` if it does not. What it
/// says is read only if `reads`.
async fn flood(app: &TestApp, reads: bool, mut next: impl FnMut(u32) -> Vec<u8>) -> Option<u32> {
    let (mut from, mut to) = http2(app).await.into_split();
    let reader = tokio::spawn(async move {
        if reads {
            let _ = from.read_to_end(&mut Vec::new()).await;
        } else {
            std::future::pending::<()>().await;
        }
    });
    let mut sent = 0;
    let flooding = async {
        while to.write_all(&next(sent)).await.is_ok() {
            sent += 1;
        }
    };
    let ended = tokio::time::timeout(SOON, flooding).await;
    reader.abort();
    ended.is_ok().then_some(sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn floods_of_http2_frames_end_the_connection_and_nothing_else() {
    let db = Database::migrated_sqlite().await;
    let app = TestApp::with(&db, |config| config.server.header_timeout = LIMIT).await;
    let client = app.user(ADA).await;

    // A header that never ends.
    let continued = flood(&app, true, |number| match number {
        0 => frame(1, 0, 1, GET_LOGIN),
        _ => frame(9, 0, 1, &[b"\0\x01a\x40".as_slice(), &[b'x'; 64]].concat()),
    })
    .await;
    // A header block that unpacks to far more than it is: a long field kept in the table, then named again and again.
    let unpacked = flood(&app, true, |number| {
        let field = [b"\x40\x01a\x7f\xa1\x1e".as_slice(), &[b'x'; 4000]].concat();
        let block = [GET_LOGIN, &field, &vec![0xbe; 10_000]].concat();
        frame(1, 5, number * 2 + 1, &block)
    });
    let (unpacked, signed_in) = tokio::join!(unpacked, is_signed_in(&client));
    assert!(signed_in, "others are served meanwhile; {unpacked:?} were sent");
    // Requests that are reset as soon as they are made.
    let reset = flood(&app, true, |number| {
        let stream = number * 2 + 1;
        [
            frame(1, 5, stream, GET_LOGIN),
            frame(3, 0, stream, &8_u32.to_be_bytes()),
        ]
        .concat()
    });
    // As long as each is taken up before it is reset, they are requests like any other.
    let (reset, signed_in) = tokio::join!(reset, is_signed_in(&client));
    assert!(signed_in, "others are served meanwhile; {reset:?} were reset");
    // Questions whose answers nobody reads.
    let pinged = flood(&app, false, |_| frame(6, 0, 0, b"12345678").repeat(100)).await;
    let settings = flood(&app, false, |_| frame(4, 0, 0, b"").repeat(100)).await;

    assert!(continued.is_some_and(|frames| frames < 10_000), "{continued:?}");
    assert!(pinged.is_some() && settings.is_some(), "{pinged:?}, {settings:?}");
    assert!(is_signed_in(&client).await);
}
