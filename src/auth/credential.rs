//! What we can show to a server in a user's name.

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
