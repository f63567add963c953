//! What the program writes to standard error when that is no terminal: one object per line,
//! whatever a client sends.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::kit::app::TestApp;
use crate::kit::client::raw;
use crate::kit::database::{Database, Folder, both};
use crate::live::{Client, Deployment, Server, get};

/// The program as a process of its own, with its log in a file.
struct Logged {
    deployment: Deployment,
    server: Server,
    folder: Folder,
}

impl Logged {
    async fn start(name: &str, level: &str) -> Self {
        let folder = Folder::new();
        let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, name);
        deployment.log = Some(File::create(folder.0.join("log")).unwrap());
        deployment.settings.push(("LOG_LEVEL", level.to_owned()));
        let (server, _) = deployment.start().await;
        Self {
            deployment,
            server,
            folder,
        }
    }

    async fn get(&self, path: &str, headers: &str) -> String {
        let mut client = Client::connect(self.deployment.address).await.unwrap();
        client.exchange(&get(path, headers)).await.unwrap().0
    }

    /// Stops it as an operator does, and reads what it has written.
    fn stop(mut self) -> Vec<Value> {
        let id = self.server.0.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        assert!(self.server.0.wait().unwrap().success());
        let log = std::fs::read(self.folder.0.join("log")).unwrap();
        let log = String::from_utf8(log).unwrap();
        assert!(log.is_empty() || log.ends_with('\n'));
        log.split_terminator('\n')
            .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no object: {line:?}")))
            .collect()
    }
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["message"].as_str().unwrap()).collect()
}

fn by_id<'l>(lines: &'l [Value], id: &str) -> Vec<&'l Value> {
    lines.iter().filter(|line| line["request.id"] == id).collect()
}

#[tokio::test]
async fn r128_what_a_client_sends_forges_no_line_and_reaches_no_terminal() {
    let logged = Logged::start("forge", "debug").await;
    let address = logged.deployment.address;
    let long = vec![b'f'; 20_000];
    let hostile: [&[u8]; 8] = [
        b"\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}",
        b"\x1b[2J\x1b]0;forged\x07",
        "\u{2028}forged\u{85}forged\u{202e}".as_bytes(),
        b"\xff\xfe\xc0forged",
        b"\"},{\"level\":\"forged",
        b"forged\0forged",
        b"\tforged\t!",
        &long,
    ];

    for text in hostile {
        for (before, after) in [
            (
                &b"GET /auth/login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nuser-agent: "[..],
                &b"\r\n\r\n"[..],
            ),
            (
                b"GET /auth/login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-request-id: ",
                b"\r\n\r\n",
            ),
            (b"GET /auth/login HTTP/1.1\r\nconnection: close\r\nhost: ", b"\r\n\r\n"),
            (
                b"GET /auth/login HTTP/1.1\r\nconnection: close\r\nhost: a\r\nx-forwarded-for: ",
                b"\r\n\r\n",
            ),
            (
                b"GET /auth/login HTTP/1.1\r\nconnection: close\r\nhost: a\r\ncookie: authara_access=",
                b"\r\n\r\n",
            ),
            (
                b"GET /auth/forged",
                b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            ),
            (
                b"FORGED",
                b" /auth/login HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n",
            ),
        ] {
            raw(address, &[before, text, after].concat()).await;
        }
    }
    let lines = logged.stop();

    let text: String = lines.iter().map(Value::to_string).collect();
    assert!(
        !text.to_lowercase().contains("forged") && !text.contains("ffff"),
        "{text}"
    );
    assert!(lines.iter().all(|line| line["level"] != "ERROR"), "{text}");
    assert!(messages(&lines).contains(&"other /auth/login 405"), "{text}");
    assert!(messages(&lines).contains(&"refused what is no request"), "{text}");
    assert_eq!(messages(&lines).last(), Some(&"stopped"));
}

/// The name of a request, as its answer tells it.
fn id_in(head: &str) -> String {
    let line = head.lines().find_map(|line| line.strip_prefix("x-request-id: "));
    line.expect("a name").to_owned()
}

