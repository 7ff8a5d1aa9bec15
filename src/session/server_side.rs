//! What is known of one server connection: what it owes, what is prepared and set on it.

use super::alignment::Aligning;
use super::calls::Calls;
use super::deallocate::Bound;
use super::parameters::{ParameterSet, Parameters};
use super::pipeline::{Copy, Entry, Owed, Pipeline, Stamp};
use super::prepared::Prepared;
use super::resets::{Resetting, RoleHere};
use super::state::Shared;
use super::statements::Statement;
use super::tally::Tally;
use crate::ids::StatementId;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::frame::Remaining;
use crate::protocol::frontend::text;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// Whose the unnamed statement on a server is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnnamedHere {
    /// Nobody knows: somebody else's, or none.
    #[default]
    Unknown,
    /// That of this `Parse`.
    Is(Stamp),
    /// The linked session's, of a text that was too long to keep.
    OfThisLink,
}

/// One server connection as the rules see it. It can go from one worker to another.
#[derive(Debug)]
pub struct ServerSide {
    /// What it owes.
    pub(super) pipeline: Pipeline,
    /// What it last said of the transaction.
    pub(super) status: TransactionStatus,
    /// What is prepared on it under our names.
    pub(super) prepared: Prepared,
    /// What its unnamed statement is.
    pub(super) unnamed: UnnamedHere,
    /// What it has been sent while it was not known under which settings, and in which unit.
    pub(super) unsettled: VecDeque<(u64, Weak<Statement>)>,
    /// What portals are bound to, where it matters.
    pub(super) bound: Bound,
    /// It has been asked what this statement takes and returns; the client waits for the answer.
    pub(super) asked: Option<StatementId>,
    /// The parameters of the statement that it is describing.
    pub(super) described: u64,
    /// What is set on it.
    pub(super) parameters: Parameters,
    /// What was set on it at its login: where `RESET` leads back to.
    pub(super) login: Parameters,
    /// The rest of a message that is on its way to it, or that is dropped.
    pub(super) request_rest: Rest,
    /// The rest of a message that is on its way from it.
    pub(super) reply_rest: Rest,
    /// It has said that it ends the connection.
    pub(super) ended: bool,
    /// The error of what we said in the client's place.
    pub(super) refused: Option<Box<[u8]>>,
    /// What has become of the last alignment.
    pub(super) aligning: Aligning,
    /// Whether a RESET may have led it back to what was set at its login.
    pub(super) resetting: Resetting,
    /// Whether it is known which role is set on it.
    pub(super) role: RoleHere,
    /// The number of its process, as the host gave it at the login.
    pub(super) process_id: u32,
    /// What the client had set when a transaction began on it that may leave it.
    pub(super) begun_under: Option<Parameters>,
    /// A COMMIT is on its way, or its answer is.
    pub(super) commits: bool,
    /// What has gone by.
    pub(super) tally: Tally,
    /// What was sent to be executed, if anybody wants to know.
    pub(super) calls: Calls,
    /// The last row that a question behind an opening was answered with.
    pub(super) said: Option<Box<[u8]>>,
}

/// A message longer than a piece, while the rest of it streams by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    pub(super) remaining: Remaining,
    pub(super) dropped: bool,
    /// A unit of the client's ends with it.
    pub(super) ends_unit: bool,
}

impl Rest {
    pub(super) fn forward(bytes: usize) -> Self {
        Rest { remaining: Remaining::new(bytes), dropped: false, ends_unit: false }
    }

    pub(super) fn drop(bytes: usize) -> Self {
        Rest { remaining: Remaining::new(bytes), dropped: true, ends_unit: false }
    }

    pub(super) fn is_done(self) -> bool {
        self.remaining.is_done()
    }
}

