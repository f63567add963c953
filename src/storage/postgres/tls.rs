//! TLS to the server: off, or with the certificate fully verified. Nothing in between.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::own_certificate::Verifier;
use crate::storage::{Error, PostgresTarget, Result};

/// How connections are made from now on; clones share it.
#[derive(Clone)]
pub(super) struct Tls {
    now: Arc<RwLock<Kind>>,
    roots: Option<PathBuf>,
}

#[derive(Clone)]
pub(super) enum Kind {
    Off,
    Verified(MakeRustlsConnect),
}

impl Tls {
    pub(super) fn new(target: &PostgresTarget) -> Result<Self> {
        let roots = target.root_certificates.clone();
        let kind = if target.verify_tls {
            Kind::verified(roots.as_deref())?
        } else {
            Kind::Off
        };
        Ok(Self {
            now: Arc::new(RwLock::new(kind)),
            roots,
        })
    }

    /// How the next connection is made.
    pub(super) fn kind(&self) -> Kind {
        self.now.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the certificates again, for connections from now on; those that are there stay.
    pub(super) fn read_again(&self) -> Result<()> {
        if matches!(self.kind(), Kind::Verified(_)) {
            let kind = Kind::verified(self.roots.as_deref())?;
            *self.now.write().unwrap_or_else(PoisonError::into_inner) = kind;
        }
        Ok(())
    }

    /// Tells the server to stop what the connection of that token is doing.
    pub(super) async fn cancel(&self, token: CancelToken) -> std::result::Result<(), tokio_postgres::Error> {
        match self.kind() {
            Kind::Off => token.cancel_query(NoTls).await,
            Kind::Verified(connector) => token.cancel_query(connector).await,
        }
    }
}

impl Kind {
    fn verified(root_certificates: Option<&Path>) -> Result<Self> {
        let (roots, trusted) = match root_certificates {
            None => (webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(), Vec::new()),
            Some(path) => read_roots(path)
                .map_err(|reason| Error::Unavailable(format!("root certificates {}: {reason}", path.display())))?,
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            .build()
            .map_err(Error::unavailable)?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::unavailable)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Verifier { usual, trusted }))
            .with_no_client_auth();
        Ok(Self::Verified(MakeRustlsConnect::new(config)))
    }
}

fn read_roots(path: &Path) -> std::result::Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let mut trusted = Vec::new();
    let mut roots = RootCertStore::empty();
    // Opening a pipe would wait for somebody to write.
    if !path.metadata().map_err(|error| error.to_string())?.is_file() {
        return Err("it is not a file".to_owned());
    }
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| error.to_string())?;
        roots.add(certificate.clone()).map_err(|error| error.to_string())?;
        trusted.push(certificate);
    }
    if roots.is_empty() {
        return Err("there is no certificate in it".to_owned());
    }
    Ok((roots, trusted))
}
