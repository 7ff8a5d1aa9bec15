//! Statements that pgweir answers itself, in both protocols, message by message.
//!
//! Some are known by their text (`Shared::own`: `SHOW pgweir.server`). Others are claimed: a `BEGIN`
//! alone in its unit is answered here, and said to a server when it is known which.
//!
//! What only defines (`Parse`, `Bind`, `Describe`, `Close`) is answered at once. What executes
//! (`Query`, `Execute`) is shown to the session's owner, who knows the answer and [tells](Session::tell)
//! it.

use super::message::Message;
use super::names::Known;
use super::outbox::Outbox;
use super::own_portals::{Portal, Portals, bound_values, cannot_run, superfluous, target_name};
use super::pipeline::Unnamed;
use super::refusal::Refusing;
use super::request::{Out, Step};
use super::server_side::ServerSide;
use super::state::{Session, Shared};
use super::statements::Statement;
use crate::protocol::backend::{
    self, BIND_COMPLETE_MESSAGE, CLOSE_COMPLETE_MESSAGE, NO_DATA_MESSAGE, PARSE_COMPLETE_MESSAGE,
    TransactionStatus, ready,
};
use crate::protocol::error_response::ErrorReport;
use crate::protocol::frame::{Frame, Frames, Remaining};
use crate::protocol::frontend::{self as tag, Bind, Parse, Target};
use crate::protocol::sqlstate::SqlState;
use std::sync::Arc;

/// The columns of an answer, all of type text; none for a statement that returns no rows.
pub type Columns = &'static [&'static str];

/// What a statement of ours is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The columns, which depend on the statement's text alone.
    pub columns: Columns,
    /// A value for each column.
    pub rows: Vec<Vec<String>>,
    /// The tag of its `CommandComplete`.
    pub tag: &'static str,
}

impl Told {
    /// Done, and nothing to show.
    #[must_use]
    pub fn done(tag: &'static str) -> Self {
        Told { columns: &[], rows: Vec::new(), tag }
    }
}

/// A session's statements of ours.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// The unit at the front is ours, whatever its texts are.
    claimed: bool,
    /// Portals that are bound to statements of ours, and last as long as the transaction.
    portals: Portals,
    /// Whether a statement of ours has ever been prepared by name.
    named: bool,
}

/// Whose the message at the front is.
#[derive(Debug)]
enum Kind {
    Theirs,
    Defines,
    Executes(Executed),
}

#[derive(Debug)]
enum Executed {
    Query,
    Portal(Arc<Statement>),
}

impl Session {
    /// The unit at the front of `piece` is answered by us, whatever its texts are. Says whether its first
    /// message is one that we can answer: otherwise a server says what is wrong with it.
    pub fn claim(&mut self, shared: &Shared, piece: &[u8]) -> bool {
        self.own.claimed = true;
        let ours = Frames::new(piece).next_frame().ok().flatten().is_some_and(|frame| {
            !matches!(self.kind(shared, frame.tag, frame.body()), Kind::Theirs)
        });
        self.own.claimed = ours;
        ours
    }

    /// What follows in the unit is for a server, which has no portal of what was claimed.
    pub fn disclaim(&mut self, shared: &Shared) {
        self.unclaim();
        self.own.portals.retain(|text| shared.own(text).is_some());
    }

    /// What `ReadyForQuery` says when we say it without a server.
    pub fn local_status(&self) -> TransactionStatus {
        self.local_status
    }

    /// The client is told so from now on.
    pub fn set_local_status(&mut self, status: TransactionStatus) {
        self.local_status = status;
    }

    /// The text of the statement of ours that the message at the front of `piece` executes.
    pub fn executed(&self, shared: &Shared, piece: &[u8]) -> Option<Vec<u8>> {
        let frame = Frames::new(piece).next_frame().ok()??;
        match self.kind(shared, frame.tag, frame.body()) {
            Kind::Executes(Executed::Query) => Some(tag::text(frame.body()).to_vec()),
            Kind::Executes(Executed::Portal(statement)) => {
                Some(tag::text(&statement.prepared).to_vec())
            }
            _ => None,
        }
    }

    /// Answers the message at the front of `piece`, which [executes](Session::executed) a
    /// statement of ours; says how long it is. `status` is the transaction's after it.
    pub fn tell(
        &mut self,
        shared: &Shared,
        piece: &[u8],
        answer: &Result<Told, ErrorReport>,
        status: TransactionStatus,
        to_client: &mut impl Outbox,
    ) -> usize {
        let Ok(Some(frame)) = Frames::new(piece).next_frame() else { return 0 };
        let is_query = frame.tag == tag::QUERY;
        let ended = status == TransactionStatus::Idle && self.local_status != status;
        let mut out = Vec::new();
        match answer {
            Ok(told) => say(&mut out, told, is_query),
            Err(report) => report.encode(&mut out),
        }
        if is_query {
            // It destroys the unnamed statement, as every simple query does.
            self.unnamed = Unnamed::Nothing;
            self.own.claimed = false;
            self.own.portals.close(b"");
            out.extend_from_slice(ready(status));
        } else if answer.is_err() {
            self.refusing = Refusing::UntilSync { rest: Remaining::default() };
        }
        to_client.supply(&out);
        self.local_status = status;
        match is_query {
            _ if ended => self.own.portals = Portals::default(),
            false => self.own.portals.ran(tag::text(frame.body()), shared),
            true => {}
        }
        piece.len().min(5 + frame.body().len())
    }

