//! TLS towards a server of the web, whose certificate names it and is signed by an authority of the
//! operating system's.

use super::provider::{VERSIONS, provider};
use super::roots::Roots;
use super::setup::SetupError;
use rustls::ClientConfig;
use std::sync::Arc;

/// For any name. `setting` is what to set where there are none.
///
/// # Errors
/// The operating system has no authorities.
pub fn web_client(setting: &'static str) -> Result<Arc<ClientConfig>, SetupError> {
    let roots = Roots::from_system(setting)?;
    let builder = ClientConfig::builder_with_provider(provider());
    let builder = builder.with_protocol_versions(VERSIONS)?;
    Ok(Arc::new(builder.with_root_certificates(roots.store).with_no_client_auth()))
}
