//! Letters by SMTP (RFC 5321): one session at a time for each letter, kept for the next ones.
//!
//! The words of the protocol are `mail-send`'s; what an answer means, when to give up, and which connection to use
//! again is decided here.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail_send::smtp::AssertReply as _;
use mail_send::smtp::message::Parameters;
use mail_send::{Credentials, Error, SmtpClient};
use smtp_proto::{EXT_START_TLS, Response};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use crate::domain::Secret;
use crate::outside::mail::tls::{self, BadRoots, Stream};
use crate::outside::mail::{Message, NotSent, Outcome, mime, said};

/// How a connection is made safe. There is no fallback from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Implicit,
    /// It begins without, and asks for TLS before anything else is said.
    StartTls,
    /// None, for a server on this machine.
    None,
}

/// Name and password at the mail server.
#[derive(Debug, Clone)]
pub struct Login {
    /// The name.
    pub username: String,
    /// The password.
    pub password: Secret,
}

/// A mail server.
pub struct Smtp {
    host: String,
    port: u16,
    security: Security,
    login: Option<Login>,
    /// What this server calls itself: a domain.
    hello: String,
    timeout: Duration,
    connector: TlsConnector,
    idle: Mutex<Vec<Session>>,
    /// No letter is tried before: the password was wrong, and a service locks accounts that go on.
    locked_until: Mutex<Option<Instant>>,
}

/// A connection on which letters can be sent.
struct Session {
    client: SmtpClient<Stream>,
    letters: u32,
    last_used: Instant,
}

/// A session is used again within this.
const FRESH: Duration = Duration::from_secs(30);
/// Letters of a session.
const MOST_LETTERS: u32 = 50;
/// Sessions that are kept.
const MOST_IDLE: usize = 4;
/// How long nothing is sent after a wrong password.
const AFTER_WRONG_PASSWORD: Duration = Duration::from_mins(1);

impl Smtp {
    /// A server at `host` and `port`. `roots` is a file of the certificates to trust, in place of the public
    /// authorities. A letter is given up after `timeout`.
    pub fn new(
        (host, port): (String, u16),
        (security, roots): (Security, Option<&Path>),
        login: Option<Login>,
        hello: String,
        timeout: Duration,
    ) -> Result<Self, BadRoots> {
        Ok(Self {
            connector: tls::connector(roots)?,
            host,
            port,
            security,
            login,
            hello,
            timeout,
            idle: Mutex::default(),
            locked_until: Mutex::default(),
        })
    }

    pub(super) fn describe(&self) -> String {
        let security = match self.security {
            Security::Implicit => "with TLS",
            Security::StartTls => "with STARTTLS",
            Security::None => "without TLS",
        };
        format!("{}:{} {security}", self.host, self.port)
    }

    pub(super) async fn send(&self, message: &Message) -> Outcome {
        if lock(&self.locked_until).is_some_and(|until| Instant::now() < until) {
            return Err(NotSent::Setup(format!(
                "{} refused the password; the next try is a minute later",
                self.host
            )));
        }
        let letter = mime::bytes(message)?;
        let sent = timeout(self.timeout, self.deliver(message, &letter)).await;
        // A connection that was given up half-way is gone.
        sent.unwrap_or_else(|_| {
            Err(NotSent::later(format!(
                "{} took longer than {:?}",
                self.host, self.timeout
            )))
        })
    }

    async fn deliver(&self, message: &Message, letter: &[u8]) -> Outcome {
        let mut session = match self.idle_one().await {
            Some(session) => session,
            None => self.connect().await?,
        };
        match self.transfer(&mut session.client, message, letter).await {
            Ok(said) => {
                self.keep(session);
                Ok(said)
            }
            Err(Failed::Refused(why)) => {
                self.keep(session);
                Err(why)
            }
            Err(Failed::Broken(why)) => Err(why),
        }
    }

    /// A session that answers. Its server may have closed it, also with `221`, which some clients take for a good answer.
    async fn idle_one(&self) -> Option<Session> {
        loop {
            let mut session = lock(&self.idle).pop()?;
            session.client.stream.begin();
            if session.last_used.elapsed() < FRESH
                && matches!(session.client.cmd(b"RSET\r\n").await, Ok(reply) if reply.code == 250)
            {
                return Some(session);
            }
        }
    }

