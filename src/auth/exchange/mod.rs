//! The talk with a client that must prove who it is; we are the server.
//!
//! `start` holds [`Exchange`], the door in; each method's states are in a file of their own, named
//! for the message that they await; `claim` holds the one place where [`Proven`] is made.
//!
//! ```text
//!              trust ----------------------------------------------> Proven
//!              plain --> ExpectPassword ---------------------------> Proven, or Failure
//! start -----> md5 ----> ExpectMd5 --------------------------------> Proven, or Failure
//!              scram --> ExpectClientFirst --> ExpectClientFinal --> Proven, or Failure
//! ```
//!
//! A user who is not known, or whose secret does not fit the method, is led through the same states
//! by a mock secret, to be refused at the end with the words for a wrong password.

mod claim;
mod md5;
mod plain;
mod scram;
mod start;

pub use claim::Proven;
pub use start::Exchange;

use super::{Failure, Step};

/// Where an exchange goes next, or what was wrong with the client's message.
type Next = Result<Step<Exchange, Proven>, Failure>;

#[cfg(test)]
mod tests;
