//! What a statement's text needs from a host: the classifier's answer.

use std::fmt;

use serde::Serialize;

use super::Reason;

/// What a statement does, as far as its text proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Proven to only read, and to mean the same on a replica.
    Read,
    /// Reads or sets the session's own state; primary, but later reads need not see it.
    Session,
    /// Writes, or may write: primary.
    Write,
    /// Begins, ends or shapes a transaction: primary.
    Transaction,
}

impl Access {
    /// The word for JSON, logs and people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Session => "session",
            Self::Write => "write",
            Self::Transaction => "transaction",
        }
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The class of a whole text: what it does, and the one reason that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class {
    /// What the text does.
    pub access: Access,
    /// Why it is said to do that.
    pub reason: Reason,
}

impl Class {
    /// The only class that a replica may serve.
    pub const READ: Self = Self { access: Access::Read, reason: Reason::Read };

    /// Of something that cannot be read as a whole: only the primary can run anything.
    pub const UNREAD: Self = Self { access: Access::Write, reason: Reason::TooLong };

    /// Of what begins, ends or shapes a transaction.
    pub const TRANSACTION: Self = Self { access: Access::Transaction, reason: Reason::Transaction };

    /// The class of both together: the more demanding of the two.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        if other.demand() > self.demand() { other } else { self }
    }

    /// A number that [`Class::from_bits`] reads back.
    #[must_use]
    pub const fn to_bits(self) -> u16 {
        (self.access as u16) << 8 | self.reason as u16
    }

    /// The class of a number that [`Class::to_bits`] made.
    #[must_use]
    pub fn from_bits(bits: u16) -> Option<Self> {
        let [access, reason] = bits.to_be_bytes();
        let of_access = [Access::Read, Access::Session, Access::Write, Access::Transaction];
        let access = of_access.into_iter().find(|known| *known as u8 == access)?;
        let reason = *Reason::ALL.get(usize::from(reason))?;
        Some(Self { access, reason })
    }

    pub(crate) const fn write(reason: Reason) -> Self {
        Self { access: Access::Write, reason }
    }

    pub(crate) const fn session(reason: Reason) -> Self {
        Self { access: Access::Session, reason }
    }

    pub(crate) const fn transaction() -> Self {
        Self::TRANSACTION
    }

    /// How much this class asks of the host when statements share one text; the greatest wins.
    pub(crate) const fn demand(self) -> u8 {
        match self.access {
            Access::Read => 0,
            Access::Session => 1,
            Access::Write => 2,
            Access::Transaction => 3,
        }
    }
}
