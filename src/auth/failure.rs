//! Why an authentication failed: the reason for the log, and the little of it a client may know.

use std::borrow::Cow;

/// The end of an exchange or a login that did not succeed.
///
/// `Display` is the reason, for the log. It names settings and never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// What kind of failure it is, which decides its SQLSTATE and what a client may read.
    pub class: Class,
    /// What happened, and which setting changes it. For the log.
    pub reason: Cow<'static, str>,
}

/// The kinds of failure, named as in PostgreSQL's manual, appendix A "PostgreSQL Error Codes".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// What was shown does not fit what is known of the user, or nothing is known.
    InvalidPassword,
    /// What is configured can never work, whatever the peer shows.
    InvalidAuthorization,
    /// The peer broke the rules of the protocol, or needs a part of it that pgweir lacks.
    ProtocolViolation,
}

impl Class {
    /// The five characters that go into an ErrorResponse.
    pub fn sqlstate(self) -> &'static str {
        match self {
            Self::InvalidPassword => "28P01",
            Self::InvalidAuthorization => "28000",
            Self::ProtocolViolation => "08P01",
        }
    }
}

impl Failure {
    pub(super) fn password(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { class: Class::InvalidPassword, reason: reason.into() }
    }

    pub(super) fn authorization(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { class: Class::InvalidAuthorization, reason: reason.into() }
    }

    pub(super) fn protocol(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { class: Class::ProtocolViolation, reason: reason.into() }
    }

    /// What the client that asked for `user` is told.
    ///
    /// The same sentence whether the user is unknown, has no usable secret or gave a wrong
    /// password. A violation of the protocol is told as it is: it speaks of the client's own
    /// message, and is found before anything about the user is looked at.
    pub fn for_client(&self, user: &str) -> String {
        match self.class {
            Class::ProtocolViolation => self.reason.to_string(),
            Class::InvalidPassword | Class::InvalidAuthorization => {
                format!("password authentication failed for user \"{user}\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_not_told_why_its_password_failed() {
        let unknown = Failure::password("user is not in auth_file");
        let wrong = Failure::password("password does not match");
        assert_eq!(unknown.for_client("ann"), wrong.for_client("ann"));
        assert_eq!(wrong.for_client("ann"), "password authentication failed for user \"ann\"");
        assert_eq!(wrong.to_string(), "password does not match");
    }

    #[test]
    fn a_client_is_told_what_was_wrong_with_its_message() {
        let failure = Failure::protocol("malformed SCRAM message: no nonce");
        assert_eq!(failure.for_client("ann"), "malformed SCRAM message: no nonce");
        assert_eq!(failure.class.sqlstate(), "08P01");
    }
}
