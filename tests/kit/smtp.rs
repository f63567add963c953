//! A mail server that does as a test says: STARTTLS or TLS from the first byte, names and passwords, refusals, and faults
//! that no good server has.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::certificate;

/// What it says to what; everything else is taken.
#[derive(Clone)]
pub(crate) struct Script {
    pub(crate) banner: &'static str,
    pub(crate) tls: Tls,
    /// What it offers after EHLO once it is safe to.
    pub(crate) offers: &'static [&'static str],
    /// `None` lets everybody in.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// To `RCPT TO` of an address that begins so.
    pub(crate) recipients: &'static [(&'static str, &'static str)],
    /// To a letter.
    pub(crate) taken: &'static str,
    /// It closes the connection in place of that answer.
    pub(crate) hangs_up_after_the_letter: bool,
    /// To `RSET`, which comes before another letter on the same connection.
    pub(crate) reset: &'static str,
    /// Bytes between answers, so slowly.
    pub(crate) drips: Option<std::time::Duration>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
    Implicit,
    Starttls,
    /// It offers none.
    None,
    /// It says no to STARTTLS.
    Refused,
    /// An attacker in between adds these lines to the answer, before TLS begins.
    Injected(&'static str),
}

impl Default for Script {
    fn default() -> Self {
        Self {
            banner: "220 mail.test ESMTP",
            tls: Tls::Starttls,
            offers: &["AUTH PLAIN LOGIN", "8BITMIME"],
            login: None,
            recipients: &[],
            taken: "250 2.0.0 Ok: queued as 4F9D195432C",
            hangs_up_after_the_letter: false,
            reset: "250 Ok",
            drips: None,
        }
    }
}

/// What it has heard.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard {
    pub(crate) connections: usize,
    pub(crate) letters: Vec<Letter>,
    /// Every command, without what a client enters with.
    pub(crate) commands: Vec<String>,
}

#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
    pub(crate) by_tls: bool,
    pub(crate) is_entered: bool,
}

