//! Encryption: whom to trust, and the handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use super::endpoint::Endpoint;
use crate::error::{Error, Result};

/// What a connection is encrypted with.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsSettings {
    /// Certificates of authorities; nothing for those that the operating system trusts.
    pub(super) roots: Option<PathBuf>,
    /// A certificate of our own with its key, for servers that ask for one.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

/// Encrypts connections.
#[derive(Clone)]
pub(super) struct Tls(TlsConnector);

impl Tls {
    /// Reads the certificates.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config): a file is missing, or holds something else.
    pub(super) fn new(settings: &TlsSettings) -> Result<Tls> {
        let roots = match &settings.roots {
            Some(path) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(path)? {
                    roots
                        .add(certificate)
                        .map_err(|error| wrong(path, &error))?;
                }
                roots
            }
            None => system_roots()?,
        };
        // The provider is named: a program may link several, and then none is the default.
        let provider = Arc::new(crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::config(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots);
        let config = match &settings.identity {
            None => builder.with_no_client_auth(),
            Some((chain, key)) => {
                let secret =
                    PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
                builder
                    .with_client_auth_cert(certificates(chain)?, secret)
                    .map_err(|error| wrong(chain, &error))?
            }
        };
        Ok(Tls(TlsConnector::from(Arc::new(config))))
    }

    /// Shakes hands with the server at the other end of a fresh connection.
    ///
    /// # Errors
    ///
    /// [`is_config`](Error::is_config) if the server cannot be trusted or speaks no TLS.
    pub(super) async fn connect(
        &self,
        host: &str,
        endpoint: &Endpoint,
        stream: TcpStream,
    ) -> Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned()).map_err(|_| {
            Error::config(format!(
                "{endpoint} has no name that a certificate can carry"
            ))
        })?;
        self.0.connect(name, stream).await.map_err(|error| {
            use tokio_rustls::rustls::Error as Tls;
            let cause = error
                .get_ref()
                .and_then(|cause| cause.downcast_ref::<Tls>());
            match cause {
                Some(Tls::InvalidCertificate(why)) => Error::config(format!(
                    "the certificate of {endpoint} is not accepted ({why:?}): name the file of its \
                     authority with .tls_roots(path), and the server as its certificate does"
                )),
                Some(Tls::InvalidMessage(_) | Tls::PeerIncompatible(_)) => Error::config(format!(
                    "{endpoint} does not speak TLS, or none of ours: use redis:// without the \
                     second s if the server is not to encrypt"
                )),
                Some(Tls::AlertReceived(alert)) => Error::config(format!(
                    "{endpoint} ends the TLS handshake ({alert:?}): it may ask for a certificate \
                     of ours, .tls_identity(certificate, key)"
                )),
                _ => Error::store(format!("no TLS with {endpoint}: {error}")),
            }
        })
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(path, &error))?;
    if found.is_empty() {
        return Err(Error::config(format!(
            "{} holds no certificate in PEM form",
            path.display()
        )));
    }
    Ok(found)
}

fn system_roots() -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let loaded = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(loaded.certs);
    if roots.is_empty() {
        return Err(Error::config(
            "this machine has no certificates of authorities: install ca-certificates, or name a \
             file with .tls_roots(path)",
        ));
    }
    Ok(roots)
}

fn wrong(path: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::config(format!(
        "{} cannot be used for TLS: {error}",
        path.display()
    ))
}