#[tokio::test]
async fn every_answered_request_leaves_a_line_under_its_name() {
    let logged = Logged::start("lines", "info").await;
    let asked: BTreeMap<&str, (&str, u64)> = [
        ("/auth/login", ("/auth/login", 200)),
        ("/auth/account", ("/auth/account", 303)),
        ("/auth/static/nothing.css", ("/auth/static/{file}", 404)),
        ("/auth/nothing?token=hidden", ("(no route)", 404)),
        ("/elsewhere/hidden", ("(no route)", 404)),
        ("/auth/api/v1/user", ("/auth/api/v1/user", 401)),
        ("/auth/sessions/refresh", ("/auth/sessions/refresh", 405)),
        ("/auth/ready", ("/auth/ready", 200)),
    ]
    .into();

    let mut ids = Vec::new();
    for (at, path) in asked.keys().enumerate() {
        let head = logged.get(path, &format!("x-request-id: theirs.{at}\r\n")).await;
        ids.push(id_in(&head));
    }
    let health = logged.get("/auth/health", "").await;
    let lines = logged.stop();

    assert!(
        by_id(&lines, &id_in(&health)).is_empty(),
        "health is logged at debug only"
    );
    for (at, ((path, (route, status)), id)) in asked.iter().zip(&ids).enumerate() {
        let [line] = by_id(&lines, id)[..] else {
            panic!("{path}: not one line")
        };
        assert_eq!(line["request.given_id"], format!("theirs.{at}"), "{line}");
        assert_eq!(line["http.method"], "GET", "{line}");
        assert_eq!(line["http.route"], *route, "{line}");
        assert_eq!(line["http.status"], *status, "{line}");
        assert_eq!(line["client.address"], "127.0.0.1", "{line}");
        assert_eq!(line["message"], format!("GET {route} {status}"), "{line}");
        assert!(
            line["duration_ms"].is_number() && line["timestamp"].is_string(),
            "{line}"
        );
        assert!(!line.to_string().contains("hidden"), "{line}");
    }
}

#[tokio::test]
async fn a_level_leaves_out_what_is_below_it() {
    let (info, warn) = ("info", "warn");
    let mut counts = Vec::new();
    for level in [warn, info, "debug"] {
        let logged = Logged::start(level, level).await;
        let one = id_in(&logged.get("/auth/login", "").await);
        let two = id_in(&logged.get("/auth/health", "").await);
        let lines = logged.stop();
        counts.push((by_id(&lines, &one).len(), by_id(&lines, &two).len()));
        assert_eq!(messages(&lines).contains(&"ready"), level != warn);
    }

    assert_eq!(counts, [(0, 0), (1, 0), (1, 1)]);
}

both!(every_answer_names_its_request, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.client();

    for (method, path) in [
        (Method::GET, "/auth/health"),
        (Method::HEAD, "/auth/health"),
        (Method::GET, "/auth/ready"),
        (Method::GET, "/auth/login"),
        (Method::DELETE, "/auth/login"),
        (Method::GET, "/auth/nothing"),
        (Method::GET, "/elsewhere"),
        (Method::GET, "/auth/static/nothing"),
        (Method::GET, "/auth/account"),
        (Method::GET, "/auth/api/v1/user"),
        (Method::POST, "/auth/api/v1/login"),
        (Method::POST, "/auth/login"),
    ] {
        for odd in ["a.B-c_1:2", "", "a b", "<script>", "a\"b", &"x".repeat(101), "\u{e9}"] {
            let replaced = client.call(method.clone(), path).line("x-request-id", odd).send().await;
            let id = replaced.header("x-request-id");
            assert!(uuid::Uuid::parse_str(id).is_ok(), "{method} {path} {odd:?}: {id:?}");
        }
        let twice = client
            .call(method.clone(), path)
            .line("x-request-id", "a")
            .line("x-request-id", "b");
        let id = twice.send().await.header("x-request-id").to_owned();
        assert!(uuid::Uuid::parse_str(&id).is_ok(), "{method} {path}: {id:?}");
    }
});

both!(a_refused_body_is_answered_under_its_name_too, async |db: &Database| {
    let app = TestApp::start(db).await;
    let client = app.visitor().await;

    let body = json!({ "email": "a@example.com", "password": "x".repeat(2 << 20) });
    let call = client.call(Method::POST, "/auth/api/v1/login").json(&body);
    let answer = call.header("x-request-id", "large").send().await;

    assert_eq!((answer.status, answer.header("x-request-id").len()), (400, 36));
});

#[tokio::test]
async fn what_a_proxy_says_that_nobody_told_us_of_leaves_one_line() {
    let folder = Folder::new();
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "hearsay");
    deployment.log = Some(File::create(folder.0.join("log")).unwrap());
    deployment.settings.push(("AUTHARA_TRUSTED_PROXIES", "none".to_owned()));
    let (server, _) = deployment.start().await;
    let logged = Logged {
        deployment,
        server,
        folder,
    };

    for _ in 0..3 {
        logged.get("/auth/login", "x-forwarded-for: 203.0.113.7\r\n").await;
    }
    logged.get("/auth/login", "").await;

    let lines = logged.stop();
    let warned: Vec<_> = lines.iter().filter(|line| line["level"] == "WARN").collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert_eq!(warned[0]["peer"], "127.0.0.1/32");
    assert!(
        warned[0]["message"]
            .as_str()
            .unwrap()
            .contains("AUTHARA_TRUSTED_PROXIES")
    );
}