/// It runs until it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// The certificate to trust, good for `localhost`.
    pub(crate) certificate: PathBuf,
    heard: Arc<Mutex<Heard>>,
    script: Arc<Mutex<Script>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Its certificate is made in `folder`.
    pub(crate) async fn start(folder: &Path, script: Script) -> Self {
        let (certificate, acceptor) = acceptor(folder, "localhost");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let script = Arc::new(Mutex::new(script));
        let (noted, told) = (heard.clone(), script.clone());
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                noted.lock().unwrap().connections += 1;
                let script = told.lock().unwrap().clone();
                let (acceptor, heard) = (acceptor.clone(), noted.clone());
                tokio::spawn(async move {
                    // A client that goes away, or refuses the certificate, is no trouble of this server.
                    let _ = serve(stream, script, acceptor, heard).await;
                });
            }
        });
        Self {
            address,
            certificate,
            heard,
            script,
            task,
        }
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().unwrap().clone()
    }

    /// What it does from the next connection on.
    pub(crate) fn tell(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A certificate for that name, and what speaks TLS with it.
pub(crate) fn acceptor(folder: &Path, name: &str) -> (PathBuf, TlsAcceptor) {
    certificate::own(
        folder,
        "smtp",
        ("test", name),
        &["-addext", "basicConstraints=critical,CA:FALSE"],
    );
    let (key, certificate) = (folder.join("smtp.key"), folder.join("smtp.crt"));
    let chain = CertificateDer::pem_file_iter(&certificate)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    (certificate, TlsAcceptor::from(Arc::new(config)))
}

async fn serve(
    mut stream: tokio::net::TcpStream,
    script: Script,
    acceptor: TlsAcceptor,
    heard: Arc<Mutex<Heard>>,
) -> std::io::Result<()> {
    if script.tls == Tls::Implicit {
        let stream = acceptor.accept(stream).await?;
        return Talk::new(stream, script, heard, true).run(true).await.map(drop);
    }
    let is_starting = Talk::new(&mut stream, script.clone(), heard.clone(), false)
        .run(true)
        .await?;
    if is_starting {
        let stream = acceptor.accept(stream).await?;
        Talk::new(stream, script, heard, true).run(false).await?;
    }
    Ok(())
}

struct Talk<S> {
    stream: S,
    script: Script,
    heard: Arc<Mutex<Heard>>,
    by_tls: bool,
    is_entered: bool,
    from: String,
    to: Vec<String>,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Talk<S> {
    fn new(stream: S, script: Script, heard: Arc<Mutex<Heard>>, by_tls: bool) -> Self {
        Self {
            stream,
            script,
            heard,
            by_tls,
            is_entered: false,
            from: String::new(),
            to: Vec::new(),
            buffer: Vec::new(),
        }
    }

    /// `true` if TLS is to begin now.
    async fn run(&mut self, with_banner: bool) -> std::io::Result<bool> {
        if with_banner {
            self.say(self.script.banner).await?;
        }
        while let Some(line) = self.line().await? {
            let is_secret = line.to_ascii_uppercase().starts_with("AUTH ");
            let noted = if is_secret { "AUTH".to_owned() } else { line.clone() };
            self.heard.lock().unwrap().commands.push(noted);
            let (verb, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
            let rest = rest.to_owned();
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.greet().await?,
                "STARTTLS" => match self.script.tls {
                    Tls::Starttls => {
                        self.say("220 go ahead").await?;
                        return Ok(true);
                    }
                    Tls::Injected(lines) => {
                        self.say(&format!("220 go ahead\r\n{lines}")).await?;
                        return Ok(true);
                    }
                    _ => self.say("454 4.7.0 TLS not available").await?,
                },
                "AUTH" => self.enter(&rest).await?,
                "MAIL" if self.script.login.is_some() && !self.is_entered => {
                    self.say("530 5.7.0 Authentication required").await?;
                }
                "MAIL" => {
                    self.from = address(&rest);
                    self.to.clear();
                    self.say("250 2.1.0 Ok").await?;
                }
                "RCPT" => {
                    let to = address(&rest);
                    let answer = self.script.recipients.iter().find(|(start, _)| to.starts_with(start));
                    let answer = answer.map_or("250 2.1.5 Ok", |(_, answer)| *answer);
                    if answer.starts_with('2') {
                        self.to.push(to);
                    }
                    self.say(answer).await?;
                }
                "DATA" => {
                    self.say("354 go on").await?;
                    self.take().await?;
                    if self.script.hangs_up_after_the_letter {
                        return Ok(false);
                    }
                    self.say(self.script.taken).await?;
                }
                "RSET" => self.say(self.script.reset).await?,
                "QUIT" => {
                    self.say("221 bye").await?;
                    return Ok(false);
                }
                _ => self.say("502 5.5.2 what?").await?,
            }
        }
        Ok(false)
    }

    async fn greet(&mut self) -> std::io::Result<()> {
        let mut lines = vec!["mail.test".to_owned()];
        if self.by_tls || self.script.tls == Tls::None {
            lines.extend(self.script.offers.iter().map(|&offer| offer.to_owned()));
        } else {
            lines.push("STARTTLS".to_owned());
        }
        let last = lines.len() - 1;
        let lines: Vec<_> = lines
            .iter()
            .enumerate()
            .map(|(at, line)| format!("250{}{line}", if at == last { ' ' } else { '-' }))
            .collect();
        self.say(&lines.join("\r\n")).await
    }

    async fn enter(&mut self, rest: &str) -> std::io::Result<()> {
        use base64::prelude::{BASE64_STANDARD, Engine as _};

        let decoded = |text: &str| String::from_utf8(BASE64_STANDARD.decode(text.trim()).unwrap()).unwrap();
        let (name, password) = if let Some(both) = rest.strip_prefix("PLAIN ") {
            let both = decoded(both);
            let mut parts = both.split('\0').skip(1);
            (parts.next().unwrap().to_owned(), parts.next().unwrap().to_owned())
        } else {
            self.say(&format!("334 {}", BASE64_STANDARD.encode("Username:")))
                .await?;
            let name = self.line().await?.unwrap_or_default();
            self.say(&format!("334 {}", BASE64_STANDARD.encode("Password:")))
                .await?;
            (decoded(&name), decoded(&self.line().await?.unwrap_or_default()))
        };
        self.is_entered = self.script.login == Some((&name, &password));
        let answer = if self.is_entered {
            "235 2.7.0 in"
        } else {
            "535 5.7.8 bad credentials"
        };
        self.say(answer).await
    }

    async fn take(&mut self) -> std::io::Result<()> {
        let mut data = String::new();
        while let Some(line) = self.line().await? {
            if line == "." {
                break;
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
            data.push_str("\r\n");
        }
        let letter = Letter {
            from: self.from.clone(),
            to: self.to.clone(),
            data,
            by_tls: self.by_tls,
            is_entered: self.is_entered,
        };
        self.heard.lock().unwrap().letters.push(letter);
        Ok(())
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        let bytes = format!("{text}\r\n");
        match self.script.drips {
            None => self.stream.write_all(bytes.as_bytes()).await?,
            Some(pause) => {
                for byte in bytes.bytes() {
                    self.stream.write_all(&[byte]).await?;
                    self.stream.flush().await?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
        self.stream.flush().await
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).take(end).collect();
                return Ok(Some(String::from_utf8(line).unwrap()));
            }
            let mut piece = [0; 4096];
            let length = self.stream.read(&mut piece).await?;
            if length == 0 {
                return Ok(None);
            }
            self.buffer.extend(&piece[..length]);
        }
    }
}

/// The address in `TO:<…>`.
fn address(text: &str) -> String {
    let start = text.find('<').map_or(0, |at| at + 1);
    let end = text.find('>').unwrap_or(text.len());
    text[start..end].to_owned()
}
