//! The md5 exchange: a hash of the stored hash and a fresh salt.

use bytes::Bytes;
use postgres_protocol::authentication::md5_hash;
use subtle::ConstantTimeEq;

use super::claim::Claim;
use super::start::State;
use super::{Exchange, Next, Proven};
use crate::auth::response;
use crate::auth::scram::NONCE_BYTES;
use crate::auth::{Credential, Md5Hash, Request, Secret, Step};

/// A client was given a salt.
pub(super) struct ExpectMd5 {
    claim: Claim,
    expected: String,
    credential: Credential,
}

impl ExpectMd5 {
    pub(super) fn ask(
        claim: Claim,
        secret: Option<&Secret>,
        random: [u8; NONCE_BYTES],
    ) -> Step<Exchange, Proven> {
        let salt = [random[0], random[1], random[2], random[3]];
        let expected = match secret {
            Some(Secret::Plain(password)) => {
                md5_hash(claim.user().as_bytes(), password.reveal(), salt)
            }
            Some(Secret::Md5(hash)) => hash.answer(salt),
            Some(Secret::Scram(_)) | None => Md5Hash::of(claim.user(), &random).answer(salt),
        };
        let credential = secret.map_or(Credential::Nothing, Secret::credential);
        let state = State::ExpectMd5(Self { claim, expected, credential });
        Claim::ask(&Request::Md5Password(salt), state)
    }

    pub(super) fn on_message(self, body: &[u8]) -> Next {
        let shown = response::password(body)?;
        let matches = bool::from(self.expected.as_bytes().ct_eq(shown));
        Ok(self.claim.judge(matches.then(|| (self.credential, Bytes::new()))))
    }
}
