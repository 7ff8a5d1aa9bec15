//! SCRAM inside of SASL: the client chooses it and begins, is challenged, and shows its proof.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::claim::Claim;
use super::start::State;
use super::{Exchange, Next, Proven};
use crate::auth::response::SaslInitial;
use crate::auth::scram::{
    ClientFirst, ExpectClientFinal, MECHANISM, NONCE_BYTES, Salting, Verifier,
};
use crate::auth::{Class, Credential, Failure, Password, Request, Salts, Secret, Step};

/// A client was offered SCRAM-SHA-256.
pub(super) struct ExpectClientFirst {
    claim: Claim,
    check: Check,
    nonce: String,
}

enum Check {
    Verifier(Verifier),
    /// A verifier must be derived, once.
    Password(Arc<Password>, Salting),
}

impl ExpectClientFirst {
    pub(super) fn ask(
        claim: Claim,
        secret: Option<&Secret>,
        salts: &Salts,
        random: [u8; NONCE_BYTES],
    ) -> Step<Exchange, Proven> {
        // Made for every user, so that it takes no time of its own for those who are not known.
        let mock = salts.mock(claim.user());
        let check = match secret {
            Some(Secret::Scram(stored)) => Check::Verifier(stored.verifier().clone()),
            Some(Secret::Plain(password)) => {
                Check::Password(password.clone(), mock.salting().clone())
            }
            Some(Secret::Md5(_)) | None => Check::Verifier(mock),
        };
        let nonce = STANDARD.encode(random);
        let state = State::ExpectClientFirst(Self { claim, check, nonce });
        Claim::ask(&Request::Sasl(vec![MECHANISM]), state)
    }

    pub(super) fn on_message(self, body: &[u8]) -> Next {
        let initial = SaslInitial::parse(body)?;
        if initial.mechanism != MECHANISM.as_bytes() {
            return Err(Failure::protocol("client chose a SASL mechanism that was not offered"));
        }
        let first = ClientFirst::parse(initial.data)?;
        let (claim, nonce) = (self.claim, self.nonce);
        let (password, salting) = match self.check {
            Check::Verifier(verifier) => {
                return Ok(ExpectProof::ask(claim, &first, verifier, &nonce, None));
            }
            Check::Password(password, salting) => (password, salting),
        };
        if let Some(keys) = password.keys(&salting) {
            return Ok(ExpectProof::ask(claim, &first, keys.verifier(), &nonce, Some(password)));
        }
        Ok(Step::derive(move || {
            let keys = password.derive(&salting);
            ExpectProof::ask(claim, &first, keys.verifier(), &nonce, Some(password))
        }))
    }
}

/// A client was challenged to show its proof.
pub(super) struct ExpectProof {
    claim: Claim,
    expect: ExpectClientFinal,
    /// Where the verifier was derived from; logs in to more servers than the proof's keys do.
    password: Option<Arc<Password>>,
}

impl ExpectProof {
    fn ask(
        claim: Claim,
        first: &ClientFirst,
        verifier: Verifier,
        nonce: &str,
        password: Option<Arc<Password>>,
    ) -> Step<Exchange, Proven> {
        let (challenge, expect) = ExpectClientFinal::challenge(first, verifier, nonce);
        let state = State::ExpectClientFinal(Self { claim, expect, password });
        Claim::ask(&Request::SaslContinue(challenge.as_bytes()), state)
    }

    pub(super) fn on_message(self, body: &[u8]) -> Next {
        let (signature, keys) = match self.expect.check(body) {
            Err(failure) if failure.class == Class::InvalidPassword => {
                return Ok(self.claim.judge(None));
            }
            checked => checked?,
        };
        let credential = match self.password {
            Some(password) => Credential::Password(password),
            None => Credential::Scram(Arc::new(keys)),
        };
        let last_message = Request::SaslFinal(signature.as_bytes()).message();
        Ok(self.claim.judge(Some((credential, last_message))))
    }
}
