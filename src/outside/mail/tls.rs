//! Certificates of mail servers: always checked.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Root certificates that cannot be used, in words that go on after the name of the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRoots(String);

/// Checks certificates against the public authorities, or against those of a file in PEM form alone.
pub(super) fn connector(roots: Option<&Path>) -> Result<TlsConnector, BadRoots> {
    let store = match roots {
        None => RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        },
        Some(path) => read(path).map_err(|words| BadRoots(format!("names {}, which {words}", path.display())))?,
    };
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| BadRoots(error.to_string()))?
        .with_root_certificates(store)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

fn read(path: &Path) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| format!("cannot be read: {error}"))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| format!("is not in PEM form: {error}"))?;
        let added = store.add(certificate);
        added.map_err(|error| format!("has a certificate that cannot be used: {error}"))?;
    }
    if store.is_empty() {
        return Err("has no certificate in it".to_owned());
    }
    Ok(store)
}

/// A connection with or without TLS. Reading fails after so many bytes: no mail server has that much to say.
pub(super) struct Stream {
    inner: Inner,
    left: usize,
}

enum Inner {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    /// Bytes that are read for one letter at most.
    const MOST: usize = 128 * 1024;

    pub(super) fn plain(stream: TcpStream) -> Self {
        Self {
            inner: Inner::Plain(stream),
            left: Self::MOST,
        }
    }

    /// Goes on under TLS.
    pub(super) async fn secure(self, connector: &TlsConnector, host: &str) -> io::Result<Self> {
        let Inner::Plain(stream) = self.inner else {
            return Err(io::Error::other("TLS was begun already"));
        };
        let name = host.to_owned().try_into();
        let name = name.map_err(|_| io::Error::other("the name of the host can be in no certificate"))?;
        let stream = connector.connect(name, stream).await?;
        Ok(Self {
            inner: Inner::Tls(Box::new(stream)),
            left: Self::MOST,
        })
    }

    /// Another letter begins.
    pub(super) fn begin(&mut self) {
        self.left = Self::MOST;
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the server says too much")));
        }
        let before = buf.filled().len();
        let polled = match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Inner::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        self.left = self.left.saturating_sub(buf.filled().len() - before);
        polled
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Inner::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.inner {
            Inner::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Inner::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
