//! The client's half of SCRAM: it proves that it has the keys, then checks that the server does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::keys::ServerKey;
use super::{Salting, ScramKeys, ServerFinal, ServerFirst};
use crate::auth::Failure;

/// A client that has sent its nonce.
pub(in crate::auth) struct ExpectServerFirst {
    bare: String,
    nonce: String,
}

impl ExpectServerFirst {
    /// Begins: what to send, and what to expect then. The user is named in the startup message
    /// only, as in libpq.
    pub(in crate::auth) fn begin(nonce: &str) -> (String, Self) {
        let bare = format!("n=,r={nonce}");
        (format!("n,,{bare}"), Self { bare, nonce: nonce.to_owned() })
    }

    /// Reads the server's challenge, which says for which salting keys are needed.
    pub(in crate::auth) fn hear(self, message: &[u8]) -> Result<Challenge, Failure> {
        let first = ServerFirst::parse(message)?;
        match first.nonce.strip_prefix(&self.nonce) {
            None | Some("") => Err(Failure::protocol("server did not add to the SCRAM nonce")),
            Some(_) => Ok(Challenge {
                said: [self.bare.as_bytes(), message, b""].join(&b','),
                nonce: first.nonce.to_owned(),
                salting: first.salting,
            }),
        }
    }
}

/// A server's challenge.
pub(in crate::auth) struct Challenge {
    pub(in crate::auth) salting: Salting,
    nonce: String,
    /// client-first-bare and server-first, with a comma at the end.
    said: Vec<u8>,
}

impl Challenge {
    /// Answers with a proof by keys of the same salting: what to send, and what to expect then.
    pub(in crate::auth) fn answer(self, keys: &ScramKeys) -> (String, ExpectServerFinal) {
        let without_proof = format!("c=biws,r={}", self.nonce);
        let said = [self.said.as_slice(), without_proof.as_bytes()].concat();
        let proof = STANDARD.encode(keys.client.proof(&said));
        let expect = ExpectServerFinal { server: keys.server.clone(), said };
        (format!("{without_proof},p={proof}"), expect)
    }
}

/// A client that has sent its proof.
pub(in crate::auth) struct ExpectServerFinal {
    server: ServerKey,
    said: Vec<u8>,
}

impl ExpectServerFinal {
    /// Checks the server's signature: only who knows the user's secret can make it.
    pub(in crate::auth) fn check(self, message: &[u8]) -> Result<(), Failure> {
        let last = ServerFinal::parse(message)?;
        if self.server.signed(&last.signature, &self.said) {
            return Ok(());
        }
        Err(Failure::authorization(
            "server's SCRAM signature is wrong: it does not have the user's secret, \
             and may not be the server that it says it is",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Iterations;
    use super::*;

    const SERVER_FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                                s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    /// The client of RFC 7677 names its user, which ours never does.
    fn rfc_client() -> ExpectServerFirst {
        let nonce = "rOprNGfwEbeRWgbNEkqO".to_owned();
        ExpectServerFirst { bare: format!("n=user,r={nonce}"), nonce }
    }

    fn rfc_answer() -> (String, ExpectServerFinal) {
        let challenge = rfc_client().hear(SERVER_FIRST.as_bytes()).unwrap();
        assert_eq!(challenge.salting.iterations(), Iterations::DEFAULT);
        let keys = ScramKeys::derive(b"pencil", &challenge.salting);
        challenge.answer(&keys)
    }

    #[test]
    fn it_is_the_client_of_rfc_7677() {
        let (message, expect) = rfc_answer();
        assert_eq!(
            message,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        expect.check(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap();
    }

    #[test]
    fn a_server_that_cannot_sign_is_not_believed() {
        let (_, expect) = rfc_answer();
        let failure = expect.check(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").unwrap_err();
        assert!(failure.reason.contains("signature"));
    }

    #[test]
    fn a_server_must_add_to_the_nonce() {
        for nonce in ["rOprNGfwEbeRWgbNEkqO", "another", "rOprNGfwEbeRWgbNEkq"] {
            let message = format!("r={nonce},s=c2FsdA==,i=1");
            assert!(rfc_client().hear(message.as_bytes()).is_err(), "{nonce}");
        }
    }

    #[test]
    fn it_begins_without_a_name() {
        assert_eq!(ExpectServerFirst::begin("abc").0, "n,,n=,r=abc");
    }
}
