//! Whose address is recorded when a caller lies about it: through real proxies, and without one.
//!
//! Everything is on this machine. So callers come from addresses of the loopback network, of which
//! only the one from which the proxies connect is trusted; and from the machine's outward
//! addresses, if it has any, with the settings left alone.

mod seats;
mod started;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use authara::config::{Config, Network};
use authara::domain::Anyone;
use authara::domain::email::Email;
use authara::flows::Result;
use authara::http::cx::Cx;
use authara::http::pipeline::Service;
use authara::http::reply::Reply;
use authara::http::route::anyone;
use authara::http::routes::routes;
use hyper::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;

use crate::kit::app::{PASSWORD, TestApp};
use crate::kit::database::{Database, both};
use crate::kit::world::settings;
use started::Proxy;

const CALLER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
const CALLER_V6: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const WHO: &str = "/auth/api/v1/who";

/// What a caller may claim, in whole header lines.
const LIES: [&[u8]; 34] = [
    b"",
    b"X-Forwarded-For: 1.2.3.4\r\n",
    b"x-FORWARDED-for: 1.2.3.4\r\n",
    b"X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n",
    b"X-Forwarded-For: 1.2.3.4\r\nX-Other: x\r\nx-forwarded-for: 5.6.7.8, 9.9.9.9\r\n",
    b"X-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n",
    b"X-Forwarded-For: 1.2.3.4, 127.0.0.9, 127.0.0.1, 127.0.0.1\r\n",
    b"X-Forwarded-For: 127.0.0.1\r\n",
    b"X-Forwarded-For: ::ffff:127.0.0.1\r\n",
    b"X-Forwarded-For: ::ffff:1.2.3.4\r\n",
    b"X-Forwarded-For: 1.2.3.4:80\r\n",
    b"X-Forwarded-For: 2001:db8::1\r\n",
    b"X-Forwarded-For: [2001:db8::1]:443\r\n",
    b"X-Forwarded-For: \"1.2.3.4\"\r\n",
    b"X-Forwarded-For: \"1.2.3.4, 5.6.7.8\r\n",
    b"X-Forwarded-For: unknown, _hidden, , ;;,=\r\n",
    b"X-Forwarded-For: 1.2.3.4,\r\n",
    b"X-Forwarded-For:\r\n",
    b"X-Forwarded-For: \xff\xfe, 1.2.3.4\r\n",
    b"X-Forwarded-For: 1.2.3.4\t\r\n",
    b"X-Forwarded-For: 0x7f.1, 127.1, 2130706433, 0.0.0.0\r\n",
    b"X_Forwarded_For: 1.2.3.4\r\nX-Forwarded_For: 1.2.3.4\r\nX_FORWARDED-FOR: 1.2.3.4\r\n",
    b"Forwarded: for=1.2.3.4\r\n",
    b"forwarded: FOR=\"1.2.3.4:80\";by=127.0.0.1;proto=https;host=evil.example\r\n",
    b"Forwarded: for=1.2.3.4\r\nForwarded: for=127.0.0.1\r\n",
    b"Forwarded: for=\"[::1]\", for=\"1.2.3.4\r\n",
    b"Forwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\n",
    b"Forwarded: for=127.0.0.9, for=127.0.0.1\r\nX-Forwarded-For: 1.2.3.4, 127.0.0.1\r\n",
    b"X-Real-IP: 1.2.3.4\r\nTrue-Client-IP: 1.2.3.4\r\nCF-Connecting-IP: 1.2.3.4\r\nCF-Connecting-IPv6: ::2\r\n",
    b"X-Client-IP: 1.2.3.4\r\nX-Cluster-Client-IP: 1.2.3.4\r\nClient-IP: 1.2.3.4\r\nFastly-Client-IP: 1.2.3.4\r\n",
    b"X-Forwarded: 1.2.3.4\r\nX-Original-Forwarded-For: 1.2.3.4\r\nX-Envoy-External-Address: 1.2.3.4\r\nVia: 1.2.3.4\r\n",
    b"X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Port: 1\r\nX-Forwarded-Server: x\r\n",
    b"Connection: X-Forwarded-For, Forwarded, X-Real-IP\r\nX-Forwarded-For: 1.2.3.4\r\n",
    b"PROXY: TCP4 1.2.3.4 127.0.0.1 1 2\r\nX-Forwarded-For: 1.2.3.4, 1.2.3.4, 1.2.3.4, 1.2.3.4, 1.2.3.4, 1.2.3.4\r\n",
];

async fn who(cx: Cx, _: Anyone) -> Result<Reply> {
    let address = cx.client().address.to_string();
    Ok(Reply::json(StatusCode::OK, &json!({ "address": address })))
}

/// A server that trusts the proxies of these tests and tells callers who they are.
async fn server(db: &Database, change: impl FnOnce(&mut Config)) -> TestApp {
    let trusting = |config: &mut Config| {
        config.trusted_proxies = vec![Network::parse(&PROXY.to_string()).unwrap()];
        change(config);
    };
    let service = |app| {
        let mut all = routes();
        all.push(anyone().get(WHO, who));
        Service::with_routes(app, all)
    };
    TestApp::serving(db, trusting, service).await
}

