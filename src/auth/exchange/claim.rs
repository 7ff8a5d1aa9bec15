//! Who a client says it is, and the proof that it is so.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::Exchange;
use super::start::State;
use crate::auth::{Credential, Failure, Method, Request, Secret, Step};

/// Proof that a client is the user it says it is. Only an [`Exchange`] makes one.
#[derive(Debug)]
pub struct Proven {
    user: String,
    credential: Credential,
    last_message: Bytes,
}

impl Proven {
    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// With what a server can be logged in to in the user's name.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// What must be sent before AuthenticationOk: SCRAM's last word. Empty for other methods.
    pub fn last_message(&self) -> &Bytes {
        &self.last_message
    }
}

/// Who the client says it is, and why it will be refused whatever it shows, if so.
pub(super) struct Claim {
    user: String,
    doom: Option<Cow<'static, str>>,
}

impl Claim {
    /// A claim, and the secret that can check it: none for a claim that is doomed.
    pub(super) fn new(
        method: Method,
        user: &str,
        secret: Option<Arc<Secret>>,
    ) -> (Self, Option<Arc<Secret>>) {
        let doom = doom(method, secret.as_deref());
        let secret = secret.filter(|_| doom.is_none());
        (Self { user: user.to_owned(), doom }, secret)
    }

    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Believes the claim, if anything is known of the user.
    pub(super) fn trust(self, secret: Option<&Secret>) -> Step<Exchange, Proven> {
        match (secret, self.doom) {
            (Some(secret), None) => Step::Done(Proven {
                user: self.user,
                credential: secret.credential(),
                last_message: Bytes::new(),
            }),
            (_, doom) => Step::Failed(Failure::authorization(doom.unwrap_or(UNKNOWN))),
        }
    }

    /// Asks the client, and awaits its answer.
    pub(super) fn ask(request: &Request<'_>, state: State) -> Step<Exchange, Proven> {
        Step::Send(request.message(), Exchange::awaiting(state))
    }

    /// Believes the claim if what the client showed matches, and never when it is doomed.
    pub(super) fn judge(self, shown: Option<(Credential, Bytes)>) -> Step<Exchange, Proven> {
        match (self.doom, shown) {
            (Some(doom), _) => Step::Failed(Failure::password(doom)),
            (None, None) => Step::Failed(Failure::password("password does not match")),
            (None, Some((credential, last_message))) => {
                Step::Done(Proven { user: self.user, credential, last_message })
            }
        }
    }
}

const UNKNOWN: Cow<'static, str> = Cow::Borrowed(
    "nothing is known of the user; add it to auth_file, or give it a password in [users]",
);

/// Why no answer of the client's can be right.
fn doom(method: Method, secret: Option<&Secret>) -> Option<Cow<'static, str>> {
    match secret {
        None => Some(UNKNOWN),
        Some(_) if method == Method::Trust => None,
        Some(secret) if secret.is_empty() => {
            Some("the user's password is empty, which lets nobody in".into())
        }
        Some(Secret::Md5(_)) if method == Method::ScramSha256 => Some(
            "the user's secret is an md5 hash, which cannot check SCRAM; \
             set auth_type to md5, or store a SCRAM-SHA-256 secret"
                .into(),
        ),
        Some(_) => None,
    }
}