    /// Whether the message at the front is ours and defines something.
    pub(super) fn defines_own(&self, shared: &Shared, tag: u8, body: &[u8]) -> bool {
        matches!(self.kind(shared, tag, body), Kind::Defines)
    }

    /// Whether the message at the front is ours and executes something.
    pub(super) fn executes_own(&self, shared: &Shared, tag: u8, body: &[u8]) -> bool {
        matches!(self.kind(shared, tag, body), Kind::Executes(_))
    }

    #[inline]
    fn kind(&self, shared: &Shared, tag: u8, body: &[u8]) -> Kind {
        match tag {
            tag::QUERY if self.own.claimed || shared.own(tag::text(body)).is_some() => {
                Kind::Executes(Executed::Query)
            }
            tag::PARSE => match Parse::open(body) {
                Ok(parse)
                    if self.own.claimed || shared.own(tag::text(parse.prepared)).is_some() =>
                {
                    Kind::Defines
                }
                _ => Kind::Theirs,
            },
            tag::BIND => match Bind::parse(body) {
                Ok(bind) if self.own_statement(shared, bind.statement).is_some() => Kind::Defines,
                _ => Kind::Theirs,
            },
            tag::DESCRIBE => match Target::parse(body) {
                Target::Statement(name) if self.own_statement(shared, name).is_some() => {
                    Kind::Defines
                }
                Target::Other if self.own.portals.find(target_name(body)).is_some() => {
                    Kind::Defines
                }
                _ => Kind::Theirs,
            },
            tag::CLOSE => match Target::parse(body) {
                Target::Other if self.own.portals.find(target_name(body)).is_some() => {
                    Kind::Defines
                }
                _ => Kind::Theirs,
            },
            tag::EXECUTE => match self.own.portals.find(tag::text(body)) {
                Some(Portal { has_run: true, .. }) => Kind::Defines,
                Some(Portal { statement, .. }) => {
                    Kind::Executes(Executed::Portal(statement.clone()))
                }
                None => Kind::Theirs,
            },
            _ => Kind::Theirs,
        }
    }

    /// What the client prepared under `name`, if we answer it.
    fn own_statement(&self, shared: &Shared, name: &[u8]) -> Option<&Arc<Statement>> {
        let statement = match (name, &self.unnamed) {
            (b"", Unnamed::Kept(statement, _)) => statement,
            (b"", _) => return None,
            (name, _) if self.own.named || self.own.claimed => self.names.lookup(name)?,
            _ => return None,
        };
        let ours = self.own.claimed || shared.own(tag::text(&statement.prepared)).is_some();
        ours.then_some(statement)
    }

    /// Answers a message that [defines](Session::defines_own) something of ours.
    pub(super) fn define_own(
        &mut self,
        shared: &Shared,
        frame: Frame<'_>,
        to_client: &mut impl Outbox,
    ) {
        match frame.tag {
            tag::PARSE => self.parse_own(shared, frame, to_client),
            tag::BIND => self.bind_own(shared, frame, to_client),
            tag::EXECUTE => self.fail_unit(&cannot_run(tag::text(frame.body())), to_client),
            tag::CLOSE => {
                self.own.portals.close(target_name(frame.body()));
                to_client.supply(CLOSE_COMPLETE_MESSAGE);
            }
            _ => self.describe_own(shared, frame, to_client),
        }
    }

    /// In the order of `exec_bind_message` in `postgres.c`.
    fn bind_own(&mut self, shared: &Shared, frame: Frame<'_>, to_client: &mut impl Outbox) {
        let Ok(bind) = Bind::parse(frame.body()) else { return };
        let Some(statement) = self.own_statement(shared, bind.statement).cloned() else { return };
        let values = bound_values(&frame.body()[bind.names_len..]);
        if values > 0 {
            return self.fail_unit(&superfluous(values, bind.statement), to_client);
        }
        match self.own.portals.open(bind.portal, statement) {
            Ok(()) => to_client.supply(BIND_COMPLETE_MESSAGE),
            Err(report) => self.fail_unit(&report, to_client),
        }
    }