/// The machine's addresses of both kinds, as those outside know it. No packet is sent: the system
/// only says which address it would send from.
fn outward() -> Vec<IpAddr> {
    let far: [SocketAddr; 2] = [
        ([203, 0, 113, 1], 9).into(),
        ("2001:db8::1".parse::<Ipv6Addr>().unwrap(), 9).into(),
    ];
    let from = far.map(|far| {
        let any: IpAddr = if far.is_ipv4() {
            Ipv4Addr::UNSPECIFIED.into()
        } else {
            Ipv6Addr::UNSPECIFIED.into()
        };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(far).ok()?;
        Some(socket.local_addr().ok()?.ip())
    });
    let is_outward = |address: &IpAddr| !address.is_loopback() && !address.is_unspecified();
    from.into_iter().flatten().filter(is_outward).collect()
}

/// Where the proxies listen.
fn addresses() -> Vec<IpAddr> {
    [vec![PROXY, CALLER_V6], outward()].concat()
}

/// Sends bytes from an address of this machine and reads until the other side closes. Empty if nobody listens.
async fn ask(from: Option<IpAddr>, to: SocketAddr, request: &[u8]) -> String {
    let socket = match to {
        SocketAddr::V4(_) => TcpSocket::new_v4().unwrap(),
        SocketAddr::V6(_) => TcpSocket::new_v6().unwrap(),
    };
    if let Some(from) = from {
        socket.bind((from, 0).into()).unwrap();
    }
    let Ok(mut stream) = socket.connect(to).await else {
        return String::new();
    };
    let mut answer = Vec::new();
    // A reset is as good an end as any; what was said before it counts.
    let _ = stream.write_all(request).await;
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Tells every lie, in both versions of HTTP, and finds `expected` recorded each time.
async fn is_always(expected: IpAddr, from: IpAddr, to: SocketAddr) {
    for lie in LIES {
        for version in ["1.1", "1.0"] {
            let mut request = format!("GET {WHO} HTTP/{version}\r\nHost: example.com\r\n").into_bytes();
            request.extend_from_slice(lie);
            request.extend_from_slice(b"Connection: close\r\n\r\n");

            let answer = ask(Some(from), to, &request).await;

            let told = String::from_utf8_lossy(lie);
            assert!(
                answer.starts_with("HTTP/1.") && answer.contains(" 200 "),
                "{told}: {answer}"
            );
            assert!(
                answer.contains(&format!("{{\"address\":\"{expected}\"}}")),
                "{told}: {answer}"
            );
        }
    }
}

async fn tells_the_truth(proxy: Proxy) {
    let db = Database::migrated_sqlite().await;
    let app = server(&db, |_| {}).await;
    let Some(started) = proxy.before(app.address).await else {
        return;
    };

    is_always(CALLER, CALLER, started.near(CALLER)).await;
    is_always(CALLER_V6, CALLER_V6, started.near(CALLER_V6)).await;

    let usual = settings(&db.target).trusted_proxies;
    let as_it_comes = server(&db, |config| config.trusted_proxies = usual).await;
    let started_too = proxy.before(as_it_comes.address).await.unwrap();
    for caller in outward() {
        is_always(caller, caller, started_too.near(caller)).await;
    }

    // And so it stands in the session list, where people look for strangers.
    let csrf = app.visitor().await.cookie("authara_csrf");
    let body = json!({ "email": "ada@example.com", "password": PASSWORD }).to_string();
    let request = format!(
        "POST /auth/api/v1/signup/direct HTTP/1.1\r\nHost: example.com\r\nContent-Type: application/json\r\n\
         Cookie: authara_csrf={csrf}\r\nX-CSRF-Token: {csrf}\r\nContent-Length: {}\r\nConnection: close\r\n\
         X-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\n\r\n{body}",
        body.len()
    );
    let answer = ask(Some(CALLER), started.near(CALLER), request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(recorded(&app).await, [CALLER]);
}

/// Addresses of the sessions of the one user.
async fn recorded(app: &TestApp) -> Vec<IpAddr> {
    let mut conn = app.app.store.read().await.unwrap();
    let email = Email::parse("ada@example.com").unwrap();
    let user = conn.users().by_email(&email).await.unwrap().unwrap();
    let sessions = conn.sessions().of_user(user.id, app.app.now()).await.unwrap();
    sessions.iter().map(|session| session.client.address).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_nobody_lies_through_nginx() {
    tells_the_truth(Proxy::Nginx).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_nobody_lies_through_caddy() {
    tells_the_truth(Proxy::Caddy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_nobody_lies_through_haproxy() {
    tells_the_truth(Proxy::Haproxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_nobody_lies_through_traefik() {
    tells_the_truth(Proxy::Traefik).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_nobody_lies_through_two_proxies_that_are_both_trusted() {
    let db = Database::migrated_sqlite().await;
    let app = server(&db, |_| {}).await;

    for (inner, outer) in [(Proxy::Nginx, Proxy::Haproxy), (Proxy::Haproxy, Proxy::Nginx)] {
        let Some(inner) = inner.before(app.address).await else {
            return;
        };
        let Some(outer) = outer.before(inner.near(CALLER)).await else {
            return;
        };

        is_always(CALLER, CALLER, outer.near(CALLER)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r108_a_proxy_that_is_not_trusted_is_the_caller() {
    let db = Database::migrated_sqlite().await;
    let app = server(&db, |config| config.trusted_proxies = Vec::new()).await;
    let Some(nginx) = Proxy::Nginx.before(app.address).await else {
        return;
    };

    is_always(PROXY, CALLER, nginx.near(CALLER)).await;
}

both!(r108_an_untrusted_peer_is_never_believed, async |db: &Database| {
    let app = server(db, |_| {}).await;

    is_always(CALLER, CALLER, app.address).await;
});
