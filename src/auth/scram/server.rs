//! The server's half of SCRAM: it challenges, then checks the proof.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ClientFinal, ClientFirst, ScramKeys, Verifier};
use crate::auth::Failure;

/// A server that has sent its challenge.
pub(in crate::auth) struct ExpectClientFinal {
    verifier: Verifier,
    /// What the client said about channel binding, which it must repeat under its signature.
    binding: &'static str,
    /// Both nonces.
    nonce: String,
    /// client-first-bare and server-first, with a comma at the end.
    said: Vec<u8>,
}

impl ExpectClientFinal {
    /// Answers a client's first message: what to send, and what to expect then.
    pub(in crate::auth) fn challenge(
        first: &ClientFirst,
        verifier: Verifier,
        nonce: &str,
    ) -> (String, Self) {
        let nonce = format!("{}{nonce}", first.nonce);
        let salt = STANDARD.encode(verifier.salting.salt());
        let message = format!("r={nonce},s={salt},i={}", verifier.salting.iterations());
        let said = [&first.bare, message.as_bytes(), b""].join(&b',');
        (message, Self { verifier, binding: first.binding, nonce, said })
    }

    /// Checks the client's proof: our own signature to send, and the keys that the client has.
    pub(in crate::auth) fn check(self, message: &[u8]) -> Result<(String, ScramKeys), Failure> {
        let last = ClientFinal::parse(message)?;
        if last.nonce != self.nonce {
            return Err(Failure::protocol("SCRAM nonce is not the one that was sent"));
        }
        if last.binding != self.binding.as_bytes() {
            return Err(Failure::protocol("SCRAM channel binding is not the one agreed on"));
        }
        let said = [self.said.as_slice(), last.without_proof].concat();
        let client = self.verifier.stored.check(&last.proof, &said);
        let client = client.ok_or_else(|| Failure::password("SCRAM proof does not match"))?;
        let signature = STANDARD.encode(self.verifier.server.sign(&said));
        Ok((format!("v={signature}"), self.verifier.keys(client)))
    }
}

#[cfg(test)]
mod tests {
    use postgres_protocol::authentication::sasl::{ChannelBinding, ScramSha256};

    use super::super::{Iterations, Salting};
    use super::*;
    use crate::auth::Class;

    fn rfc_verifier() -> Verifier {
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        Verifier::derive(b"pencil", &Salting::new(&salt, Iterations::DEFAULT).unwrap())
    }

    const RFC_NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const RFC_FINAL: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn rfc_challenge() -> (String, ExpectClientFinal) {
        let first = ClientFirst::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
        ExpectClientFinal::challenge(&first, rfc_verifier(), RFC_NONCE)
    }

    #[test]
    fn it_is_the_server_of_rfc_7677() {
        let (message, expect) = rfc_challenge();
        assert_eq!(
            message,
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
        );
        let (message, keys) = expect.check(RFC_FINAL.as_bytes()).unwrap();
        assert_eq!(message, "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(rfc_verifier().accepts(&keys));
    }

    #[test]
    fn a_library_that_knows_the_password_gets_in_and_believes_us() {
        let mut client = ScramSha256::new(b"pencil", ChannelBinding::unrequested());
        let first = ClientFirst::parse(client.message()).unwrap();
        let (message, expect) = ExpectClientFinal::challenge(&first, rfc_verifier(), "ours");
        client.update(message.as_bytes()).unwrap();
        let (message, _) = expect.check(client.message()).unwrap();
        client.finish(message.as_bytes()).unwrap();
    }

    #[test]
    fn whatever_is_changed_under_the_signature_breaks_it() {
        let cases = [
            ("p=dH", "p=dI", Class::InvalidPassword),
            ("k0,p", "k0,x=y,p", Class::InvalidPassword),
            ("$k0", "$k1", Class::ProtocolViolation),
            ("c=biws", "c=eSws", Class::ProtocolViolation),
        ];
        for (from, to, class) in cases {
            let (_, expect) = rfc_challenge();
            let Err(failure) = expect.check(RFC_FINAL.replace(from, to).as_bytes()) else {
                panic!("{from} to {to} was accepted");
            };
            assert_eq!(failure.class, class, "{from} to {to}");
        }
    }
}
