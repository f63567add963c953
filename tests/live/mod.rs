//! The real program as a process of its own, and a client that knows just enough HTTP to talk to it.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Limits of attempts, all out of reach: the clients here are few and ask more than people do.
const UNLIMITED: [&str; 6] = [
    "LOGIN_IP",
    "LOGIN_EMAIL",
    "PASSWORD_CHANGE",
    "SIGNUP_IP",
    "SIGNUP_EMAIL",
    "NEW_ACCOUNTS_IP",
];

/// A folder with the settings to serve a migrated database, and its file. Deleted when dropped.
pub(crate) struct Deployment {
    binary: &'static str,
    folder: PathBuf,
    database_url: String,
    /// A library to load into the server, which may put something in the system's place.
    pub(crate) preload: Option<PathBuf>,
    /// Settings beside or in place of the usual ones.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Where its log goes; to the terminal without.
    pub(crate) log: Option<File>,
    /// Where it will listen.
    pub(crate) address: SocketAddr,
}

impl Deployment {
    /// One with a database file, in its folder under `parent`.
    pub(crate) fn new(binary: &'static str, parent: &Path, name: &str) -> Self {
        let file = folder(parent, name).join("authara.db");
        Self::on(binary, parent, name, format!("sqlite://{}", file.display()))
    }

    /// One on that database, which is migrated.
    pub(crate) fn on(binary: &'static str, parent: &Path, name: &str, database_url: String) -> Self {
        let folder = folder(parent, name);
        std::fs::create_dir_all(&folder).unwrap();
        // Settled before it starts, for the settings name the public URL with it.
        let address = ([127, 0, 0, 1], free_port()).into();
        let deployment = Self {
            binary,
            folder,
            database_url,
            preload: None,
            settings: Vec::new(),
            log: None,
            address,
        };
        let migrated = deployment.command(&["migrate", "up"]).output().unwrap();
        assert!(migrated.status.success(), "{migrated:?}");
        deployment
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("authara.db")
    }

    /// Starts the server; it may not be ready yet.
    pub(crate) fn spawn(&self) -> Server {
        Server(self.command(&["serve"]).spawn().unwrap())
    }

    /// Starts the server and waits until it is ready, asking every millisecond. Says how long that took.
    pub(crate) async fn start(&self) -> (Server, Duration) {
        let begun = Instant::now();
        let mut server = self.spawn();
        self.until_ready(&mut server).await;
        (server, begun.elapsed())
    }

    /// Waits until a started server is ready.
    pub(crate) async fn until_ready(&self, server: &mut Server) {
        let begun = Instant::now();
        loop {
            assert_eq!(server.0.try_wait().unwrap(), None, "the server ended");
            if let Ok(mut client) = Client::connect(self.address).await
                && let Ok((200, _)) = client.send(&get("/auth/ready", "")).await
            {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_mins(5),
                "the server does not get ready"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// The program with these arguments, not started yet.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.binary);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_clear()
            .env("DATABASE_URL", &self.database_url)
            .env("PUBLIC_URL", format!("http://localhost:{}", self.address.port()))
            .env("AUTHARA_LISTEN", self.address.to_string())
            .env("AUTHARA_SECRET_KEY", "/3BBt1ryyTtQHBsL3+uoobHu+FwGBP+Z6mRS/NubaPw=")
            .env("LOG_LEVEL", if self.log.is_some() { "debug" } else { "error" })
            .envs(UNLIMITED.map(|name| (format!("AUTHARA_RATE_LIMIT_{name}_LIMIT"), "1000000")))
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .envs(self.preload.iter().map(|library| ("LD_PRELOAD", library)))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        if let Some(log) = &self.log {
            command.stderr(log.try_clone().unwrap());
        }
        command
    }
}

impl Drop for Deployment {
    fn drop(&mut self) {
        // Nothing to be done about a folder that stays.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A port that nobody listens on, and that the system gives to no connection meanwhile: those come from 32768 on.
/// `scripts/postgres` takes its own from 20000 on.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id()
            .wrapping_mul(131)
            .wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed));
        let port = 12_000 + u16::try_from(number % 8_000).unwrap();
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn folder(parent: &Path, name: &str) -> PathBuf {
    parent.join(format!("authara-{name}-{}", std::process::id()))
}

/// A running server; killed when dropped.
pub(crate) struct Server(pub(crate) Child);

impl Server {
    /// Ends it as `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One kept-alive connection.
pub(crate) struct Client {
    /// The socket.
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::over(TcpStream::connect(address).await?)
    }

    /// A client on that connection.
    pub(crate) fn over(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
        })
    }