    fn keep(&self, mut session: Session) {
        session.letters += 1;
        session.last_used = Instant::now();
        let mut idle = lock(&self.idle);
        if session.letters < MOST_LETTERS && idle.len() < MOST_IDLE {
            idle.push(session);
        }
    }

    async fn connect(&self) -> Result<Session, NotSent> {
        let host = &self.host;
        let stream = TcpStream::connect((host.as_str(), self.port)).await;
        let stream =
            stream.map_err(|error| NotSent::later(format!("cannot connect to {host}:{}: {error}", self.port)))?;
        // What is written in pieces goes out at once.
        let _ = stream.set_nodelay(true);
        let mut client = SmtpClient {
            stream: Stream::plain(stream),
            timeout: self.timeout,
        };
        if self.security == Security::Implicit {
            client = self.secure(client).await?;
        }
        let greeting = client.read().await.map_err(|error| self.unreachable(&error))?;
        self.greeted(&greeting)?;
        if self.security == Security::StartTls {
            let offered = client
                .ehlo(&self.hello)
                .await
                .map_err(|error| self.unreachable(&error))?;
            if !offered.has_capability(EXT_START_TLS) {
                return Err(NotSent::Setup(format!("{host}:{} offers no STARTTLS", self.port)));
            }
            // Only whole answers are read and the rest of what came with them is dropped, so that nothing that was said
            // before TLS counts after it.
            let begun = client
                .cmd(b"STARTTLS\r\n")
                .await
                .map_err(|error| self.unreachable(&error))?;
            if begun.code != 220 {
                return Err(self.answered("STARTTLS", &begun));
            }
            client = self.secure(client).await?;
        }
        let offered = client
            .ehlo(&self.hello)
            .await
            .map_err(|error| self.unreachable(&error))?;
        if let Some(login) = &self.login {
            let credentials = Credentials::new(login.username.clone(), login.password.expose().to_owned());
            let entered = client.authenticate(&credentials, &offered).await.map(drop);
            entered.map_err(|error| self.not_entered(&error))?;
        }
        Ok(Session {
            client,
            letters: 0,
            last_used: Instant::now(),
        })
    }

    async fn secure(&self, client: SmtpClient<Stream>) -> Result<SmtpClient<Stream>, NotSent> {
        let SmtpClient { stream, timeout } = client;
        let stream = stream.secure(&self.connector, &self.host).await;
        let stream = stream.map_err(|error| {
            let words = format!("TLS with {}:{}: {error}", self.host, self.port);
            // A certificate that does not fit stays so, a connection that broke may not.
            if error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
            {
                NotSent::Setup(words)
            } else {
                NotSent::later(words)
            }
        })?;
        Ok(SmtpClient { stream, timeout })
    }

    fn greeted(&self, greeting: &Response<String>) -> Result<(), NotSent> {
        match greeting.code {
            220 => Ok(()),
            _ => Err(self.answered("the connection", greeting)),
        }
    }

    fn unreachable(&self, error: &Error) -> NotSent {
        match error {
            Error::UnexpectedReply(reply) => self.answered("EHLO", reply),
            error => NotSent::later(format!("{}: {}", self.host, words(error))),
        }
    }

    /// What the server said before there was a letter, which is nothing about the letter.
    fn answered(&self, to: &str, reply: &Response<String>) -> NotSent {
        let words = format!("{} answered to {to}: {}", self.host, shown(reply));
        match reply.code {
            500..=599 => NotSent::Setup(words),
            _ => NotSent::later(words),
        }
    }

    fn not_entered(&self, error: &Error) -> NotSent {
        match error {
            Error::AuthenticationFailed(reply) if (500..600).contains(&reply.code) => {
                *lock(&self.locked_until) = Some(Instant::now() + AFTER_WRONG_PASSWORD);
                NotSent::Setup(format!("{} refused name and password: {}", self.host, shown(reply)))
            }
            Error::AuthenticationFailed(reply) => self.answered("AUTH", reply),
            Error::UnsupportedAuthMechanism => NotSent::Setup(format!(
                "{} takes no name and password (AUTH PLAIN or LOGIN)",
                self.host
            )),
            error => self.unreachable(error),
        }
    }

