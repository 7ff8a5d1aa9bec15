//! The password in clear, checked against any kind of secret.

use std::sync::Arc;

use bytes::Bytes;

use super::claim::Claim;
use super::start::State;
use super::{Exchange, Next, Proven};
use crate::auth::response;
use crate::auth::scram::Verifier;
use crate::auth::{Credential, Failure, Md5Hash, Password, Request, Salts, Secret, Step};

/// A client was asked for its password.
pub(super) struct ExpectPassword {
    claim: Claim,
    check: Check,
}

enum Check {
    Secret(Arc<Secret>),
    /// Takes as long as a verifier, the form that secrets should have.
    Mock(Verifier),
}

impl ExpectPassword {
    pub(super) fn ask(
        claim: Claim,
        secret: Option<Arc<Secret>>,
        salts: &Salts,
    ) -> Step<Exchange, Proven> {
        let mock = salts.mock(claim.user());
        let check = secret.map_or(Check::Mock(mock), Check::Secret);
        Claim::ask(&Request::CleartextPassword, State::ExpectPassword(Self { claim, check }))
    }

    pub(super) fn on_message(self, body: &[u8]) -> Next {
        let shown = Password::new(response::password(body)?);
        if shown.is_empty() {
            return Err(Failure::password("client sent an empty password"));
        }
        let claim = self.claim;
        let secret = match self.check {
            Check::Secret(secret) => secret,
            Check::Mock(verifier) => return Ok(by_verifier(claim, verifier, shown)),
        };
        match &*secret {
            Secret::Scram(stored) => match stored.recall(&shown) {
                Some(password) => Ok(judge(claim, true, Credential::Password(password))),
                None => Ok(by_stored(claim, secret, shown)),
            },
            Secret::Plain(known) => {
                Ok(judge(claim, known.matches(&shown), Credential::Password(known.clone())))
            }
            Secret::Md5(known) => {
                let matches = *known == Md5Hash::of(claim.user(), shown.reveal());
                Ok(judge(claim, matches, Credential::Password(Arc::new(shown))))
            }
        }
    }
}

fn by_stored(claim: Claim, secret: Arc<Secret>, shown: Password) -> Step<Exchange, Proven> {
    Step::derive(move || {
        let accepted = match &*secret {
            Secret::Scram(stored) => stored.check(shown),
            Secret::Plain(_) | Secret::Md5(_) => None,
        };
        claim.judge(accepted.map(|password| (Credential::Password(password), Bytes::new())))
    })
}

/// Of a user who is not known: takes as long, and never fits.
fn by_verifier(claim: Claim, verifier: Verifier, shown: Password) -> Step<Exchange, Proven> {
    Step::derive(move || {
        let keys = shown.derive(verifier.salting());
        judge(claim, verifier.accepts(&keys), Credential::Password(Arc::new(shown)))
    })
}

fn judge(claim: Claim, matches: bool, credential: Credential) -> Step<Exchange, Proven> {
    claim.judge(matches.then(|| (credential, Bytes::new())))
}
