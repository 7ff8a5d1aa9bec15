//! Why TLS settings cannot be used: one sentence each, naming the setting to change.

use rustls::Error as RustlsError;
use rustls::pki_types::pem;

use super::mode::SslMode;

/// The names of one side's settings, for messages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    /// `..._sslmode`
    pub(super) mode: &'static str,
    /// `..._cert_file`
    pub(super) cert: &'static str,
    /// `..._key_file`
    pub(super) key: &'static str,
    /// `..._ca_file`
    pub(super) ca: &'static str,
}

/// Towards clients.
pub(super) const CLIENT: Names = Names {
    mode: "client_tls_sslmode",
    cert: "client_tls_cert_file",
    key: "client_tls_key_file",
    ca: "client_tls_ca_file",
};

/// Towards servers.
pub(super) const SERVER: Names = Names {
    mode: "server_tls_sslmode",
    cert: "server_tls_cert_file",
    key: "server_tls_key_file",
    ca: "server_tls_ca_file",
};

/// Settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// A mode asks for a file that is not set.
    #[error("{mode_setting} = \"{mode}\" needs {setting}")]
    Missing {
        /// What is not set.
        setting: &'static str,
        /// The mode's setting.
        mode_setting: &'static str,
        /// What asks for it.
        mode: SslMode,
    },
    /// One of certificate and key is set, the other is not.
    #[error("{given} is set without {missing}: a certificate is of use only with its key")]
    Half {
        /// What is set.
        given: &'static str,
        /// What is not.
        missing: &'static str,
    },
    /// The file is not PEM.
    #[error("{setting} cannot be read as PEM: {problem}")]
    NotPem {
        /// Whose file.
        setting: &'static str,
        /// Where reading ended. Nothing of the file's content, which may be a key.
        problem: &'static str,
    },
    /// PEM, but no certificate in it.
    #[error("{setting} holds no certificate: expected \"-----BEGIN CERTIFICATE-----\"")]
    NoCertificate {
        /// Whose file.
        setting: &'static str,
    },
    /// PEM, but no private key in it.
    #[error("{setting} holds no private key: expected \"-----BEGIN PRIVATE KEY-----\"")]
    NoKey {
        /// Whose file.
        setting: &'static str,
    },
    /// A key that only a passphrase opens, and there is nobody to ask.
    #[error("{setting} is encrypted; remove the passphrase: openssl pkey -in FILE -out NEW")]
    EncryptedKey {
        /// Whose file.
        setting: &'static str,
    },
    /// Certificate and key are not a pair.
    #[error("the key in {key} does not belong to the first certificate in {cert}")]
    KeyMismatch {
        /// The certificate's setting.
        cert: &'static str,
        /// The key's setting.
        key: &'static str,
    },
    /// A certificate that the library cannot use.
    #[error(
        "a certificate in {setting} cannot be used: {problem} (X.509 version 3 is expected; \
         openssl x509 -req makes version 1 unless it is given -extfile)"
    )]
    BadCertificate {
        /// Whose file.
        setting: &'static str,
        /// The library's words.
        problem: String,
    },
    /// A key of a kind that the library cannot use.
    #[error(
        "the key in {setting} cannot be used: {problem} (RSA, ECDSA P-256, P-384 and Ed25519 can)"
    )]
    BadKey {
        /// Whose file.
        setting: &'static str,
        /// The library's words.
        problem: String,
    },
    /// `verify-ca` against the system's roots would let the owner of any domain pass.
    #[error(
        "{mode_setting} = \"verify-ca\" needs {setting}: without it the operating system's \
         authorities are used, which suffices for \"verify-full\" only"
    )]
    WeakRoots {
        /// The mode's setting.
        mode_setting: &'static str,
        /// The authority's setting.
        setting: &'static str,
    },
    /// The operating system has no trusted roots where they are looked for.
    #[error("no trusted roots found in the operating system ({problem}); set {setting}")]
    NoSystemRoots {
        /// What to set instead.
        setting: &'static str,
        /// What happened.
        problem: String,
    },
    /// Anything else that the library refuses.
    #[error("TLS cannot be set up: {0}")]
    Library(#[from] RustlsError),
}

impl SetupError {
    /// A PEM reader's error, without the line in which it occurred.
    pub(super) fn not_pem(setting: &'static str, error: &pem::Error) -> Self {
        let problem = match error {
            pem::Error::MissingSectionEnd { .. } => "a section has no END line",
            pem::Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
            pem::Error::Base64Decode(_) => "a section is not base64",
            pem::Error::SectionTooLarge => "a section is too large",
            _ => "malformed",
        };
        Self::NotPem { setting, problem }
    }
}