    fn parse_own(&mut self, shared: &Shared, frame: Frame<'_>, to_client: &mut impl Outbox) {
        let Ok(parse) = Parse::open(frame.body()) else { return };
        if parse.name.is_empty() {
            self.unnamed = self.kept(shared, parse.prepared, true);
        } else if self.names.lookup(parse.name).is_some() {
            return self.fail_unit(&duplicate(parse.name), to_client);
        } else if let Err(violation) = self.check_room(shared, parse.prepared.len()) {
            return self.fail_unit(&violation.report_softly(), to_client);
        } else {
            self.own.named |= shared.own(tag::text(parse.prepared)).is_some();
            let statement = shared.statements.intern(parse.prepared, &self.parameters);
            let known = Known::new(statement, shared.statements.moment());
            self.names.insert(parse.name.into(), known);
        }
        to_client.supply(PARSE_COMPLETE_MESSAGE);
    }

    /// The unit fails here: what follows it up to its Sync is skipped.
    fn fail_unit(&mut self, report: &ErrorReport, to_client: &mut impl Outbox) {
        let mut out = Vec::new();
        report.encode(&mut out);
        to_client.supply(&out);
        if self.local_status == TransactionStatus::InTransaction {
            self.local_status = TransactionStatus::Failed;
        }
        self.refusing = Refusing::UntilSync { rest: Remaining::default() };
    }

    fn describe_own(&self, shared: &Shared, frame: Frame<'_>, to_client: &mut impl Outbox) {
        let (statement, portal) = match Target::parse(frame.body()) {
            Target::Statement(name) => (self.own_statement(shared, name), false),
            Target::Other => {
                let portal = self.own.portals.find(target_name(frame.body()));
                (portal.map(|portal| &portal.statement), true)
            }
        };
        let columns = statement.and_then(|statement| shared.own(tag::text(&statement.prepared)));
        let mut out = Vec::new();
        if !portal {
            backend::say_parameter_description(&mut out);
        }
        match columns {
            Some(columns) if !columns.is_empty() => backend::say_text_columns(&mut out, columns),
            _ => out.extend_from_slice(NO_DATA_MESSAGE),
        }
        to_client.supply(&out);
    }

    /// A unit of ours has ended.
    pub(super) fn unclaim(&mut self) {
        self.own.claimed = false;
        if self.local_status == TransactionStatus::Idle {
            self.own.portals = Portals::default();
        }
    }

    /// While linked: a message of ours is answered in its turn, when all before it has been. Inside a
    /// unit that has begun on the server it is left to the server, which does not know it.
    #[inline(always)]
    pub(super) fn own_message<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &ServerSide,
        message: Message<'_>,
        out: &mut Out<'_, S, C>,
    ) -> Option<Step> {
        let tag = message.header.tag;
        if !matches!(tag, tag::QUERY | tag::PARSE)
            && self.own.portals.is_empty()
            && !self.own.named
            && !matches!(self.unnamed, Unnamed::Kept(..))
        {
            return None;
        }
        let body = message.body()?;
        let executes = match self.kind(shared, tag, body) {
            Kind::Theirs => {
                self.forget_portals(server, message);
                return None;
            }
            Kind::Defines => false,
            Kind::Executes(_) => true,
        };
        if server.status == TransactionStatus::Failed || server.pipeline.awaits_sync() {
            return None;
        }
        if !server.pipeline.is_empty() || !server.reply_rest.is_done() {
            return Some(Step::Full);
        }
        if executes {
            return Some(Step::Own);
        }
        let frame = Frames::new(&message.piece[message.range()]).next_frame().ok()??;
        self.define_own(shared, frame, out.client);
        Some(Step::Next(message.header.frame_len()))
    }
}

impl Session {
    /// What goes to the server replaces, or ends, portals of ours.
    fn forget_portals(&mut self, server: &ServerSide, message: Message<'_>) {
        if self.own.portals.is_empty() {
            return;
        }
        match message.header.tag {
            tag::QUERY => self.own.portals.close(b""),
            tag::BIND => {
                if let Ok(bind) = Bind::parse(message.front()) {
                    self.own.portals.close(bind.portal);
                }
            }
            tag::SYNC if server.status == TransactionStatus::Idle => {
                self.own.portals = Portals::default();
            }
            _ => {}
        }
    }
}

fn duplicate(name: &[u8]) -> ErrorReport {
    let name = String::from_utf8_lossy(name);
    let message = format!("prepared statement \"{name}\" already exists");
    ErrorReport::error(SqlState::DUPLICATE_PREPARED_STATEMENT, message)
}

/// Columns where the protocol has not described them before, rows, and the tag.
fn say(out: &mut Vec<u8>, told: &Told, is_query: bool) {
    if is_query && !told.columns.is_empty() {
        backend::say_text_columns(out, told.columns);
    }
    for row in &told.rows {
        backend::say_text_row(out, row);
    }
    backend::say_complete(out, told.tag);
}
