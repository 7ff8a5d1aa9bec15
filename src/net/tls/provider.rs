//! The one choice of cryptography and of protocol versions, named by every configuration.

use std::sync::{Arc, OnceLock};

use rustls::SupportedProtocolVersion;
use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};

/// The name of PostgreSQL's protocol in ALPN (PostgreSQL manual, section "SSL Session Encryption").
pub(super) const ALPN: &[u8] = b"postgresql";

/// TLS 1.2 is the oldest: what PgBouncer calls `secure`, and PostgreSQL's own default.
pub(super) const VERSIONS: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

/// ring, shared by all sessions; not installed as the process's default, so that nothing depends on
/// the order of initialisation.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}
