//! What speaks against running a statement on a replica.

use super::Reason;

/// The first thing found that a replica may not do, and its name in the statement if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objection {
    pub(crate) reason: Reason,
    /// A function or relation, as the statement spells it.
    pub(crate) subject: Option<String>,
}

impl Objection {
    pub(crate) fn to(reason: Reason, subject: impl Into<String>) -> Self {
        Self { reason, subject: Some(subject.into()) }
    }
}

impl From<Reason> for Objection {
    fn from(reason: Reason) -> Self {
        Self { reason, subject: None }
    }
}
