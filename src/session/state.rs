//! A client's session between its statements, and what all sessions share.

use super::definitions::{Defining, Definitions};
use super::names::Names;
use super::own::{Columns, Own};
use super::parameters::{Interner, Parameters};
use super::parents::Parents;
use super::pipeline::{Stamp, Unnamed};
use super::registry::StatementRegistry;
use super::server_side::ServerSide;
use super::statements::{Statement, StatementIds};
use crate::ids::StatementId;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::error_response::ErrorReport;
use crate::protocol::frame::{BadLength, shown};
use crate::protocol::sqlstate::SqlState;
use std::sync::Arc;

/// When a server goes back to its pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PoolMode {
    /// When the client leaves.
    Session,
    /// When the transaction ends.
    #[default]
    Transaction,
    /// When the statement ends; transactions of several statements are refused.
    Statement,
}

impl PoolMode {
    /// As it is spelled in the configuration and by `SHOW POOLS`.
    pub fn as_str(self) -> &'static str {
        match self {
            PoolMode::Session => "session",
            PoolMode::Transaction => "transaction",
            PoolMode::Statement => "statement",
        }
    }
}

/// What all sessions of the process share.
#[derive(Debug)]
pub struct Shared {
    /// Sets of parameters.
    pub interner: Interner,
    /// Prepared statements.
    pub statements: StatementRegistry,
    /// What sessions of the database have defined.
    pub definitions: Definitions,
    own: fn(&[u8]) -> Option<Columns>,
}

impl Default for Shared {
    fn default() -> Self {
        Shared::new(StatementIds::default(), |_| None)
    }
}

impl Shared {
    /// Nothing is shared yet; statements get these ids. `own` says which texts are statements that
    /// pgweir answers itself, and with which columns.
    pub fn new(ids: StatementIds, own: fn(&[u8]) -> Option<Columns>) -> Self {
        let statements = StatementRegistry::new(ids);
        Shared {
            interner: Interner::default(),
            statements,
            definitions: Definitions::default(),
            own,
        }
    }

    /// The columns of a statement that pgweir answers itself.
    pub(super) fn own(&self, text: &[u8]) -> Option<Columns> {
        (self.own)(text)
    }

    /// The same, with definitions counted there.
    pub fn counting(self, definitions: Definitions) -> Self {
        Shared { definitions, ..self }
    }
}

/// What a client did that ends its connection: the protocol leaves no way on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A header that cannot be.
    #[error(transparent)]
    Length(#[from] BadLength),
    /// A message that PostgreSQL does not know, or not now.
    #[error("invalid frontend message type {}", shown(*.0))]
    Message(u8),
    /// Names that do not fit where names should.
    #[error("invalid message format: message type {} has names that never end", shown(*.0))]
    Names(u8),
    /// A `Parse` over the limit.
    #[error("prepared statement of {0} bytes is over the limit of {PREPARED_LEN_MAX} bytes")]
    PreparedTooLong(usize),
    /// More names than a client may have.
    #[error(
        "prepared statements are over the limit of {} or of {} bytes for one client",
        super::names::CLIENT_STATEMENTS_MAX,
        super::names::CLIENT_BYTES_MAX
    )]
    TooManyStatements,
    /// All clients have more of them than is kept.
    #[error(
        "prepared statements of this database and user are over the limit of {} bytes",
        super::registry::REGISTRY_BYTES_MAX
    )]
    NoRoom,
}

/// The longest `Parse` of a named statement that is kept, bytes. PostgreSQL takes 1 GB, but a
/// named statement is kept here for as long as a client has it.
pub const PREPARED_LEN_MAX: usize = 16 * 1024 * 1024;

impl Violation {
    /// As the client sees it.
    pub fn report(&self) -> ErrorReport {
        let state = match self {
            Violation::PreparedTooLong(_) | Violation::TooManyStatements | Violation::NoRoom => {
                SqlState::LIMIT_EXCEEDED
            }
            _ => SqlState::PROTOCOL_VIOLATION,
        };
        ErrorReport::fatal(state, self.to_string())
    }

    /// Where the session can live on.
    pub(super) fn report_softly(&self) -> ErrorReport {
        let report = ErrorReport::error(self.report().sqlstate, self.to_string());
        report.hint("Close prepared statements that are not needed any more.")
    }
}

