//! What the server is measured against.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use authara::crypto::password::{Hasher, PoolSize, Share};
use authara::crypto::phc::{Cost, Verified};
use authara::domain::Secret;
use authara::domain::password::Password;
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::load;

/// The argument that makes this program a bare server.
pub(crate) const BARE_SERVER: &str = "--bare-server";

/// Password hashing without a server round it: the same pool, as large as the server's by default.
pub(crate) struct Hashing {
    hasher: Hasher,
    stored: String,
}

impl Hashing {
    pub(crate) async fn start() -> Self {
        let threads = std::thread::available_parallelism().unwrap().get();
        let size = PoolSize {
            threads,
            queue: 16 * threads,
            patience: Duration::from_mins(1),
        };
        let hasher = Hasher::start(Cost::DEFAULT, size);
        let stored = hasher.hash(nobody(), password()).await.unwrap();
        Self { hasher, stored }
    }

    pub(crate) async fn rate(&self, callers: usize, count: usize) -> f64 {
        load::per_second(callers, count, async || {
            let verified = self
                .hasher
                .verify(nobody(), Some(password()), Some(self.stored.clone()))
                .await;
            assert_eq!(verified, Ok(Verified::Right));
        })
        .await
    }
}

/// Nobody in particular.
fn nobody() -> Share {
    Share::of(Ipv4Addr::UNSPECIFIED.into())
}

fn password() -> Password {
    Password::typed(&Secret::new(load::PASSWORD.to_owned())).unwrap()
}

/// Compiles the library that makes every flush of the disk take 2 ms. Where the real one costs next
/// to nothing, writing together gains nothing, and where it varies, no comparison holds.
pub(crate) fn slow_disk(folder: &Path) -> PathBuf {
    crate::live::library("tests/bench/slow_disk.c", folder)
}

/// The argument that makes this program write one small durable commit after the other.
pub(crate) const COMMITS: &str = "--commits";

/// Commits a second, one at a time, by a process of its own with a library loaded into it.
pub(crate) fn commit_rate(preload: Option<&Path>, folder: &Path) -> f64 {
    let output = Command::new(std::env::current_exe().unwrap())
        .arg(COMMITS)
        .arg(folder)
        .envs(preload.map(|library| ("LD_PRELOAD", library)))
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
}

/// What that process does: it prints its rate.
pub(crate) fn commit_one_by_one() {
    let folder = std::env::args().nth(2).unwrap();
    let path = format!("{folder}/commits-{}.db", std::process::id());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, v BLOB)",
        )
        .unwrap();
    let begun = Instant::now();
    let mut count: u32 = 0;
    while begun.elapsed() < Duration::from_secs(1) {
        let insert = connection.execute("INSERT INTO t (v) VALUES (?1)", [[7_u8; 250]]);
        assert_eq!(insert, Ok(1));
        count += 1;
    }
    println!("{}", f64::from(count) / begun.elapsed().as_secs_f64());
    drop(connection);
    std::fs::remove_file(path).unwrap();
}

/// This program as a process that answers every request with two bytes.
pub(crate) struct BareServer {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl BareServer {
    pub(crate) async fn start() -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], crate::live::free_port()));
        let process = Command::new(std::env::current_exe().unwrap())
            .args([BARE_SERVER, &address.to_string()])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        while tokio::net::TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Self { process, address }
    }
}

impl Drop for BareServer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The least a hyper server can be.
pub(crate) fn serve_bare() {
    let address = std::env::args().nth(2).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let service =
                service_fn(async |_| Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"ok")))));
            let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that hangs up is the end of its connection only.
            tokio::spawn(async { drop(serving.await) });
        }
    });
}
