//! A connection's bytes: the first ones can be looked at before they are read, and a peer that
//! does not take its answer is given up.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::{Sleep, sleep};

use super::bare::Bare;

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
    pub(super) fn refuse(self, answer: &[u8]) {
        // Nothing to do if it fails: the connection is closed either way.
        let _ = either!(&self, socket => socket.try_write(answer));
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
    bare: Arc<Bare>,
    replaced: Option<Replaced>,
}

/// An answer of ours that goes out in place of one of hyper's.
struct Replaced {
    bytes: Vec<u8>,
    sent: usize,
    /// Bytes of hyper's, which is told that they were written.
    stands_for: usize,
}

impl Stream {
    /// A write that makes no progress for as long as `patience` fails.
    pub(super) fn new(socket: Socket, patience: Duration, bare: Arc<Bare>) -> Self {
        Self {
            socket,
            first: [0; PREFACE.len()],
            seen: 0,
            given: 0,
            patience,
            stalled: None,
            bare,
            replaced: None,
        }
    }

    /// Sends what stands in place of hyper's own refusal. `None` if these bytes are none.
    fn poll_replaced(&mut self, cx: &mut Context<'_>, written: &[u8]) -> Option<Poll<io::Result<usize>>> {
        if self.replaced.is_none() {
            self.replaced = self.bare.in_place_of(written).map(|bytes| Replaced {
                bytes,
                sent: 0,
                stands_for: written.len(),
            });
        }
        let replaced = self.replaced.as_mut()?;
        while replaced.sent < replaced.bytes.len() {
            let rest = &replaced.bytes[replaced.sent..];
            let sent = either!(&mut self.socket, socket => Pin::new(socket).poll_write(cx, rest));
            match sent {
                Poll::Ready(Ok(count)) if count > 0 => replaced.sent += count,
                Poll::Ready(Ok(_)) => return Some(Poll::Ready(Err(io::ErrorKind::WriteZero.into()))),
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => return Some(Poll::Pending),
            }
        }
        let stands_for = replaced.stands_for;
        self.replaced = None;
        Some(Poll::Ready(Ok(stands_for)))
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
        let written = match self.poll_replaced(cx, bytes) {
            Some(written) => written,
            None => either!(&mut self.socket, socket => Pin::new(socket).poll_write(cx, bytes)),
        };
        self.progress(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = slices.iter().find(|slice| !slice.is_empty());
        let written = match first.and_then(|first| self.poll_replaced(cx, first)) {
            Some(written) => written,
            None => either!(&mut self.socket, socket => Pin::new(socket).poll_write_vectored(cx, slices)),
        };
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
