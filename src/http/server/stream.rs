//! A connection's bytes: the first ones can be looked at before they are read, and a peer that
//! does not take its answer is given up.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep};

/// The two kinds of socket.
#[derive(Debug)]
pub(super) enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// Unix.
    Unix(UnixStream),
}

/// Runs one expression on whichever socket it is.
macro_rules! either {
    ($socket:expr, $name:ident => $work:expr) => {
        match $socket {
            Socket::Tcp($name) => $work,
            Socket::Unix($name) => $work,
        }
    };
}

impl Socket {
    /// Turns a connection away that has no seat: said if the socket takes it at once, then closed.
    pub(super) fn refuse(self) {
        // What `headers` puts on every answer, as far as it does not depend on settings.
        const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
            retry-after: 2\r\n\
            connection: close\r\n\
            content-length: 0\r\n\
            cache-control: no-store\r\n\
            content-security-policy: default-src 'none'; frame-ancestors 'none'\r\n\
            cross-origin-opener-policy: same-origin\r\n\
            cross-origin-resource-policy: same-origin\r\n\
            permissions-policy: camera=(), microphone=(), geolocation=(), payment=(), usb=()\r\n\
            referrer-policy: same-origin\r\n\
            x-content-type-options: nosniff\r\n\
            x-frame-options: DENY\r\n\r\n";

        // Nothing to do if it fails: the connection is closed either way.
        let _ = either!(&self, socket => socket.try_write(BUSY));
    }
}

/// What begins an HTTP/2 connection (RFC 9113, 3.4).
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A socket with its first bytes in hand.
pub(super) struct Stream {
    socket: Socket,
    first: [u8; PREFACE.len()],
    seen: usize,
    given: usize,
    patience: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Stream {
    /// A write that makes no progress for as long as `patience` fails.
    pub(super) fn new(socket: Socket, patience: Duration) -> Self {
        Self {
            socket,
            first: [0; PREFACE.len()],
            seen: 0,
            given: 0,
            patience,
            stalled: None,
        }
    }

    /// Whether the peer begins as HTTP/2 does. Waits until the bytes tell; they can be read afterwards.
    pub(super) async fn begins_as_http2(&mut self) -> io::Result<bool> {
        while self.seen < PREFACE.len() {
            let room = &mut self.first[self.seen..];
            let count = either!(&mut self.socket, socket => socket.read(room).await)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.seen += count;
            if self.first[..self.seen] != PREFACE[..self.seen] {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Passes on what a write gave, and watches that it gives something at all.
    fn progress<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.given < self.seen {
            let count = buffer.remaining().min(self.seen - self.given);
            buffer.put_slice(&self.first[self.given..self.given + count]);
            self.given += count;
            return Poll::Ready(Ok(()));
        }
        either!(&mut self.socket, socket => Pin::new(socket).poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = either!(&mut self.socket, socket => Pin::new(socket).poll_write(cx, bytes));
        self.progress(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = either!(&mut self.socket, socket => Pin::new(socket).poll_write_vectored(cx, slices));
        self.progress(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut self.socket, socket => Pin::new(socket).poll_flush(cx))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut self.socket, socket => Pin::new(socket).poll_shutdown(cx))
    }
}
