//! Whom to trust: the authorities of a file, or those of the operating system.

use std::sync::{Arc, OnceLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use super::pem;
use super::setup::SetupError;

/// Authorities, and the certificates that named them.
#[derive(Clone, Debug)]
pub(super) struct Roots {
    /// What chains are checked against. Never empty.
    pub(super) store: Arc<RootCertStore>,
    /// The certificates of the file itself: a server may present one of them as its own, when the
    /// file holds the server's self-signed certificate. Empty for the operating system's roots.
    pub(super) named: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// The authorities in a file.
    pub(super) fn from_pem(pem: &[u8], setting: &'static str) -> Result<Self, SetupError> {
        let named = pem::certificates(pem, setting)?;
        let store = Arc::new(pem::authorities(&named, setting)?);
        Ok(Self { store, named })
    }

    /// The operating system's, read from disk when they are first needed and then kept: some
    /// 150 certificates, shared by all. `setting` is what to set where there are none.
    pub(super) fn from_system(setting: &'static str) -> Result<Self, SetupError> {
        static SYSTEM: OnceLock<Result<Arc<RootCertStore>, String>> = OnceLock::new();
        match SYSTEM.get_or_init(load_system) {
            Ok(store) => Ok(Self { store: store.clone(), named: Vec::new() }),
            Err(problem) => Err(SetupError::NoSystemRoots { setting, problem: problem.clone() }),
        }
    }
}

fn load_system() -> Result<Arc<RootCertStore>, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    // Systems carry a few certificates that no library reads any more; those are left out.
    store.add_parsable_certificates(found.certs);
    match (store.is_empty(), found.errors.first()) {
        (false, _) => Ok(Arc::new(store)),
        (true, Some(error)) => Err(error.to_string()),
        (true, None) => Err("none is installed".to_owned()),
    }
}
