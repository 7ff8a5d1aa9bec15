//! What we can show to a server in a user's name.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::scram::ScramKeys;
use super::{Md5Hash, Password};

/// What is at hand to log in to a server; each kind answers fewer requests than the one above it.
#[derive(Debug, Clone)]
pub enum Credential {
    /// The password itself: answers every request.
    Password(Arc<Password>),
    /// SCRAM keys won from a client's proof ("pass-through"): answer SCRAM, and only of a server
    /// whose secret of the user has the same salt and iteration count.
    Scram(Arc<ScramKeys>),
    /// The md5 hash: answers md5.
    Md5(Md5Hash),
    /// Nothing: enough for a server that trusts us.
    Nothing,
}

impl Credential {
    /// The kind, in words for an error.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Password(_) => "the password",
            Self::Scram(_) => "the SCRAM keys",
            Self::Md5(_) => "the md5 hash",
            Self::Nothing => "nothing",
        }
    }
}

/// Tells whether a configuration has another credential than the one before, without keeping it.
impl Hash for Credential {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kind().hash(state);
        match self {
            Self::Password(password) => password.reveal().hash(state),
            Self::Scram(keys) => keys.verifier().hash(state),
            Self::Md5(hash) => hash.digits().hash(state),
            Self::Nothing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher, RandomState};

    use super::super::tests::{md5, password, salts};
    use super::*;

    #[test]
    fn another_credential_has_another_hash() {
        let state = RandomState::new();
        let all = || {
            let scram = |text| Credential::Scram(password(text).derive(&salts().of("ann")));
            [
                Credential::Password(password("pencil")),
                Credential::Password(password("pen")),
                scram("pencil"),
                scram("pen"),
                md5("pencil").credential(),
                md5("pen").credential(),
                Credential::Nothing,
            ]
        };
        let hashes = || all().map(|credential| state.hash_one(credential));
        assert_eq!(hashes(), hashes());
        let mut sorted = hashes().to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), all().len());
    }
}