    /// Sends a request as it stands and gives the status and body of the answer.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
        let (head, body) = self.exchange(request).await?;
        Ok((status(&head).ok_or(io::ErrorKind::InvalidData)?, body))
    }

    /// The same, with the whole head.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> io::Result<(String, Vec<u8>)> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        loop {
            if let Some(end) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..end + 4]).into_owned();
                let length = number(&head, "content-length").unwrap_or(0);
                if self.buffer.len() >= end + 4 + length {
                    return Ok((head, self.buffer[end + 4..].to_vec()));
                }
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

/// Compiles a library to load into the server.
pub(crate) fn library(source: &str, folder: &Path) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
    let library = folder.join(source.with_extension("so").file_name().unwrap());
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", "-o"])
        .args([&library, &source])
        .status();
    assert!(compiled.unwrap().success());
    library
}

/// The status in the head of an answer.
pub(crate) fn status(head: &str) -> Option<u16> {
    head.get(9..12)?.parse().ok()
}

/// A header of an answer that is a number.
pub(crate) fn number(head: &str, header: &str) -> Option<usize> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case(header))
        .and_then(|(_, value)| value.trim().parse().ok())
}

/// A GET request. `more` is whole header lines.
pub(crate) fn get(path: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{more}\r\n").into_bytes()
}

/// A POST request with a JSON body. `more` is whole header lines.
pub(crate) fn post(path: &str, more: &str, body: &serde_json::Value) -> Vec<u8> {
    with_body("POST", path, more, body)
}

/// Any request with a JSON body. `more` is whole header lines.
pub(crate) fn with_body(method: &str, path: &str, more: &str, body: &serde_json::Value) -> Vec<u8> {
    let body = body.to_string();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{more}\r\n{body}"
    )
    .into_bytes()
}

/// The header lines that prove a request was meant (CSRF): the value is handed out to everybody.
pub(crate) async fn csrf(client: &mut Client) -> io::Result<String> {
    let (_, body) = client.send(&get("/auth/api/v1/csrf", "")).await?;
    let value = text_in(&body, "csrf_token");
    Ok(format!("cookie: authara_csrf={value}\r\nx-csrf-token: {value}\r\n"))
}

/// The answer to a request that a busy machine may put off.
pub(crate) async fn when_not_busy(client: &mut Client, request: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let begun = Instant::now();
    loop {
        let (status, body) = client.send(request).await?;
        if status != 503 || begun.elapsed() > Duration::from_mins(5) {
            return Ok((status, body));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The request that opens an account.
pub(crate) fn sign_up(csrf: &str, email: &str, password: &str) -> Vec<u8> {
    let body = serde_json::json!({ "email": email, "password": password });
    post("/auth/api/v1/signup/direct", csrf, &body)
}

/// The request that exchanges a refresh token.
pub(crate) fn refresh(token: &str) -> Vec<u8> {
    let body = serde_json::json!({ "refresh_token": token });
    post("/auth/api/v1/tokens/refresh", "", &body)
}

/// A text member of a JSON answer.
pub(crate) fn text_in(body: &[u8], name: &str) -> String {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    body[name].as_str().unwrap().to_owned()
}
