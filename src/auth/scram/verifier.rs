//! What a server keeps of a password: enough to check a SCRAM proof, too little to make one.

use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::keys::{ClientKey, ServerKey, StoredKey};
use super::{Iterations, MAX_MESSAGE_BYTES, Salting, ScramKeys};
use crate::auth::MalformedSecret;

/// A SCRAM-SHA-256 secret as in `pg_authid.rolpassword` (PostgreSQL's manual, "pg_authid").
#[derive(Clone, PartialEq)]
pub struct Verifier {
    pub(super) salting: Salting,
    pub(super) stored: StoredKey,
    pub(super) server: ServerKey,
}

impl Verifier {
    pub(in crate::auth) const PREFIX: &str = "SCRAM-SHA-256$";

    pub(in crate::auth) fn new(salting: Salting, stored: [u8; 32], server: [u8; 32]) -> Self {
        Self { salting, stored: StoredKey(stored), server: ServerKey(server) }
    }

    /// Derives the verifier of a password; costs what [`Derivation`](crate::auth::Derivation) says.
    pub fn derive(password: &[u8], salting: &Salting) -> Self {
        ScramKeys::derive(password, salting).verifier()
    }

    /// Parses `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>`.
    ///
    /// # Errors
    /// When it has another form, or an iteration count outside of [`Iterations`].
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        if text.len() > MAX_MESSAGE_BYTES {
            return Err(MalformedSecret::Scram);
        }
        let parts = Parts::split(text).ok_or(MalformedSecret::Scram)?;
        let iterations =
            Iterations::parse(parts.iterations.as_bytes()).ok_or(MalformedSecret::Iterations)?;
        parts.decode(iterations).ok_or(MalformedSecret::Scram)
    }

    /// The salt and iteration count that a client is told.
    pub fn salting(&self) -> &Salting {
        &self.salting
    }

    /// Whether keys derived from a password by the same salting are the right ones.
    pub(in crate::auth) fn accepts(&self, keys: &ScramKeys) -> bool {
        keys.client.stored() == self.stored
    }

    /// The keys of the password's owner, given the client's key from a proof.
    pub(super) fn keys(self, client: ClientKey) -> ScramKeys {
        ScramKeys { salting: self.salting, client, server: self.server }
    }
}

impl Hash for Verifier {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.salting.salt(), self.salting.iterations().count()).hash(state);
        (self.stored.0, self.server.0).hash(state);
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier(..)")
    }
}

struct Parts<'a> {
    iterations: &'a str,
    salt: &'a str,
    stored: &'a str,
    server: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (salting, keys) = text.strip_prefix(Verifier::PREFIX)?.split_once('$')?;
        let (iterations, salt) = salting.split_once(':')?;
        let (stored, server) = keys.split_once(':')?;
        Some(Self { iterations, salt, stored, server })
    }

    fn decode(&self, iterations: Iterations) -> Option<Verifier> {
        let salting = Salting::new(&STANDARD.decode(self.salt).ok()?, iterations)?;
        Some(Verifier::new(salting, decode_key(self.stored)?, decode_key(self.server)?))
    }
}

fn decode_key(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use postgres_protocol::password;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_the_verifier_that_postgres_stores() {
        let stored = Verifier::parse(&password::scram_sha_256(b"pencil")).unwrap();
        let derived = Verifier::derive(b"pencil", stored.salting());
        assert!(derived.stored == stored.stored && derived.server == stored.server);
        assert!(stored.accepts(&ScramKeys::derive(b"pencil", stored.salting())));
        assert!(!stored.accepts(&ScramKeys::derive(b"pen", stored.salting())));
    }

    #[test]
    fn what_is_not_one_is_refused() {
        let good = password::scram_sha_256(b"pencil");
        assert!(Verifier::parse(&good).is_ok());
        for bad in [
            good.replace("4096", "0"),
            good.replace("4096", "1000001"),
            good.replace(':', ";"),
            good.replace("SHA-256", "SHA-1"),
            format!("{good}="),
            "SCRAM-SHA-256$4096:$:".to_owned(),
            good.replace("4096:", &format!("4096:{}", "A".repeat(1024))),
        ] {
            assert!(Verifier::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cut_verifier_is_refused() {
        let whole = password::scram_sha_256(b"pencil");
        for end in 0..whole.len() {
            assert!(Verifier::parse(&whole[..end]).is_err(), "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "SCRAM-SHA-256\\$[0-9]{0,8}:?\\PC{0,60}") {
            let _ = Verifier::parse(&text);
        }
    }
}
