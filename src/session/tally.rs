//! What has gone by on a link: numbers for those who count it.

use super::message::Message;
use super::pipeline::{Action, Entry, Owed};
use super::server_side::ServerSide;
use crate::protocol::backend::{self as tag, TransactionStatus};
use crate::protocol::error_class::ErrorClass;
use crate::protocol::error_response::Fields;

/// What has gone by since it was last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Units of the client's that were answered in full.
    pub queries: u32,
    /// Those after which no transaction was open.
    pub transactions: u32,
    /// Rows, as the tags of completed commands say.
    pub rows: u64,
    /// Errors that went to the client, and how many of each class they were.
    pub errors: u32,
    /// In the order of [`ErrorClass::all`]. More than 65,535 do not fit into what is read at once.
    pub classes: [u16; ErrorClass::COUNT],
    /// Statements that the server was told to prepare under our names.
    pub server_parses: u32,
    /// Portals that the client has bound to statements with names.
    pub binds: u32,
}

impl Tally {
    /// Whether an answer has been given to anything: the time of it is worth knowing.
    pub fn is_answer(&self) -> bool {
        self.queries > 0
    }
}

impl ServerSide {
    /// What has gone by since this was last asked.
    pub fn take_tally(&mut self) -> Tally {
        std::mem::take(&mut self.tally)
    }

    /// A message of an answer that is not an error.
    pub(super) fn counted(&mut self, message: Message<'_>, action: Action) {
        if message.header.tag == tag::COMMAND_COMPLETE && action == Action::Forward {
            let rows = message.body().map_or(0, |body| tag::command_rows(tag::command_tag(body)));
            self.tally.rows += rows;
            self.calls.rows(rows);
        }
    }

    /// An entry has been answered in full.
    pub(super) fn count_last(&mut self, message: Message<'_>, entry: &Entry) {
        if entry.action == Action::Skip {
            return;
        }
        if entry.owed.ends_unit() {
            self.tally.queries += 1;
            self.tally.transactions += u32::from(self.status == TransactionStatus::Idle);
        }
        match entry.owed {
            Owed::Execute => self.calls.executed(message.header.tag == tag::PORTAL_SUSPENDED),
            Owed::Query | Owed::FunctionCall => self.calls.answered(),
            _ => {}
        }
    }

    /// An error goes to the client; what failed lives on until the server is ready.
    pub(super) fn count_error(&mut self, fields: Option<Fields<'_>>) {
        self.count_class(fields);
        if let Some(fields) = fields {
            self.calls.failed(fields.sqlstate());
        }
    }

    /// An error goes to the client, and the server skips these.
    pub(super) fn count_aborted(&mut self, fields: Option<Fields<'_>>, entries: &[Entry]) {
        self.count_class(fields);
        let is_call = |entry: &&Entry| entry.owed.is_call() && entry.action == Action::Forward;
        let calls = entries.iter().filter(is_call).count();
        self.calls.aborted(fields.map_or(&[], Fields::sqlstate), calls);
    }

    /// An error goes to the client, and is of no statement.
    pub(super) fn count_class(&mut self, fields: Option<Fields<'_>>) {
        self.tally.errors += 1;
        let class = ErrorClass::of(fields.map_or(&[], Fields::sqlstate));
        let count = &mut self.tally.classes[class.index()];
        *count = count.saturating_add(1);
    }
}