    async fn transfer(
        &self,
        client: &mut SmtpClient<Stream>,
        message: &Message,
        letter: &[u8],
    ) -> Result<String, Failed> {
        let parameters = Parameters::default();
        let from = client.mail_from(message.from.address.as_str(), &parameters).await;
        from.map_err(|error| self.refused(error, "MAIL FROM", NotSent::Setup))?;
        let to = client.rcpt_to(message.to.as_str(), &parameters).await;
        to.map_err(|error| {
            let is_of_the_address = matches!(&error, Error::UnexpectedReply(reply) if is_about_address(reply));
            let for_good = if is_of_the_address {
                NotSent::AddressRefused
            } else {
                NotSent::Setup
            };
            self.refused(error, "RCPT TO", for_good)
        })?;
        let begun = client.cmd(b"DATA\r\n").await.and_then(|reply| reply.assert_code(354));
        begun.map_err(|error| self.refused(error, "DATA", NotSent::LetterRefused))?;
        // The end of the last line is written with the dot that ends the letter.
        let letter = letter.strip_suffix(b"\r\n").unwrap_or(letter);
        let written = client.write_message(letter).await;
        written.map_err(|error| self.refused(error.into(), "the letter", NotSent::LetterRefused))?;
        let taken = client.read().await.and_then(Response::into_positive_completion);
        match taken {
            Ok(reply) => Ok(shown(&reply)),
            Err(error) => Err(self.refused(error, "the letter", NotSent::LetterRefused)),
        }
    }

    /// An answer that is no "yes", or none at all: then nobody knows whether the letter was taken, and it is sent again
    /// under the same `Message-ID`.
    fn refused(&self, error: Error, to: &str, for_good: impl Fn(String) -> NotSent) -> Failed {
        let Error::UnexpectedReply(reply) = error else {
            return Failed::Broken(NotSent::later(format!("{} at {to}: {}", self.host, words(&error))));
        };
        let words = format!("{} answered to {to}: {}", self.host, shown(&reply));
        match reply.code {
            // It says that it closes the connection.
            421 => Failed::Broken(NotSent::later(words)),
            500..=599 => Failed::Refused(for_good(words)),
            400..=499 => Failed::Refused(NotSent::later(words)),
            // It answers to something else.
            _ => Failed::Broken(NotSent::later(words)),
        }
    }
}

/// Why a letter was not taken.
enum Failed {
    /// The server has answered and waits for the next command.
    Refused(NotSent),
    /// The connection is of no use any more.
    Broken(NotSent),
}

/// Whether a refusal of a recipient is about their address (RFC 3463, sections 3.2 and 3.3). Others are about who sends (5.1.7, 5.1.8,
/// 5.7.x), or about how much (5.2.2). Without such a code, only the words can tell, and a wrong guess would cost letters.
fn is_about_address(reply: &Response<String>) -> bool {
    match reply.esc {
        [5, 1, 7 | 8] => false,
        [5, 1, _] | [5, 2, 1] => matches!(reply.code, 501 | 550 | 551 | 553),
        [0, 0, 0] => {
            let words = reply.message.to_ascii_lowercase();
            let is_about_them = ["user", "mailbox", "recipient", "address"]
                .iter()
                .any(|word| words.contains(word));
            let is_about_us = ["relay", "sender", "denied", "policy", "block", "spam", "auth"]
                .iter()
                .any(|word| words.contains(word));
            matches!(reply.code, 550 | 551 | 553) && is_about_them && !is_about_us
        }
        _ => false,
    }
}

fn shown(reply: &Response<String>) -> String {
    let [class, subject, detail] = reply.esc;
    let text = said(&reply.message);
    match class {
        0 => format!("{} {text}", reply.code),
        _ => format!("{} {class}.{subject}.{detail} {text}", reply.code),
    }
}

fn words(error: &Error) -> String {
    match error {
        Error::Timeout => "no answer in time".to_owned(),
        Error::UnparseableReply => "the connection was closed, or the answer makes no sense".to_owned(),
        error => said(&error.to_string()),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
