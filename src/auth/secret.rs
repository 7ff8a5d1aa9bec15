//! What is known of a user's password.

use std::sync::Arc;

use subtle::ConstantTimeEq;

use super::scram::{Iterations, Verifier};
use super::{Credential, Md5Hash, Password, StoredSecret};

/// What is known of a user's password, in one of the forms that PostgreSQL stores and PgBouncer's
/// auth_file holds. `Debug` shows its form only.
#[derive(Debug)]
pub enum Secret {
    /// The password itself.
    Plain(Arc<Password>),
    /// Its md5 hash, salted with the user's name.
    Md5(Md5Hash),
    /// What checks a SCRAM proof and makes none.
    Scram(StoredSecret),
}

/// A text that starts like a SCRAM secret and is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedSecret {
    /// The parts are not there, not base64, or of a wrong size.
    #[error("malformed SCRAM secret, expected SCRAM-SHA-256$iterations:salt$stored_key:server_key")]
    Scram,
    /// Zero iterations, or more than pgweir accepts.
    #[error("SCRAM secret with an iteration count outside 1 to {}", Iterations::MAX)]
    Iterations,
    /// Longer than PostgreSQL accepts from a client.
    #[error("password longer than {} bytes", Password::MAX_BYTES)]
    TooLong,
}

impl Secret {
    /// Parses what `pg_authid.rolpassword` stores: `md5` and 32 hex digits, a SCRAM-SHA-256
    /// verifier, or else a password in plain text.
    ///
    /// # Errors
    /// When a text starts with `SCRAM-SHA-256$` and is not a verifier. PostgreSQL would take it for
    /// a password; it is a slip of the pen much more often.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        if let Some(hash) = Md5Hash::parse(text) {
            return Ok(Self::Md5(hash));
        }
        if text.starts_with(Verifier::PREFIX) {
            return Verifier::parse(text).map(|verifier| Self::Scram(StoredSecret::new(verifier)));
        }
        if text.len() > Password::MAX_BYTES {
            return Err(MalformedSecret::TooLong);
        }
        Ok(Self::Plain(Arc::new(Password::new(text.as_bytes()))))
    }

    /// What a server can be shown on the strength of the secret alone.
    pub fn credential(&self) -> Credential {
        match self {
            Self::Plain(password) if !password.is_empty() => Credential::Password(password.clone()),
            Self::Md5(hash) => Credential::Md5(hash.clone()),
            Self::Plain(_) | Self::Scram(_) => Credential::Nothing,
        }
    }

    /// Whether it is the same secret: one that was read before has keys that need not be derived again.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(one), Self::Plain(other)) => one.reveal().ct_eq(other.reveal()).into(),
            (Self::Md5(one), Self::Md5(other)) => one == other,
            (Self::Scram(one), Self::Scram(other)) => one.verifier() == other.verifier(),
            _ => false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Plain(password) if password.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use postgres_protocol::password;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_is_told_by_its_text() {
        let scram = password::scram_sha_256(b"pencil");
        let md5 = password::md5(b"pencil", "ann");
        assert!(matches!(Secret::parse(&scram), Ok(Secret::Scram(_))));
        assert!(matches!(Secret::parse(&md5), Ok(Secret::Md5(_))));
        assert!(matches!(Secret::parse("pencil"), Ok(Secret::Plain(_))));
        assert!(matches!(Secret::parse("md5pencil"), Ok(Secret::Plain(_))));
    }

    #[test]
    fn a_broken_verifier_is_not_taken_for_a_password() {
        let error = Secret::parse("SCRAM-SHA-256$4096:c2FsdA==$oops").unwrap_err();
        assert_eq!(error, MalformedSecret::Scram);
        let long = "x".repeat(Password::MAX_BYTES + 1);
        assert_eq!(Secret::parse(&long).unwrap_err(), MalformedSecret::TooLong);
    }

    #[test]
    fn debug_shows_the_form_only() {
        assert_eq!(format!("{:?}", Secret::parse("pencil").unwrap()), "Plain(Password(..))");
        let md5 = Secret::parse(&password::md5(b"pencil", "ann")).unwrap();
        assert_eq!(format!("{md5:?}"), "Md5(Md5Hash(..))");
        let scram = Secret::parse(&password::scram_sha_256(b"pencil")).unwrap();
        assert_eq!(format!("{scram:?}"), "Scram(Verifier(..))");
    }

    #[test]
    fn a_secret_is_the_same_as_one_of_its_form_and_text() {
        let scram = password::scram_sha_256(b"pencil");
        let md5 = password::md5(b"pencil", "ann");
        let other = password::scram_sha_256(b"pencil");
        let texts = ["pencil", "pen", "", &scram, &other, &md5];
        for one in texts {
            for two in texts {
                let same = Secret::parse(one).unwrap().is_same(&Secret::parse(two).unwrap());
                assert_eq!(same, one == two, "{one} {two}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "(SCRAM-SHA-256\\$|md5|)[ -~]{0,80}") {
            let _ = Secret::parse(&text);
        }
    }
}
