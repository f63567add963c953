//! The real program under more than it can take: it says so, keeps serving others, and is well afterwards.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::kit::database::Folder;
use crate::live::{self, Client, Deployment, Server};

const PASSWORD: &str = "a password nobody guesses";

fn deployment(folder: &Folder, settings: &[(&'static str, &str)]) -> Deployment {
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "flood");
    deployment.settings = settings
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    deployment
}

/// A line of `/proc/…/status`, in KiB.
fn memory(server: &Server, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn descriptors(server: &Server) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", server.0.id()))
        .unwrap()
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r014_more_sign_ins_than_can_be_hashed_are_told_so_and_hold_nobody_up() {
    let folder = Folder::new();
    let deployment = deployment(
        &folder,
        &[
            ("AUTHARA_HASH_THREADS", "1"),
            ("AUTHARA_HASH_QUEUE", "4"),
            // It is not the limits that are tried here.
            ("AUTHARA_RATE_LIMIT_LOGIN_IP_LIMIT", "1000"),
            ("AUTHARA_RATE_LIMIT_LOGIN_EMAIL_LIMIT", "1000"),
        ],
    );
    let (server, _) = deployment.start().await;
    let address = deployment.address;
    let mut client = Client::connect(address).await.unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let made = live::sign_up(&csrf, "ada@example.com", PASSWORD);
    let (_, body) = live::when_not_busy(&mut client, &made).await.unwrap();
    let mut token = live::text_in(&body, "refresh_token");
    let before = memory(&server, "VmRSS");

    let mut sign_ins = JoinSet::new();
    for number in 0..100 {
        let csrf = csrf.clone();
        sign_ins.spawn(async move {
            // Attempts at one account wait for one another; these do not.
            let email = format!("nobody{number}@example.com");
            let body = serde_json::json!({ "email": email, "password": PASSWORD });
            let mut client = Client::connect(address).await.unwrap();
            let asked = Instant::now();
            let request = live::post("/auth/api/v1/login", &csrf, &body);
            let (head, _) = client.exchange(&request).await.unwrap();
            (head, asked.elapsed())
        });
    }
    // Others meanwhile, for as long as hashes are computed.
    let mut waits = Vec::new();
    for _ in 0..20 {
        let asked = Instant::now();
        assert_eq!(client.send(&live::get("/auth/health", "")).await.unwrap().0, 200);
        let (status, body) = client.send(&live::refresh(&token)).await.unwrap();
        assert_eq!(status, 200);
        token = live::text_in(&body, "refresh_token");
        waits.push(asked.elapsed());
    }
    let answers = sign_ins.join_all().await;

    let refused: Vec<_> = answers.iter().filter(|(head, _)| head.contains(" 503 ")).collect();
    let hashed = answers.iter().filter(|(head, _)| head.contains(" 401 ")).count();
    assert_eq!(refused.len() + hashed, 100);
    assert!(hashed >= 1 && refused.len() >= 50, "{hashed} hashed");
    for (head, _) in &refused {
        assert!(head.contains("retry-after: ") && !head.contains("set-cookie"), "{head}");
    }
    // At once, that is without standing in the queue.
    let (yes, no) = (median(&answers, " 401 "), median(&answers, " 503 "));
    assert!(no < yes / 2, "a no took {no:?}, a yes {yes:?}");
    // Behind the queue they would wait for five hashes. One may be unlucky on a busy machine.
    waits.sort();
    assert!(waits[waits.len() / 2] < Duration::from_millis(200), "{waits:?}");
    let grown = memory(&server, "VmHWM").saturating_sub(before);
    assert!(grown < (32 + 20) * 1024, "{grown} KiB for one hash at a time");
}

fn median(answers: &[(String, Duration)], status: &str) -> Duration {
    let with = answers.iter().filter(|(head, _)| head.contains(status));
    let mut waits: Vec<_> = with.map(|(_, waited)| *waited).collect();
    waits.sort();
    waits[waits.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn out_of_descriptors_the_server_waits_says_so_once_a_second_and_goes_on() {
    let folder = Folder::new();
    let deployment = deployment(&folder, &[("LOG_LEVEL", "warn")]);
    let inner = deployment.command(&["serve"]);
    let mut outer = Command::new("sh");
    outer
        .args(["-c", "ulimit -n 48; exec \"$0\" \"$@\""])
        .arg(inner.get_program())
        .args(inner.get_args())
        .env_clear()
        .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .current_dir(&folder.0)
        .stderr(Stdio::piped());
    let mut server = Server(outer.spawn().unwrap());
    let mut log = server.0.stderr.take().unwrap();
    deployment.until_ready(&mut server).await;

    let begun = Instant::now();
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(deployment.address).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(2300)).await;
    let used = descriptors(&server);
    drop(held);
    let mut client = Client::connect(deployment.address).await.unwrap();
    let csrf = live::csrf(&mut client).await.unwrap();
    let made = live::sign_up(&csrf, "ada@example.com", PASSWORD);
    assert_eq!(live::when_not_busy(&mut client, &made).await.unwrap().0, 201);
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    server.kill();
    let mut said = String::new();
    log.read_to_string(&mut said).unwrap();

    assert!(used >= 48, "there was one left");
    let complaints = said.matches("cannot accept connections").count();
    assert!((2..=seconds + 2).contains(&complaints), "in {seconds} s: {said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_come_and_go_leave_nothing_behind() {
    const EACH: usize = 2_000;

    let folder = Folder::new();
    let deployment = deployment(&folder, &[]);
    let (server, _) = deployment.start().await;
    let address = deployment.address;
    let storm = async || {
        let mut peers = JoinSet::new();
        for peer in 0..8 {
            peers.spawn(async move {
                for number in 0..EACH {
                    come_and_go(address, (peer + number) % 4).await;
                }
            });
        }
        peers.join_all().await;
    };
    let settled = async || {
        let mut client = Client::connect(address).await.unwrap();
        assert_eq!(client.send(&live::get("/auth/ready", "")).await.unwrap().0, 200);
        tokio::time::sleep(Duration::from_millis(300)).await;
        (memory(&server, "RssAnon"), descriptors(&server))
    };

    storm().await;
    let (memory_before, open_before) = settled().await;
    storm().await;
    let (memory_after, open_after) = settled().await;

    assert!(open_after <= open_before + 2, "{open_before}, then {open_after}");
    // A leak of 100 bytes a connection would be 1.6 MB.
    assert!(
        memory_after < memory_before + 1500,
        "{memory_before} KiB, then {memory_after} KiB"
    );
}

/// A connection of each kind, ended by a reset so that no port stays taken.
async fn come_and_go(address: SocketAddr, kind: usize) {
    let bytes: &[u8] = match kind {
        0 => b"",
        1 => b"GET /auth/health HTTP/1.1\r\nhost: x\r\n\r\n",
        2 => b"POST /auth/api/v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{",
        _ => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    };
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    if kind == 1 {
        socket.readable().await.unwrap();
    }
    socket.set_zero_linger().unwrap();
}