/// What follows one client from server to server.
#[derive(Debug)]
pub struct Session {
    /// Its own names for prepared statements.
    pub(super) names: Names,
    /// Its unnamed statement.
    pub(super) unnamed: Unnamed,
    /// The stamp of the last one.
    pub(super) stamp: u64,
    /// What it has set.
    pub(super) parameters: Parameters,
    /// What it started with: where `DISCARD ALL` leads back to.
    pub(super) startup: Parameters,
    /// Its transaction has changed what others know of the database's objects.
    pub(super) defining: Defining,
    /// A long `Parse` that is being gathered.
    pub(super) gathering: Option<Box<Gathering>>,
    /// Why what the client sends now goes nowhere.
    pub(super) refusing: super::refusal::Refusing,
    /// Its statements that we answer ourselves.
    pub(super) own: Own,
    /// What `ReadyForQuery` says when we say it without a server.
    pub(super) local_status: TransactionStatus,
    /// Whether names of prepared statements are translated.
    pub(super) translates: bool,
    /// Statements that it has prepared by name since that was last asked.
    pub(super) parses: u32,
    /// The traces that its `Parse` messages have named.
    pub(super) parents: Parents,
    /// The number of the process that the client was told it talks to.
    pub(super) process_id: Option<u32>,
}

/// A message that is needed as a whole but longer than a piece. It grows as bytes arrive.
#[derive(Debug)]
pub(super) struct Gathering {
    pub(super) bytes: Vec<u8>,
    pub(super) frame_len: usize,
}

impl Session {
    /// A session that starts with these parameters. With `translates`, prepared statements work
    /// across servers; without (session mode), names go through as they are.
    pub fn new(startup: Parameters, translates: bool) -> Self {
        Session {
            names: Names::default(),
            unnamed: Unnamed::Nothing,
            stamp: 0,
            parameters: startup.clone(),
            startup,
            defining: Defining::default(),
            gathering: None,
            refusing: super::refusal::Refusing::Nothing,
            own: Own::default(),
            local_status: TransactionStatus::Idle,
            translates,
            parses: 0,
            parents: Parents::default(),
            process_id: None,
        }
    }

    /// The client was told that it talks to a process of this number.
    #[must_use]
    pub fn known_as(self, process_id: u32) -> Self {
        Session { process_id: Some(process_id), ..self }
    }

    /// How many statements the client has prepared by name since this was last asked.
    pub fn take_parses(&mut self) -> u32 {
        std::mem::take(&mut self.parses)
    }

    /// What the client has set.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Whether a message is being gathered: the client's next bytes belong to it.
    pub fn is_mid_message(&self) -> bool {
        self.gathering.is_some()
    }

    /// What the client started with, and where `DISCARD ALL` leads back to.
    pub fn startup(&self) -> &Parameters {
        &self.startup
    }

    /// A transaction begins on a server that it may leave.
    pub fn begins_on(&self, server: &mut ServerSide) {
        server.begun_under = Some(self.parameters.clone());
    }

    /// It leaves the server: what it has set there is undone, or is said again elsewhere.
    pub fn leaves(&mut self, server: &mut ServerSide) {
        if let Some(parameters) = server.begun_under.take() {
            self.parameters = parameters;
        }
    }

    /// The statement that servers know by `id`, if the client has it.
    pub fn statement(&self, id: StatementId) -> Option<&Arc<Statement>> {
        match &self.unnamed {
            Unnamed::Kept(statement, _) if statement.id == id => Some(statement),
            _ => self.names.find(id),
        }
    }

    /// For one more unnamed `Parse`.
    pub(super) fn next_stamp(&mut self, registry: &StatementRegistry) -> Stamp {
        /// The digits that count a session's own.
        const OWN: u64 = (1 << 20) - 1;
        if self.stamp == 0 || self.stamp & OWN == OWN {
            self.stamp = registry.session_number() << OWN.count_ones();
        }
        self.stamp += 1;
        Stamp(self.stamp)
    }

    /// Whether a statement of so many bytes is one too many.
    pub(super) fn check_room(&self, shared: &Shared, len: usize) -> Result<(), Violation> {
        match () {
            () if self.names.is_full(len) => Err(Violation::TooManyStatements),
            () if !shared.statements.has_room(len) => Err(Violation::NoRoom),
            () => Ok(()),
        }
    }

    /// How many statements the client has prepared by name.
    pub fn prepared_len(&self) -> usize {
        self.names.len()
    }
}