impl ServerSide {
    /// A server that has just said that it is ready, with what it reported at its login; it may
    /// hold `prepared_max` statements.
    pub fn new(parameters: Parameters, prepared_max: usize) -> Self {
        ServerSide {
            pipeline: Pipeline::default(),
            status: TransactionStatus::Idle,
            prepared: Prepared::new(prepared_max),
            unnamed: UnnamedHere::Unknown,
            unsettled: VecDeque::new(),
            bound: Bound::default(),
            asked: None,
            described: 0,
            login: parameters.clone(),
            parameters,
            request_rest: Rest::default(),
            reply_rest: Rest::default(),
            ended: false,
            refused: None,
            aligning: Aligning::default(),
            resetting: Resetting::default(),
            role: RoleHere::default(),
            process_id: 0,
            begun_under: None,
            commits: false,
            tally: Tally::default(),
            calls: Calls::default(),
            said: None,
        }
    }

    /// It may hold so many prepared statements from now on. What is beyond that is closed when the
    /// next one is prepared.
    pub fn set_prepared_max(&mut self, prepared_max: usize) {
        self.prepared.set_max(prepared_max);
    }

    /// Who it has logged in as, and the number of its process.
    #[must_use]
    pub fn logged_in(mut self, shared: &Shared, user: &[u8], process_id: u32) -> Self {
        self.login = shared.interner.with(&self.login, b"session_authorization", user);
        self.process_id = process_id;
        self
    }

    /// What it last said of the transaction.
    pub fn status(&self) -> TransactionStatus {
        self.status
    }

    /// What is set on it.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// What was set on it at its login.
    pub fn login(&self) -> &Parameters {
        &self.login
    }

    /// What parameters that were set without knowing their usual spelling
    /// ([`ParameterSet::replace_unreported`]) have come to, `before` being what was set here until
    /// then.
    pub fn settle_unreported(&mut self, shared: &Shared, before: &Parameters) -> Parameters {
        let mut settled = ParameterSet::clone(&self.parameters);
        settled.take_unchanged(before);
        self.parameters = shared.interner.intern(settled);
        self.parameters.clone()
    }

    /// Whether it has been sent a COMMIT that it has not answered: if it is lost now, nobody knows
    /// what became of the transaction.
    pub fn is_committing(&self) -> bool {
        self.commits
    }

    /// The value that a question in the opening of this link was answered with, once.
    pub fn take_said(&mut self) -> Option<Box<[u8]>> {
        self.said.take()
    }

    /// What it owes.
    pub fn pipeline(&self) -> &Pipeline {
        &self.pipeline
    }

    /// What it owes, for one who says something to it that no client has sent.
    pub fn pipeline_mut(&mut self) -> &mut Pipeline {
        &mut self.pipeline
    }

    /// Whether the client's next message begins a unit: none is open, and no data is asked of it.
    pub fn is_between_units(&self) -> bool {
        self.request_rest.is_done()
            && !self.pipeline.awaits_sync()
            && !matches!(self.pipeline.copy(), Copy::In | Copy::Both)
    }

    /// A statement is described, or bound to a portal of this name.
    #[inline]
    pub(super) fn note_use(&mut self, statement: &Arc<Statement>, portal: Option<&[u8]>) {
        self.note_text(text(&statement.prepared));
        if let Some(portal) = portal {
            self.bound.note(portal, statement);
        }
    }

    /// It is sent a simple query that no client has sent: that destroys the unnamed statement.
    pub fn owe_query(&mut self) {
        self.unnamed = UnnamedHere::Unknown;
        self.pipeline.push(Entry::forward(Owed::Query));
    }

    /// Whether a client's message waits for what it was asked on its own.
    pub fn is_asked(&self) -> bool {
        self.asked.is_some()
    }

    /// How many statements are prepared on it.
    pub fn prepared_len(&self) -> usize {
        self.prepared.len()
    }

    /// Whether it has told the client that it ends the connection.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Whether a message to it or from it has gone by only in part.
    pub fn is_mid_message(&self) -> bool {
        !self.request_rest.is_done() || !self.reply_rest.is_done()
    }

    /// Whether its client has got a message of it only in part: nothing else can be said to that.
    pub fn is_mid_reply(&self) -> bool {
        !self.reply_rest.is_done() && !self.reply_rest.dropped
    }

    /// Whether a message to it has been sent only in part: nothing else can be said to it.
    pub fn is_mid_request(&self) -> bool {
        !self.request_rest.is_done() && !self.request_rest.dropped
    }
}
