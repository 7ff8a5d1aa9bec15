//! The four messages of SCRAM, parsed strictly (RFC 5802 section 7).

use super::attributes::{Attributes, malformed};
use super::{Iterations, Salting};
use crate::auth::Failure;

/// `n,,n=<user>,r=<nonce>`: a client begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientFirst {
    /// Base64 of the header before the rest of the message; client-final must repeat it.
    pub binding: &'static str,
    /// The message without that header: the first part of what is signed.
    pub bare: Vec<u8>,
    /// The client's nonce.
    pub nonce: String,
}

impl ClientFirst {
    /// Parses the message. Its user name is passed over, as PostgreSQL does: the one in the startup
    /// message counts.
    ///
    /// # Errors
    /// What is malformed, and what is not supported: channel binding, another identity to act
    /// under, mandatory extensions.
    pub fn parse(message: &[u8]) -> Result<Self, Failure> {
        let mut parts = Attributes::new(message)?;
        let binding = channel_binding(parts.part()?)?;
        if !parts.part()?.is_empty() {
            return Err(Failure::protocol("client uses a SCRAM authorization identity"));
        }
        let bare = parts.rest().to_vec();
        parts.no_mandatory()?;
        parts.value(b'n')?;
        let nonce = parts.nonce()?.to_owned();
        parts.extensions(None)?;
        Ok(Self { binding, bare, nonce })
    }
}

/// Reads the flag of RFC 5802 section 6. `y`, "I could, you cannot", is right: we never offer it.
fn channel_binding(flag: &[u8]) -> Result<&'static str, Failure> {
    match flag {
        b"n" => Ok("biws"),
        b"y" => Ok("eSws"),
        [b'p', ..] => Err(Failure::protocol(
            "client requires SCRAM channel binding, which pgweir does not support; \
             set channel_binding to prefer or disable in the client",
        )),
        _ => Err(malformed("its channel binding flag is not n, y or p")),
    }
}

/// `c=<binding>,r=<nonce>,p=<proof>`: a client proves itself.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientFinal<'a> {
    /// The channel binding, still in base64.
    pub binding: &'a [u8],
    /// Both nonces.
    pub nonce: &'a str,
    /// The message up to the proof: the last part of what is signed.
    pub without_proof: &'a [u8],
    /// The proof.
    pub proof: [u8; 32],
}

impl<'a> ClientFinal<'a> {
    /// Parses the message.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn parse(message: &'a [u8]) -> Result<Self, Failure> {
        let mut parts = Attributes::new(message)?;
        let binding = parts.value(b'c')?;
        let nonce = parts.nonce()?;
        parts.extensions(Some(b'p'))?;
        let without_proof = parts.read();
        let proof = parts.base64_32(b'p')?;
        parts.end()?;
        Ok(Self { binding, nonce, without_proof, proof })
    }
}

/// `r=<nonce>,s=<salt>,i=<iterations>`: a server says how it salts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFirst<'a> {
    /// Both nonces.
    pub nonce: &'a str,
    /// The salt and the iteration count, within our limits.
    pub salting: Salting,
}

impl<'a> ServerFirst<'a> {
    /// Parses the message.
    ///
    /// # Errors
    /// When it is malformed, or beyond the limits of [`Salting`] and [`Iterations`].
    pub fn parse(message: &'a [u8]) -> Result<Self, Failure> {
        let mut parts = Attributes::new(message)?;
        parts.no_mandatory()?;
        let nonce = parts.nonce()?;
        let salt = parts.base64(b's')?;
        let iterations = Iterations::parse(parts.value(b'i')?).ok_or_else(wrong_iterations)?;
        parts.extensions(None)?;
        let salting = Salting::new(&salt, iterations);
        Ok(Self { nonce, salting: salting.ok_or_else(|| malformed("its salt has a wrong size"))? })
    }
}

fn wrong_iterations() -> Failure {
    Failure::protocol(format!(
        "server asks for a SCRAM iteration count outside 1 to {}; \
         lower scram_iterations in the server and set the user's password anew",
        Iterations::MAX
    ))
}

/// `v=<signature>` or `e=<error>`: a server proves itself, or gives up.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerFinal {
    /// The server's signature.
    pub signature: [u8; 32],
}

impl ServerFinal {
    /// Parses the message.
    ///
    /// # Errors
    /// When it is malformed, or when it is the server's refusal.
    pub fn parse(message: &[u8]) -> Result<Self, Failure> {
        let mut parts = Attributes::new(message)?;
        if parts.name() == Some(b'e') {
            let error = String::from_utf8_lossy(parts.value(b'e')?);
            return Err(Failure::password(format!("server refused the SCRAM proof: {error:?}")));
        }
        let signature = parts.base64_32(b'v')?;
        parts.extensions(None)?;
        Ok(Self { signature })
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
