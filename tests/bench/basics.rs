//! What anybody would ask first: size, start, memory, and how fast it answers.

use std::time::Duration;

use tokio::time::sleep;

use crate::live::{Deployment, Server, get};
use crate::table::Line;
use crate::{BINARY, CLIENTS, ROUNDS, load, yardstick};

#[expect(clippy::cast_precision_loss, reason = "file sizes are far below 2^53")]
pub(crate) fn size() -> Line {
    let bytes = std::fs::metadata(BINARY).unwrap().len();
    Line::at_most("binary, stripped", bytes as f64 / 1e6, 12.0, "MB")
}

pub(crate) async fn start(deployment: &Deployment) -> Line {
    let mut times = Vec::new();
    for _ in 0..2 * ROUNDS {
        let (server, time) = deployment.start().await;
        server.kill();
        times.push(time.as_secs_f64() * 1e3);
    }
    Line::at_most("start until ready", load::median(times), 50.0, "ms")
}

pub(crate) async fn memory(deployment: &Deployment) -> [Line; 2] {
    let (server, _) = deployment.start().await;
    sleep(Duration::from_secs(1)).await;
    let idle = megabytes(&server, "VmRSS:");

    load::sign_ins(deployment, 16, 48).await;
    sleep(Duration::from_secs(3)).await;
    let later = megabytes(&server, "VmRSS:");

    [
        Line::at_most("memory, idle", idle, 15.0, "MB"),
        Line::at_most("memory kept 3 s after 48 sign-ins", later - idle, 15.0, "MB"),
    ]
}

/// Processor time that a process has taken, in seconds.
pub(crate) fn processor_seconds(server: &Server) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", server.0.id())).unwrap();
    // The name, which may have spaces, is in brackets; then come eleven others.
    let (_, figures) = stat.rsplit_once(')').unwrap();
    let ticks = figures.split_whitespace().skip(11).take(2);
    // A hundred a second on every Linux.
    ticks.map(|ticks| ticks.parse::<f64>().unwrap() / 100.0).sum()
}

/// The most memory that a process has held is counted anew.
pub(crate) fn forget_peak(server: &Server) {
    std::fs::write(format!("/proc/{}/clear_refs", server.0.id()), "5").unwrap();
}

/// A figure of the memory that a process holds.
pub(crate) fn megabytes(server: &Server, figure: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(figure)).unwrap();
    let kilobytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024.0 / 1e6
}

pub(crate) async fn sign_in(deployment: &Deployment) -> Line {
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

/// What the server answers without a password, against a server that does nothing else than answer.
pub(crate) async fn answers(deployment: &Deployment) -> [Line; 3] {
    let (_server, _) = deployment.start().await;
    let bare = yardstick::BareServer::start().await;
    let access = load::sign_up(deployment.address, "grace@example.com").await.access;
    let user = get("/auth/api/v1/user", &format!("authorization: Bearer {access}\r\n"));
    let (mut health, mut login, mut checked, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..5 * ROUNDS {
        let time = Duration::from_millis(300);
        health.push(load::rate(deployment.address, get("/auth/health", ""), CLIENTS, time).await);
        theirs.push(load::rate(bare.address, get("/", ""), CLIENTS, time).await);
        login.push(load::rate(deployment.address, get("/auth/login", ""), CLIENTS, time).await);
        checked.push(load::rate(deployment.address, user.clone(), CLIENTS, time).await);
    }
    [
        Line::ratio("health : a bare hyper server", &health, &theirs, 0.77),
        Line::ratio("login page : the bare server", &login, &theirs, 0.55),
        Line::ratio("user, its session looked up : the same", &checked, &theirs, 0.35),
    ]
}
