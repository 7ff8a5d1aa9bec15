//! TLS towards servers: from `server_tls_*` to sessions.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{IpAddr, ServerName};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, ClientConnection};

use super::error::{Peer, TlsError};
use super::mode::{Attempt, SslMode};
use super::pem;
use super::provider::{ALPN, VERSIONS, provider};
use super::roots::Roots;
use super::session::TlsSession;
use super::setup::{SERVER, SetupError};
use super::verifier::{CheckedServer, NameCheck, UncheckedServer};

/// What the files of `server_tls_*_file` hold; `None` where a setting is empty.
#[derive(Clone, Copy, Default)]
pub struct ServerTlsPem<'a> {
    /// The authorities that issue servers' certificates, or a server's self-signed certificate.
    pub ca: Option<&'a [u8]>,
    /// Our certificate as a client, then those that certify it.
    pub cert: Option<&'a [u8]>,
    /// The certificate's private key, without a passphrase.
    pub key: Option<&'a [u8]>,
}

/// How servers are spoken to. Cheap to clone; a reload makes a new one.
#[derive(Clone)]
pub struct ServerTls {
    mode: SslMode,
    config: Option<Arc<ClientConfig>>,
}

impl ServerTls {
    /// No TLS: `server_tls_sslmode = "disable"`.
    #[must_use]
    pub fn disabled() -> Self {
        Self { mode: SslMode::Disable, config: None }
    }

    /// TLS as `mode` asks, with what the files hold. `verify-full` without authorities trusts the
    /// operating system's.
    ///
    /// # Errors
    /// A file is missing or cannot be used.
    pub fn new(mode: SslMode, pem: ServerTlsPem<'_>) -> Result<Self, SetupError> {
        match mode {
            SslMode::Disable => Ok(Self::disabled()),
            _ => Ok(Self { mode, config: Some(Arc::new(client_config(mode, pem)?)) }),
        }
    }

    /// What to try when a connection is opened.
    #[must_use]
    pub fn wants(&self) -> Attempt {
        self.mode.wants()
    }

    /// The mode with which it was made.
    #[must_use]
    pub fn mode(&self) -> SslMode {
        self.mode
    }

    /// A session to the server that was reached under `host`, a DNS name or an IP address; its
    /// ClientHello is ready to be sent.
    ///
    /// # Errors
    /// [`TlsError::Disabled`], or [`TlsError::BadHostName`] if the name is to be checked and cannot
    /// be.
    pub fn connect(&self, host: &str) -> Result<TlsSession, TlsError> {
        let config = self.config.clone().ok_or(TlsError::Disabled { setting: SERVER.mode })?;
        let connection = ClientConnection::new(config, self.name(host)?)
            .map_err(|error| TlsError::new(error, Peer::Server, None))?;
        Ok(TlsSession::with_server(connection))
    }

    /// The name to send (SNI) and perhaps to check. Where it is not checked, a host that is no
    /// valid name is not sent: the unspecified address stands for that.
    fn name(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        match ServerName::try_from(host.to_owned()) {
            Ok(name) => Ok(name),
            Err(_) if self.mode == SslMode::VerifyFull => {
                Err(TlsError::BadHostName { host: host.to_owned() })
            }
            Err(_) => {
                Ok(ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED))))
            }
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("mode", &self.mode).finish_non_exhaustive()
    }
}

fn client_config(mode: SslMode, pem: ServerTlsPem<'_>) -> Result<ClientConfig, SetupError> {
    // Both are read in every mode, so that a mistake in a file shows before the mode needs it.
    let roots = pem.ca.map(|ca| Roots::from_pem(ca, SERVER.ca)).transpose()?;
    let identity = identity(pem)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(verifier(mode, roots)?);
    let mut config = match identity {
        Some(identity) => {
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    // PostgreSQL issues no tickets, and every login shall check the server's certificate.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn identity(pem: ServerTlsPem<'_>) -> Result<Option<Arc<CertifiedKey>>, SetupError> {
    match (pem.cert, pem.key) {
        (Some(cert), Some(key)) => pem::identity(cert, key, SERVER, &provider()).map(Some),
        (Some(_), None) => Err(SetupError::Half { given: SERVER.cert, missing: SERVER.key }),
        (None, Some(_)) => Err(SetupError::Half { given: SERVER.key, missing: SERVER.cert }),
        (None, None) => Ok(None),
    }
}

fn verifier(
    mode: SslMode,
    roots: Option<Roots>,
) -> Result<Arc<dyn ServerCertVerifier>, SetupError> {
    let algorithms = provider().signature_verification_algorithms;
    let checked = |roots, names| Arc::new(CheckedServer::new(roots, names, algorithms));
    match (mode, roots) {
        (SslMode::VerifyFull, Some(roots)) => Ok(checked(roots, NameCheck::Host)),
        (SslMode::VerifyFull, None) => Ok(checked(Roots::from_system(SERVER.ca)?, NameCheck::Host)),
        (SslMode::VerifyCa, Some(roots)) => Ok(checked(roots, NameCheck::None)),
        (SslMode::VerifyCa, None) => {
            Err(SetupError::WeakRoots { mode_setting: SERVER.mode, setting: SERVER.ca })
        }
        _ => Ok(Arc::new(UncheckedServer::new(algorithms))),
    }
}

#[cfg(test)]
mod manual_tests;
#[cfg(test)]
mod tests;
