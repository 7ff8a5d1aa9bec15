//! `[pooler]`: TLS to clients and to servers.

use std::path::PathBuf;

use crate::auth::RequireAuth;
use crate::config::kind::choice::{choice, one_of};
use crate::config::kind::require_auth::Methods;
use crate::config::kind::text::FilePath;
use crate::config::setting::settings;

choice! {
    /// How much TLS is wanted; the words are libpq's.
    pub enum SslMode {
        /// None.
        Disable = "disable",
        /// If the other side insists.
        Allow = "allow",
        /// If the other side can.
        Prefer = "prefer",
        /// Always.
        Require = "require",
        /// Always, with a certificate from an authority that is trusted.
        VerifyCa = "verify-ca",
        /// The same, and the certificate names the host.
        VerifyFull = "verify-full",
    }
}

impl SslMode {
    /// Whether the other side's certificate is checked.
    pub const fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

settings! {
    /// TLS to clients and to servers.
    pub struct Tls {
        /// TLS with clients: "disable" refuses it, "allow" and "prefer" leave it to the client,
        /// "require" insists on it, "verify-ca" and "verify-full" insist on a certificate of
        /// the client as well.
        client_tls_sslmode: SslMode = one_of(), default SslMode::Disable, at AtReload;
        /// The certificate shown to clients, in PEM, followed by the ones that lead to its root.
        client_tls_cert_file: Option<PathBuf> = FilePath, default None, at AtReload;
        /// The private key of client_tls_cert_file, in PEM.
        client_tls_key_file: Option<PathBuf> = FilePath, default None, at AtReload;
        /// The authorities that sign clients' certificates, in PEM.
        client_tls_ca_file: Option<PathBuf> = FilePath, default None, at AtReload;
        /// TLS with servers, as libpq's sslmode: "prefer" uses it where the server can, "require"
        /// insists, "verify-ca" checks who signed the server's certificate, "verify-full" also
        /// that it names the host. Never used on a Unix socket.
        server_tls_sslmode: SslMode = one_of(), default SslMode::Prefer, at AtReload;
        /// How servers may ask who we are, as libpq's require_auth. "" takes every method, but
        /// sends a password in clear ("password") only over TLS or a Unix socket; naming it allows
        /// it without.
        server_require_auth: RequireAuth = Methods, default RequireAuth::Any, at AtReload;
        /// The authorities that sign servers' certificates, in PEM. "" trusts those of the
        /// operating system, which is enough for "verify-full" alone.
        server_tls_ca_file: Option<PathBuf> = FilePath, default None, at AtReload;
        /// The certificate shown to servers that ask for one, in PEM.
        server_tls_cert_file: Option<PathBuf> = FilePath, default None, at AtReload;
        /// The private key of server_tls_cert_file, in PEM.
        server_tls_key_file: Option<PathBuf> = FilePath, default None, at AtReload;
    }
}
