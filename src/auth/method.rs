//! How a client must prove who it is: PgBouncer's `auth_type`.

use std::fmt;
use std::str::FromStr;

/// A method of authentication, spelt and meant as in PgBouncer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// No proof is asked for, but the user must be known.
    Trust,
    /// The password in clear, checked against any kind of secret.
    Plain,
    /// The md5 exchange; users whose secret is a SCRAM verifier get SCRAM instead.
    Md5,
    /// SCRAM, for users whose secret is a SCRAM verifier or plain.
    ScramSha256,
}

impl Method {
    const ALL: [Self; 4] = [Self::Trust, Self::Plain, Self::Md5, Self::ScramSha256];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trust => "trust",
            Self::Plain => "plain",
            Self::Md5 => "md5",
            Self::ScramSha256 => "scram-sha-256",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(word: &str) -> Result<Self, UnknownMethod> {
        Self::ALL.into_iter().find(|method| method.as_str() == word).ok_or(UnknownMethod)
    }
}

/// A word that is no method; the message lists those that are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown auth_type, expected trust, plain, md5 or scram-sha-256")]
pub struct UnknownMethod;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_is_parsed_from_its_word_and_listed_in_the_error() {
        for method in Method::ALL {
            assert_eq!(method.to_string().parse(), Ok(method));
            assert!(UnknownMethod.to_string().contains(method.as_str()));
        }
        assert_eq!("SCRAM".parse::<Method>(), Err(UnknownMethod));
    }
}
