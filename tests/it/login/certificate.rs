//! A certificate that vouches for itself, in files.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// For `localhost` and 127.0.0.1, in a folder of its own.
pub struct Certificate {
    folder: TempDir,
}

impl Certificate {
    pub fn make() -> Certificate {
        let certificate = Certificate { folder: tempfile::tempdir().unwrap() };
        certificate.renew();
        certificate
    }

    /// Puts another certificate with another key into the same files.
    pub fn renew(&self) {
        let (cert, key) = pems();
        fs::write(self.cert(), cert).unwrap();
        fs::write(self.key(), key).unwrap();
    }

    pub fn cert(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// The lines of `[pooler]` that show it to clients.
    pub fn settings(&self, mode: &str) -> String {
        let line = |key: &str, path: &Path| format!("{key} = \"{}\"\n", path.display());
        let files =
            [line("client_tls_cert_file", &self.cert()), line("client_tls_key_file", &self.key())];
        format!("client_tls_sslmode = \"{mode}\"\n{}", files.concat())
    }
}

/// A certificate and its key.
pub fn pems() -> (String, String) {
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}
