//! SCRAM-SHA-256 (RFC 5802, RFC 7677) as PostgreSQL speaks it, without channel binding.
//!
//! ```text
//! client                                server
//!   n,,n=,r=<nonce>            ------>           client-first
//!                              <------           server-first   r=<nonce+ours>,s=<salt>,i=<count>
//!   c=biws,r=<both>,p=<proof>  ------>           client-final
//!                              <------           server-final   v=<signature>
//! ```
//!
//! [`ScramKeys`] make proofs, a [`Verifier`] checks them. `server` and `client` are the two halves;
//! `message` parses what either hears. postgres-protocol's `ScramSha256` is the peer in the tests
//! and not the client here: it has no entrance for keys without a password, hands out none that
//! could be remembered, makes its own random bytes, and refuses more than 100,000 iterations, which
//! is less than current advice (600,000) for PBKDF2.

mod attributes;
mod client;
mod keys;
mod message;
mod salting;
mod server;
mod verifier;

pub use keys::ScramKeys;
pub use message::{ClientFinal, ClientFirst, ServerFinal, ServerFirst};
pub use salting::{Iterations, Salting};
pub use verifier::Verifier;

pub(super) use client::{Challenge, ExpectServerFinal, ExpectServerFirst};
pub(super) use keys::hmac;
pub(super) use server::ExpectClientFinal;

/// The mechanism's name in SASL.
pub const MECHANISM: &str = "SCRAM-SHA-256";

/// Random bytes in a nonce, as many as PostgreSQL uses (`SCRAM_RAW_NONCE_LEN`).
pub const NONCE_BYTES: usize = 18;

/// The longest SCRAM message that is looked at: PostgreSQL's own limit for SASL messages
/// (`PG_MAX_SASL_MESSAGE_LENGTH` in `src/include/libpq/sasl.h`).
pub const MAX_MESSAGE_BYTES: usize = 1024;
