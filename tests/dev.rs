//! `authara dev` as a process of its own: what it prints, what it keeps, and its sample application.

mod mail;
mod settings;
mod upstream;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::kit::database::Folder;
use crate::kit::log;
use crate::live::{Client, Server, get};

const BINARY: &str = env!("CARGO_BIN_EXE_authara");
const LAST_LINE: &str = "Ctrl-C stops it.";

/// A running `authara dev`.
struct Dev {
    server: Server,
    /// What it printed.
    words: String,
    address: SocketAddr,
}

impl Dev {
    fn start(folder: &Path) -> Self {
        let (port, dev) = Self::start_with(folder, &["--port", "0"]);
        assert_eq!(port, dev.address.port());
        dev
    }

    /// With these arguments, of which the second is the port; the port that its public address shows, 0 for none.
    fn start_with(folder: &Path, arguments: &[&str]) -> (u16, Self) {
        let mut child = Command::new(BINARY)
            .arg("dev")
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::piped())
            .stderr(log::file())
            .spawn()
            .unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let server = Server(child);
        let mut words = String::new();
        while !words.contains(LAST_LINE) {
            assert_ne!(printed.read_line(&mut words).unwrap(), 0, "it ended: {words}");
        }
        let shown = words.split_once("http://localhost:");
        let shown = shown.map_or(0, |(_, rest)| rest.split('/').next().unwrap().parse().unwrap());
        let port = match arguments[1] {
            "0" => shown,
            port => port.parse().unwrap(),
        };
        let address = ([127, 0, 0, 1], port).into();
        (shown, Self { server, words, address })
    }

    async fn browser(&self) -> Browser {
        Browser {
            client: Client::connect(self.address).await.unwrap(),
            origin: format!("http://localhost:{}", self.address.port()),
            cookies: Vec::new(),
            named: with_port,
        }
    }
}

/// As a cookie is called on a port that is not the usual one.
fn with_port(origin: &str, name: &str) -> String {
    let (_, port) = origin.rsplit_once(':').unwrap();
    format!("{port}-{name}")
}

/// A connection that keeps cookies and sends forms as browsers do.
struct Browser {
    client: Client,
    origin: String,
    cookies: Vec<(String, String)>,
    /// How a cookie is called at that origin.
    named: fn(&str, &str) -> String,
}

struct Page {
    status: u16,
    location: Option<String>,
    head: String,
    text: String,
}

impl Browser {
    async fn open(&mut self, path: &str) -> Page {
        let cookies = self.cookie_line();
        self.send(get(path, &cookies)).await
    }

    /// Sends a form with the CSRF value that its page brought.
    async fn submit(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.cookie("authara_csrf").unwrap_or_default().to_owned();
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .append_pair("csrf_token", &csrf)
            .finish();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\norigin: {}\r\nsec-fetch-site: same-origin\r\n\
             sec-fetch-mode: navigate\r\ncontent-type: application/x-www-form-urlencoded\r\n\
             content-length: {}\r\n{}\r\n{body}",
            self.origin,
            body.len(),
            self.cookie_line(),
        );
        self.send(request.into_bytes()).await
    }

    async fn send(&mut self, request: Vec<u8>) -> Page {
        let (head, body) = self.client.exchange(&request).await.unwrap();
        let header = |wanted: &str| -> Vec<String> {
            let lines = head.lines().filter_map(|line| line.split_once(": "));
            let found = lines.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| value.to_owned()).collect()
        };
        for line in header("set-cookie") {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            log::secret(value);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        Page {
            status: head[9..12].parse().unwrap(),
            location: header("location").pop(),
            text: String::from_utf8(body).unwrap(),
            head,
        }
    }

    fn cookie(&self, name: &str) -> Option<&str> {
        let name = self.named(name);
        let found = self.cookies.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn named(&self, name: &str) -> String {
        (self.named)(&self.origin, name)
    }

    fn cookie_line(&self) -> String {
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("cookie: {}\r\n", pairs.join("; "))
    }
}

#[tokio::test]
async fn the_private_page_asks_strangers_to_sign_in_and_shows_members_their_token() {
    let folder = Folder::new();
    let dev = Dev::start(&folder.0);
    let mut browser = dev.browser().await;

    let stranger = browser.open("/private").await;
    browser.open("/auth/signup?return_to=%2Fprivate").await;
    let fields = [("email", "ada@example.com"), ("password", "correct horse battery")];
    let signed_up = browser.submit("/auth/signup?return_to=%2Fprivate", &fields).await;
    let private = browser.open("/private").await;
    let home = browser.open("/").await;
    let signed_out = browser.submit("/auth/sessions/logout?return_to=%2F", &[]).await;
    let stranger_again = browser.open("/private").await;

    for refused in [stranger, stranger_again] {
        assert_eq!(refused.status, 302);
        assert_eq!(refused.location.as_deref(), Some("/auth/login?return_to=%2Fprivate"));
    }
    assert_eq!(signed_up.location.as_deref(), Some("/private"), "{}", signed_up.text);
    assert_eq!(private.status, 200);
    assert!(private.text.contains("<strong>ada@example.com</strong>"));
    assert!(private.text.contains("<code>sub</code>"));
    assert!(
        home.text
            .contains("You are signed in as <strong>ada@example.com</strong>")
    );
    assert_eq!(signed_out.location.as_deref(), Some("/"), "{}", signed_out.text);
}

