//! Measures what this server promises, each figure beside its limit: `scripts/bench`.
//!
//! Rates are compared within one run, against a yardstick measured in turn with it, because
//! machines differ and the same machine differs from hour to hour.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on says so by failing")]
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "../live/mod.rs"]
mod live;
mod load;
mod yardstick;

use std::path::{Path, PathBuf};
use std::time::Duration;

use live::{Deployment, Server, get};
use tokio::time::sleep;

const BINARY: &str = env!("CARGO_BIN_EXE_authara");
const ROUNDS: usize = 5;
const CLIENTS: usize = 32;

/// One line of the table.
struct Line {
    what: &'static str,
    measured: String,
    limit: String,
    is_met: bool,
}

impl Line {
    fn at_most(what: &'static str, measured: f64, limit: f64, unit: &str) -> Self {
        Self {
            what,
            measured: format!("{measured:.1} {unit}"),
            limit: format!("at most {limit} {unit}"),
            is_met: measured <= limit,
        }
    }

    /// `ours` and `theirs` are rates measured in turn. Each is compared with its neighbour, for what
    /// else the machine does changes from second to second.
    fn ratio(what: &'static str, ours: &[f64], theirs: &[f64], limit: f64) -> Self {
        let ratio = load::median(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect());
        let (ours, theirs) = (load::median(ours.to_vec()), load::median(theirs.to_vec()));
        Self {
            what,
            measured: format!("{ratio:.2} ({ours:.*}/s : {theirs:.*}/s)", digits(ours), digits(theirs)),
            limit: format!("at least {limit}"),
            is_met: ratio >= limit,
        }
    }
}

/// Digits after the point that a rate deserves.
fn digits(rate: f64) -> usize {
    usize::from(rate < 100.0)
}

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some(yardstick::BARE_SERVER) => return yardstick::serve_bare(),
        Some(yardstick::COMMITS) => return yardstick::commit_one_by_one(),
        _ => {}
    }
    // One thread for the load: on a small machine the server needs the others.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    authara::allocator::return_large_blocks();
    // Beside the build, because the system's folder for such may be memory, where a commit costs nothing.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(folder).unwrap();
    let deployment = Deployment::new(BINARY, folder, "bench");

    let named: Vec<_> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with("--"))
        .collect();
    let is_wanted = |name: &str| named.is_empty() || named.iter().any(|named| named == name);

    let mut lines = Vec::new();
    if is_wanted("size") {
        lines.push(size());
    }
    if is_wanted("start") {
        lines.push(start(&deployment).await);
    }
    if is_wanted("memory") {
        lines.extend(memory(&deployment).await);
    }
    if is_wanted("sign-in") {
        lines.push(sign_in(&deployment).await);
    }
    if is_wanted("refresh") {
        lines.extend(refresh(folder).await);
    }
    if is_wanted("pages") {
        lines.extend(pages(&deployment).await);
    }

    println!("{:<44} {:<34} {:<18}", "what", "measured", "limit");
    for line in &lines {
        let verdict = if line.is_met { "" } else { "MISSED" };
        println!("{:<44} {:<34} {:<18} {verdict}", line.what, line.measured, line.limit);
    }
    if lines.iter().any(|line| !line.is_met) {
        std::process::exit(1);
    }
}

#[expect(clippy::cast_precision_loss, reason = "file sizes are far below 2^53")]
fn size() -> Line {
    let bytes = std::fs::metadata(BINARY).unwrap().len();
    Line::at_most("binary, stripped", bytes as f64 / 1e6, 12.0, "MB")
}

async fn start(deployment: &Deployment) -> Line {
    let mut times = Vec::new();
    for _ in 0..2 * ROUNDS {
        let (server, time) = deployment.start().await;
        server.kill();
        times.push(time.as_secs_f64() * 1e3);
    }
    Line::at_most("start until ready", load::median(times), 50.0, "ms")
}

async fn memory(deployment: &Deployment) -> [Line; 2] {
    let (server, _) = deployment.start().await;
    sleep(Duration::from_secs(1)).await;
    let idle = megabytes(&server);

    load::sign_ins(deployment, 16, 48).await;
    sleep(Duration::from_secs(3)).await;
    let later = megabytes(&server);

    [
        Line::at_most("memory, idle", idle, 15.0, "MB"),
        Line::at_most("memory kept 3 s after 48 sign-ins", later - idle, 15.0, "MB"),
    ]
}

/// Memory that a process holds.
fn megabytes(server: &Server) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024.0 / 1e6
}

async fn sign_in(deployment: &Deployment) -> Line {
    const CALLERS: usize = 8;
    const HASHES: usize = 48;

    let (_server, _) = deployment.start().await;
    let hashing = yardstick::Hashing::start().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(load::sign_ins(deployment, CALLERS, HASHES).await);
        theirs.push(hashing.rate(CALLERS, HASHES).await);
    }
    Line::ratio("sign-in with password : scrypt alone", &ours, &theirs, 0.95)
}

async fn refresh(folder: &Path) -> [Line; 2] {
    let as_it_is = refresh_on(None, folder).await;
    let slow = refresh_on(Some(yardstick::slow_disk(folder)), folder).await;
    [
        Line::ratio("refresh, 32 clients : single commits", &as_it_is.0, &as_it_is.1, 5.0),
        Line::ratio("the same, where a flush takes 2 ms", &slow.0, &slow.1, 5.0),
    ]
}

async fn refresh_on(disk: Option<PathBuf>, folder: &Path) -> (Vec<f64>, Vec<f64>) {
    let mut deployment = Deployment::new(BINARY, folder, "bench-refresh");
    deployment.preload = disk.clone();
    let (_server, _) = deployment.start().await;
    let mut sessions = load::Sessions::open(&deployment, CLIENTS).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(sessions.refresh_rate(Duration::from_secs(2)).await);
        theirs.push(yardstick::commit_rate(disk.as_deref(), folder));
    }
    (ours, theirs)
}

async fn pages(deployment: &Deployment) -> [Line; 2] {
    let (_server, _) = deployment.start().await;
    let bare = yardstick::BareServer::start().await;
    let (mut health, mut login, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 * ROUNDS {
        let time = Duration::from_millis(300);
        health.push(load::rate(deployment.address, get("/auth/health", ""), CLIENTS, time).await);
        theirs.push(load::rate(bare.address, get("/", ""), CLIENTS, time).await);
        login.push(load::rate(deployment.address, get("/auth/login", ""), CLIENTS, time).await);
    }
    [
        Line::ratio("health : a bare hyper server", &health, &theirs, 0.9),
        Line::ratio("login page : a bare hyper server", &login, &theirs, 0.5),
    ]
}
