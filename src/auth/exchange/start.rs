//! An exchange as its caller sees it: begun once, then moved by the client's messages.

use std::fmt;
use std::sync::Arc;

use super::Proven;
use super::claim::Claim;
use super::md5::ExpectMd5;
use super::plain::ExpectPassword;
use super::scram::{ExpectClientFirst, ExpectProof};
use crate::auth::scram::NONCE_BYTES;
use crate::auth::{Method, Password, Salts, Secret, Step};

/// An exchange that awaits the client's next message of type `p`.
///
/// Nothing a client sees tells a user who is not known from one who is, save this: under
/// [`Method::Md5`] a SCRAM verifier is asked for by SCRAM and everything else by md5; under
/// [`Method::Plain`] a plain or md5 secret is checked faster than the others; and the first SCRAM
/// login by a plain secret waits for a [`Derivation`](crate::auth::Derivation), unless
/// [`Password::derive`] was called with [`Salts::of`] the user before.
pub struct Exchange(State);

/// Above every hash and SCRAM message, as in PostgreSQL (`PG_MAX_SASL_MESSAGE_LENGTH` in
/// `src/backend/libpq/auth-sasl.c`).
const MAX_PROOF_BYTES: usize = 1_024;

pub(super) enum State {
    ExpectPassword(ExpectPassword),
    ExpectMd5(ExpectMd5),
    ExpectClientFirst(ExpectClientFirst),
    ExpectClientFinal(ExpectProof),
}

impl Exchange {
    /// The longest body of the message that is awaited: a longer one fails, so that a caller need
    /// not collect it. Only a password in clear may be long.
    pub fn max_body_bytes(&self) -> usize {
        match self.0 {
            State::ExpectPassword(_) => Password::MAX_BYTES + 1,
            _ => MAX_PROOF_BYTES,
        }
    }

    /// Begins: asks the client for the proof that `method` wants of `user`.
    ///
    /// `secret` is what is known of the user, `None` if nothing is; [`Method::Trust`] lets any user
    /// in of whom something is. `random` becomes the nonce or the salt of this exchange.
    pub fn start(
        method: Method,
        user: &str,
        secret: Option<Arc<Secret>>,
        salts: &Salts,
        random: [u8; NONCE_BYTES],
    ) -> Step<Self, Proven> {
        let (claim, secret) = Claim::new(method, user, secret);
        match (method, secret) {
            (Method::Trust, secret) => claim.trust(secret.as_deref()),
            (Method::Plain, secret) => ExpectPassword::ask(claim, secret, salts),
            (Method::Md5, Some(secret)) if matches!(*secret, Secret::Scram(_)) => {
                ExpectClientFirst::ask(claim, Some(&secret), salts, random)
            }
            (Method::Md5, secret) => ExpectMd5::ask(claim, secret.as_deref(), random),
            (Method::ScramSha256, secret) => {
                ExpectClientFirst::ask(claim, secret.as_deref(), salts, random)
            }
        }
    }

    /// Hears the body of the client's next message of type `p`. Any other type in its place is for
    /// the caller to refuse.
    pub fn on_message(self, body: &[u8]) -> Step<Self, Proven> {
        let next = match self.0 {
            State::ExpectPassword(state) => state.on_message(body),
            State::ExpectMd5(state) => state.on_message(body),
            State::ExpectClientFirst(state) => state.on_message(body),
            State::ExpectClientFinal(state) => state.on_message(body),
        };
        next.unwrap_or_else(Step::Failed)
    }

    pub(super) fn awaiting(state: State) -> Self {
        Self(state)
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            State::ExpectPassword(_) => "ExpectPassword",
            State::ExpectMd5(_) => "ExpectMd5",
            State::ExpectClientFirst(_) => "ExpectClientFirst",
            State::ExpectClientFinal(_) => "ExpectClientFinal",
        })
    }
}
