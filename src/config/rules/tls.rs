//! That a TLS mode has the files it needs.

use std::path::PathBuf;

use super::Rules;
use crate::config::section::Section;
use crate::config::section::tls::SslMode;
use crate::config::source::written::TableId;

impl Rules<'_> {
    pub(super) fn tls(&mut self) {
        self.client_side();
        self.server_side();
        let tls = &self.settings.pooler.tls;
        for (key, path) in [
            ("client_tls_cert_file", &tls.client_tls_cert_file),
            ("client_tls_key_file", &tls.client_tls_key_file),
            ("client_tls_ca_file", &tls.client_tls_ca_file),
            ("server_tls_ca_file", &tls.server_tls_ca_file),
            ("server_tls_cert_file", &tls.server_tls_cert_file),
            ("server_tls_key_file", &tls.server_tls_key_file),
        ] {
            self.file_opens(key, path.as_ref());
        }
    }

    /// Notes a file of `[pooler]` that whoever needs it later could not open.
    pub(super) fn file_opens(&mut self, key: &str, path: Option<&PathBuf>) {
        let Some(path) = path else { return };
        if let Err(error) = self.outside.files.check(path) {
            let wrong = format!("cannot open {path:?}: {error}");
            self.mistake(&Section::Pooler.into(), key, &[], wrong);
        }
    }

    fn client_side(&mut self) {
        let tls = &self.settings.pooler.tls;
        let mode = tls.client_tls_sslmode;
        let (cert, key) = (tls.client_tls_cert_file.is_some(), tls.client_tls_key_file.is_some());
        if mode != SslMode::Disable && !(cert && key) {
            let files = ["client_tls_cert_file", "client_tls_key_file"];
            self.mode_needs(mode, "client_tls_sslmode", &files);
        } else if cert != key {
            self.pair("client_tls_cert_file", "client_tls_key_file");
        }
        if mode.verifies() && tls.client_tls_ca_file.is_none() {
            self.mode_needs(mode, "client_tls_sslmode", &["client_tls_ca_file"]);
        }
    }

    fn server_side(&mut self) {
        let tls = &self.settings.pooler.tls;
        if tls.server_tls_cert_file.is_some() != tls.server_tls_key_file.is_some() {
            self.pair("server_tls_cert_file", "server_tls_key_file");
        }
        if tls.server_tls_ca_file.is_some() {
            return;
        }
        if tls.server_tls_sslmode == SslMode::VerifyCa {
            self.mistake(&Section::Pooler.into(), MODE, &["server_tls_ca_file"], NEEDS_ROOT);
        }
        for (name, database) in &self.settings.databases {
            let id = TableId::named(Section::Databases, name);
            let own = database.pool.server_tls_sslmode;
            if own == SslMode::VerifyCa && own != tls.server_tls_sslmode {
                self.mistake(&id, MODE, &[], NEEDS_ROOT);
            }
        }
    }

    fn mode_needs(&mut self, mode: SslMode, key: &str, files: &[&str]) {
        let wrong = format!("\"{mode}\" needs {}", files.join(" and "));
        self.mistake(&Section::Pooler.into(), key, files, wrong);
    }

    fn pair(&mut self, cert: &str, key: &str) {
        let wrong = format!("{cert} and {key} go together, and one of them is missing");
        let id = TableId::from(Section::Pooler);
        let (present, other) = if self.is_written(&id, cert) { (cert, key) } else { (key, cert) };
        self.mistake(&id, present, &[other], wrong);
    }
}

const MODE: &str = "server_tls_sslmode";

/// Any authority in the world would sign a certificate for somebody.
const NEEDS_ROOT: &str =
    "\"verify-ca\" needs server_tls_ca_file in [pooler]; \"verify-full\" can do without";