#[tokio::test]
async fn two_servers_on_one_machine_do_not_sign_each_others_people_out() {
    let (one, two) = (Folder::new(), Folder::new());
    let (one, two) = (Dev::start(&one.0), Dev::start(&two.0));
    let mut browser = one.browser().await;
    let fields = [("email", "ada@example.com"), ("password", "correct horse battery")];
    browser.open("/auth/signup").await;
    browser.submit("/auth/signup", &fields).await;

    // The same browser: cookies do not know of ports.
    let mut other = two.browser().await;
    other.cookies = browser.cookies.clone();
    other.open("/auth/signup").await;
    other.submit("/auth/signup", &fields).await;
    browser.cookies = other.cookies.clone();

    for browser in [&mut browser, &mut other] {
        assert_eq!(browser.open("/private").await.status, 200);
    }
    let name = format!("Cookie       {}-authara_access", one.address.port());
    assert!(one.words.contains(&name), "{}", one.words);
}

#[tokio::test]
async fn the_sample_application_believes_only_tokens_that_the_public_key_vouches_for() {
    let folder = Folder::new();
    let dev = Dev::start(&folder.0);
    let mut browser = dev.browser().await;
    browser.open("/auth/signup").await;
    let fields = [("email", "ada@example.com"), ("password", "correct horse battery")];
    browser.submit("/auth/signup", &fields).await;
    let token = browser.cookie("authara_access").unwrap().to_owned();
    let without_signature = &token[..=token.rfind('.').unwrap()];

    let name = browser.named("authara_access");
    browser.cookies = vec![(name.clone(), without_signature.to_owned())];
    let unsigned = browser.open("/private").await;
    let twice = (name, token);
    browser.cookies = vec![twice.clone(), twice.clone()];
    let doubled = browser.open("/private").await;
    browser.cookies = vec![twice];
    let genuine = browser.open("/private").await;

    assert_eq!([unsigned.status, doubled.status, genuine.status], [302, 302, 200]);
}

#[tokio::test]
async fn every_page_of_the_sample_application_carries_the_security_headers() {
    let folder = Folder::new();
    let dev = Dev::start(&folder.0);
    let mut browser = dev.browser().await;

    for (path, status) in [("/", 200), ("/private", 302), ("/nothing", 404)] {
        let page = browser.open(path).await;

        assert_eq!(page.status, status, "{path}");
        for line in [
            "content-security-policy: default-src 'self'",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(page.head.contains(line), "{path}: {}", page.head);
        }
    }
}

#[tokio::test]
async fn the_admin_is_made_once_and_everything_is_kept_for_the_owner_alone() {
    let folder = Folder::new();
    let first = Dev::start(&folder.0);
    let password = after(&first.words, "Password").split_whitespace().next().unwrap();
    log::secret(password);
    let mut browser = first.browser().await;
    browser.open("/auth/login").await;
    let fields = [("email", "admin@example.com"), ("password", password)];

    let signed_in = browser.submit("/auth/login?return_to=%2Fprivate", &fields).await;
    let private = browser.open("/private").await;
    let kept = folder.0.join(".authara");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    let modes: Vec<_> = kept
        .read_dir()
        .unwrap()
        .map(|entry| mode(&entry.unwrap().path()))
        .collect();
    first.server.kill();
    let second = Dev::start(&folder.0);
    let shown = command(
        &folder.0,
        &["user", "show", "admin@example.com", "--env-file", ".authara/dev.env"],
    );
    let health = command(&folder.0, &["healthcheck", "--env-file", ".authara/dev.env"]);

    assert!(health.status.success(), "it asks the server that runs: {health:?}");
    assert_eq!(signed_in.location.as_deref(), Some("/private"), "{}", signed_in.text);
    assert!(private.text.contains("authara:admin"));
    assert_eq!(mode(&kept), 0o700);
    assert!(modes.len() >= 3 && modes.iter().all(|mode| *mode == 0o600), "{modes:?}");
    assert!(!second.words.contains("Password "), "{}", second.words);
    assert!(
        second
            .words
            .contains("user password admin@example.com --env-file .authara/dev.env"),
        "{}",
        second.words
    );
    assert!(shown.status.success(), "{shown:?}");
    assert!(
        String::from_utf8_lossy(&shown.stdout).contains("roles     admin"),
        "{shown:?}"
    );
}

fn command(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .output()
        .unwrap()
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).unwrap().1
}

#[tokio::test]
async fn one_folder_is_for_one_server() {
    let folder = Folder::new();
    let dev = Dev::start(&folder.0);
    let settings = folder.0.join(".authara/dev.env");
    let before = std::fs::read_to_string(&settings).unwrap();

    let refused = command(&folder.0, &["dev", "--port", "0"]);

    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("another `authara dev` uses"), "{said}");
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), before);
    drop(dev);
}
