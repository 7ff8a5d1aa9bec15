//! TLS without sockets: bytes that came in, bytes to send out, and who the peer has proven to be.
//!
//! * [`hello`]: does a connection begin with TLS (direct TLS), or with something else?
//! * [`mode`]: the six `sslmode` words and what each asks of either side.
//! * [`acceptor`]: [`ClientTls`], built from `client_tls_*`; makes a session for a client.
//! * [`connector`]: [`ServerTls`], built from `server_tls_*`; makes a session to a server.
//! * [`session`]: [`TlsSession`], which both make: ciphertext in and out, plaintext in and out.
//! * [`web_client`]: towards a server of the web, which is no PostgreSQL.
//! * [`expiry`]: when a certificate ends.
//! * [`error`]: why a session ended; [`setup`]: why settings cannot be used.
//!
//! Underneath: `pem` reads what the files hold, `roots` knows whom to trust, `verifier` checks
//! servers as the mode asks, with `host_name` and `version1` for what webpki does not take and libpq
//! does (`certificate` reads such a one); `provider` is the one choice of cryptography. A reload builds a new
//! `ClientTls` or `ServerTls`; sessions keep the configuration with which they began.

pub mod acceptor;
mod certificate;
pub mod connector;
pub mod error;
pub mod expiry;
pub mod hello;
mod host_name;
pub mod mode;
mod pem;
mod provider;
mod roots;
pub mod session;
pub mod setup;
mod verifier;
mod version1;
mod web;

#[cfg(test)]
mod fixture;

pub use acceptor::{ClientTls, ClientTlsPem};
pub use connector::{ServerTls, ServerTlsPem};
pub use error::TlsError;
pub use mode::{Attempt, SslMode};
pub use session::{Received, TlsSession};
pub use setup::SetupError;
pub use web::web_client;
