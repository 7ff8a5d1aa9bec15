//! One thing that a server owes: what, for whom, and what is taken back if it is skipped.

use super::names::{Known, Name, Names};
use super::statements::Statement;
use crate::ids::StatementId;
use std::sync::Arc;

/// What becomes of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The client asked, the client sees it.
    Forward,
    /// We asked; the client sees only an error.
    Skip,
}

/// What is taken back when an entry is aborted.
#[derive(Debug, PartialEq, Eq)]
pub enum Undo {
    /// Nothing.
    Nothing,
    /// The client's name for a statement: it was not prepared.
    Name(Name),
    /// A name that the client closed: it is still there.
    Closed(Name, Box<Known>),
    /// All names, which the client freed: they are still there.
    Freed(Box<Names>),
    /// Nothing: the client is told what the statement of this name takes and returns.
    Describes(Name),
    /// What was the unnamed statement before.
    Unnamed(Unnamed),
}

/// Stands for one unnamed `Parse` of one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp(pub(super) u64);

/// A session's unnamed statement.
#[derive(Clone, Debug, Default)]
pub enum Unnamed {
    /// There is none.
    #[default]
    Nothing,
    /// It can be prepared again anywhere. The stamp is that of its `Parse`.
    Kept(Arc<Statement>, Stamp),
    /// Its text was too long to keep: it lives on the server that it was sent to, until release.
    Unkept,
}

impl PartialEq for Unnamed {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Unnamed::Kept(_, a), Unnamed::Kept(_, b)) => a == b,
            (Unnamed::Nothing, Unnamed::Nothing) | (Unnamed::Unkept, Unnamed::Unkept) => true,
            _ => false,
        }
    }
}

impl Eq for Unnamed {}

/// What one message will be answered with.
#[derive(Debug, PartialEq, Eq)]
pub enum Owed {
    /// A simple query.
    Query,
    /// Our own simple query that aligns parameters.
    Align,
    /// Our own simple query that begins a transaction of the client's.
    Opening,
    /// Our own simple query that leads back to what the client started with.
    LeadBack,
    /// Our own simple query that asks for the role.
    Role,
    /// A function call.
    FunctionCall,
    /// A `Parse`; of a shared statement, where it is known which.
    Parse(Option<StatementId>),
    /// A `Parse` under a name that the client, which calls it so, has given already.
    Duplicate(Box<[u8]>),
    /// A `Parse` that no server takes, in the place of what we refuse: the client gets this error.
    Refused(Box<[u8]>),
    /// A `Bind` of a statement.
    Bind(Option<StatementId>),
    /// A `Describe` of a statement.
    DescribeStatement(Option<StatementId>),
    /// A `Describe` of a portal.
    DescribePortal,
    /// An `Execute`.
    Execute,
    /// A `Close`; our own names the statement that it closes.
    Close(Option<StatementId>),
    /// A `Sync`.
    Sync,
    /// An answer that we give in the server's place.
    Supplied(&'static [u8]),
    /// The client's `CopyDone` or `CopyFail`, sent before the server said that a COPY began.
    CopyEnd,
}

impl Owed {
    /// Whether it ends a unit of the client's: the server says that it is ready.
    pub fn ends_unit(&self) -> bool {
        matches!(self, Owed::Query | Owed::FunctionCall | Owed::Sync)
    }

    /// Whether it is a query of our own, of which the client does not know.
    pub fn is_ours(&self) -> bool {
        matches!(self, Owed::Align | Owed::Opening | Owed::LeadBack | Owed::Role)
    }

    /// Whether it executes something.
    pub fn is_call(&self) -> bool {
        matches!(self, Owed::Query | Owed::FunctionCall | Owed::Execute)
    }

    /// Whether it only defines statements, or says what they are: nothing that a transaction
    /// could hold together.
    pub fn is_definition(&self) -> bool {
        matches!(
            self,
            Owed::Parse(_)
                | Owed::Duplicate(_)
                | Owed::Refused(_)
                | Owed::DescribeStatement(_)
                | Owed::Close(_)
                | Owed::Supplied(_)
        )
    }
}

/// One entry.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is owed.
    pub owed: Owed,
    /// Who sees it.
    pub action: Action,
    /// What is taken back if it is aborted.
    pub undo: Undo,
}

impl Entry {
    /// An answer for the client.
    pub fn forward(owed: Owed) -> Self {
        Entry { owed, action: Action::Forward, undo: Undo::Nothing }
    }

    /// An answer for us.
    pub fn skip(owed: Owed) -> Self {
        Entry { owed, action: Action::Skip, undo: Undo::Nothing }
    }

    /// With something to take back.
    #[must_use]
    pub fn undo(mut self, undo: Undo) -> Self {
        self.undo = undo;
        self
    }
}