#[test]
fn a_server_that_cannot_start_says_so_in_the_form_of_the_log() {
    let folder = Folder::new();
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "no-start");
    deployment.settings.push(("AUTHARA_ORG_MODE", "bogus".to_owned()));

    let ended = deployment.command(&["serve"]).output().unwrap();

    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8(ended.stderr).unwrap();
    let line: Value = serde_json::from_str(said.trim_end()).unwrap_or_else(|_| panic!("no object: {said}"));
    assert_eq!(line["level"], "ERROR");
    assert!(
        line["message"].as_str().unwrap().contains("AUTHARA_ORG_MODE: must be"),
        "{said}"
    );
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_up_neither_requests_nor_the_end() {
    let folder = Folder::new();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "unread");
    deployment.log = Some(OwnedFd::from(writer).into());
    let mut server = {
        let (server, _) = deployment.start().await;
        // The only end to write to is the server's.
        deployment.log = None;
        server
    };

    // Some 300 bytes each, a pipe of 64 KiB and a queue of 1 MiB.
    let mut client = Client::connect(deployment.address).await.unwrap();
    for _ in 0..8_000 {
        let (status, _) = client.send(&get("/auth/login", "")).await.unwrap();
        assert_eq!(status, 200);
    }
    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = String::new();
        reader.read_to_string(&mut lines).unwrap();
        lines
    });
    // It tells once there is room again, and goes on.
    tokio::time::sleep(Duration::from_millis(300)).await;
    client.send(&get("/auth/signup", "")).await.unwrap();
    terminate(&mut server).await;

    let log = reading.await.unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told = lines.iter().find_map(|line| line["lost"].as_u64());
    let sign_ins = messages(&lines)
        .iter()
        .filter(|said| **said == "GET /auth/login 200")
        .count();
    assert_eq!(Some(8_000 - sign_ins as u64), told, "once, when there is room for it");
    assert!(messages(&lines).contains(&"GET /auth/signup 200"));
    assert_eq!(messages(&lines).last(), Some(&"stopped"));
}

#[tokio::test]
async fn a_log_that_does_not_wait_for_its_reader_loses_nothing() {
    let folder = Folder::new();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // As another program may leave the pipe that it shares.
    let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
    rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "non-blocking");
    deployment.log = Some(OwnedFd::from(writer).into());
    let (mut server, _) = deployment.start().await;
    deployment.log = None;

    // More than the pipe holds, and less than the queue.
    let mut client = Client::connect(deployment.address).await.unwrap();
    for _ in 0..1_000 {
        client.send(&get("/auth/login", "")).await.unwrap();
    }
    let reading = tokio::task::spawn_blocking(move || {
        let mut lines = String::new();
        reader.read_to_string(&mut lines).unwrap();
        lines
    });
    terminate(&mut server).await;

    let log = reading.await.unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let is_sign_in = |said: &&&str| **said == "GET /auth/login 200";
    assert_eq!(messages(&lines).iter().filter(is_sign_in).count(), 1_000);
    assert_eq!(messages(&lines).last(), Some(&"stopped"));
}

#[tokio::test]
async fn a_log_that_is_never_read_ends_with_the_server() {
    let folder = Folder::new();
    let (_reader, writer) = std::io::pipe().unwrap();
    let mut deployment = Deployment::new(env!("CARGO_BIN_EXE_authara"), &folder.0, "never-read");
    deployment.log = Some(OwnedFd::from(writer).into());
    let (mut server, _) = deployment.start().await;
    let mut client = Client::connect(deployment.address).await.unwrap();
    for _ in 0..1_000 {
        client.send(&get("/auth/login", "")).await.unwrap();
    }

    terminate(&mut server).await;
}

/// Stops it as an operator does; it takes its time, but not for ever.
fn signal(server: &Server, name: &str) {
    let id = server.0.id().to_string();
    assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
}

async fn terminate(server: &mut Server) {
    signal(server, "-TERM");
    let ended = async {
        loop {
            if let Some(status) = server.0.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let status = tokio::time::timeout(Duration::from_secs(20), ended).await;
    assert!(status.expect("it does not end").success());
}
