//! TLS towards clients: from `client_tls_*` to sessions.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring::Ticketer;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{ConfigBuilder, ServerConfig, ServerConnection, server::WantsServerCert};

use super::error::{Peer, TlsError};
use super::mode::SslMode;
use super::pem;
use super::provider::{ALPN, VERSIONS, provider};
use super::roots::Roots;
use super::session::TlsSession;
use super::setup::{CLIENT, SetupError};

/// What the files of `client_tls_*_file` hold; `None` where a setting is empty.
#[derive(Clone, Copy, Default)]
pub struct ClientTlsPem<'a> {
    /// Our certificate, then those that certify it.
    pub cert: Option<&'a [u8]>,
    /// The certificate's private key, without a passphrase.
    pub key: Option<&'a [u8]>,
    /// The authorities that issue clients' certificates.
    pub ca: Option<&'a [u8]>,
}

/// How clients are spoken to. Cheap to clone; a reload makes a new one.
#[derive(Clone)]
pub struct ClientTls {
    mode: SslMode,
    config: Option<Arc<ServerConfig>>,
}

impl ClientTls {
    /// No TLS: `client_tls_sslmode = "disable"`.
    #[must_use]
    pub fn disabled() -> Self {
        Self { mode: SslMode::Disable, config: None }
    }

    /// TLS as `mode` asks, with what the files hold. `verify-full` is `verify-ca`: that a
    /// certificate is the user's own is for the authentication method `cert` to check.
    ///
    /// # Errors
    /// A file is missing or cannot be used.
    pub fn new(mode: SslMode, pem: ClientTlsPem<'_>) -> Result<Self, SetupError> {
        match mode {
            SslMode::Disable => Ok(Self::disabled()),
            _ => Ok(Self { mode, config: Some(Arc::new(server_config(mode, pem)?)) }),
        }
    }

    /// Whether a client that asks for TLS gets it.
    #[must_use]
    pub fn accepts(&self) -> bool {
        self.config.is_some()
    }

    /// Whether a client that does not ask for TLS is refused.
    #[must_use]
    pub fn requires(&self) -> bool {
        matches!(self.mode, SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull)
    }

    /// The mode with which it was made.
    #[must_use]
    pub fn mode(&self) -> SslMode {
        self.mode
    }

    /// A session for a client whose ClientHello comes next.
    ///
    /// # Errors
    /// [`TlsError::Disabled`], if TLS is off.
    pub fn accept(&self) -> Result<TlsSession, TlsError> {
        let config = self.config.clone().ok_or(TlsError::Disabled { setting: CLIENT.mode })?;
        let connection = ServerConnection::new(config)
            .map_err(|error| TlsError::new(error, Peer::Client, None))?;
        Ok(TlsSession::with_client(connection))
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").field("mode", &self.mode).finish_non_exhaustive()
    }
}

fn server_config(mode: SslMode, pem: ClientTlsPem<'_>) -> Result<ServerConfig, SetupError> {
    let missing = |setting| SetupError::Missing { setting, mode_setting: CLIENT.mode, mode };
    let cert = pem.cert.ok_or_else(|| missing(CLIENT.cert))?;
    let key = pem.key.ok_or_else(|| missing(CLIENT.key))?;
    let identity = pem::identity(cert, key, CLIENT, &provider())?;
    // Read in every mode, so that a mistake in the file shows before the mode needs it.
    let roots = pem.ca.map(|ca| Roots::from_pem(ca, CLIENT.ca)).transpose()?;
    let trusted = match mode.verifies() {
        true => Some(roots.ok_or_else(|| missing(CLIENT.ca))?),
        false => None,
    };
    let mut config =
        verifying(trusted.as_ref())?.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    set_resumption(&mut config, mode)?;
    Ok(config)
}

fn verifying(
    trusted: Option<&Roots>,
) -> Result<ConfigBuilder<ServerConfig, WantsServerCert>, SetupError> {
    let builder =
        ServerConfig::builder_with_provider(provider()).with_protocol_versions(VERSIONS)?;
    let Some(roots) = trusted else { return Ok(builder.with_no_client_auth()) };
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.store.clone(), provider())
        .build()
        .map_err(|error| SetupError::BadCertificate {
            setting: CLIENT.ca,
            problem: error.to_string(),
        })?;
    Ok(builder.with_client_cert_verifier(verifier))
}

/// Tickets carry their state themselves: no memory here and no lock among workers. One is enough,
/// since a driver's pool opens its connections from one store. None where certificates are
/// checked: a resumed session skips the check, and a certificate may have expired since.
fn set_resumption(config: &mut ServerConfig, mode: SslMode) -> Result<(), SetupError> {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    match mode.verifies() {
        true => config.send_tls13_tickets = 0,
        false => {
            config.send_tls13_tickets = 1;
            config.ticketer = Ticketer::new()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
