//! TLS to the server: off, or with the certificate fully verified. Nothing in between.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::{CancelToken, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::own_certificate::Verifier;
use crate::storage::{Error, PostgresTarget, Result};

#[derive(Clone)]
pub(super) enum Tls {
    Off,
    Verified(MakeRustlsConnect),
}

impl Tls {
    pub(super) fn new(target: &PostgresTarget) -> Result<Self> {
        if !target.verify_tls {
            return Ok(Self::Off);
        }
        let (roots, trusted) = match &target.root_certificates {
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

    /// Tells the server to stop what the connection of that token is doing.
    pub(super) async fn cancel(&self, token: CancelToken) -> std::result::Result<(), tokio_postgres::Error> {
        match self {
            Self::Off => token.cancel_query(NoTls).await,
            Self::Verified(connector) => token.cancel_query(connector.clone()).await,
        }
    }
}

fn read_roots(path: &Path) -> std::result::Result<(RootCertStore, Vec<CertificateDer<'static>>), String> {
    let mut trusted = Vec::new();
    let mut roots = RootCertStore::empty();
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
