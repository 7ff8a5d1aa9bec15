//! What a server is sent before a statement can be used on it.

use super::environment::{reads_none, there_and_back};
use super::front::Front;
use super::names::Known;
use super::outbox::Outbox;
use super::parameters::{ParameterSet, Parameters};
use super::pipeline::{Entry, Owed, Unnamed};
use super::prepared::Usable;
use super::registry::StatementRegistry;
use super::server_name::ServerName;
use super::server_side::{ServerSide, UnnamedHere};
use super::statements::{Moment, Statement};
use crate::ids::StatementId;
use crate::protocol::error_response::plan_changed;
use crate::protocol::frontend::{self as tag, Parse};
use std::sync::Arc;

/// Statement and portal of a query of ours inside a client's unit. No statement of a client's is
/// called so, having a number.
const OURS: &str = "pgweir_own";

/// A text that no server takes, in any state.
const REFUSED: &[u8] = b"pgweir refuses this)\0\0\0";

/// A whole `Flush`.
const FLUSH_MESSAGE: &[u8] = b"H\0\0\0\x04";

/// Whether a statement can be used on a server now.
pub(super) enum Readiness {
    /// It can, under this name.
    Ready(StatementId, ServerName),
    /// The server must say first what it returns.
    Asked,
    /// It returns something else than the client was told, and the client is told so.
    Changed,
}

impl ServerSide {
    /// Makes sure that a statement is prepared here, for a client that has it since then.
    pub(super) fn require<S: Outbox>(
        &mut self,
        registry: &StatementRegistry,
        (statement, since): (&Arc<Statement>, Moment),
        here: &Parameters,
        to_server: &mut S,
    ) {
        if !self.prepared.touch(statement.id, since) {
            self.prepare_unseen(registry, statement, here, to_server);
        }
    }

    fn prepare_unseen<S: Outbox>(
        &mut self,
        registry: &StatementRegistry,
        statement: &Arc<Statement>,
        here: &Parameters,
        to_server: &mut S,
    ) {
        let entry = Entry::skip(Owed::Parse(Some(statement.id)));
        self.prepare((statement, registry.moment()), here, entry, to_server);
    }

    /// The same, and that it takes and returns what the client was told. PostgreSQL compares that
    /// itself as long as a plan lives ("cached plan must not change result type"); a statement that
    /// is prepared anew has nothing to compare with.
    pub(super) fn ready_for<S: Outbox>(
        &mut self,
        registry: &StatementRegistry,
        known: &mut Known,
        here: &Parameters,
        to_server: &mut S,
    ) -> Readiness {
        let (since, told) = (known.since, known.described);
        let statement = known.under(here, registry);
        let id = statement.id;
        if self.asked == Some(id) {
            return Readiness::Asked;
        }
        let said = match self.prepared.usable(id, since) {
            Usable::AsItIs(said) => said,
            Usable::Not => {
                self.prepare_unseen(registry, statement, here, to_server);
                None
            }
        };
        let Some(told) = told else { return Readiness::Ready(id, statement.name()) };
        match said {
            Some(returns) if returns.suits(told) => Readiness::Ready(id, statement.name()),
            Some(_) => {
                let mut report = Vec::new();
                plan_changed(&mut report);
                self.refuse(report, to_server);
                Readiness::Changed
            }
            None => {
                self.ask_description(id, to_server);
                Readiness::Asked
            }
        }
    }

    /// What comes of it is not shown to the client, which waits for it.
    fn ask_description<S: Outbox>(&mut self, id: StatementId, to_server: &mut S) {
        let name = ServerName::of(id);
        to_server.supply(Front::of_statement(tag::DESCRIBE, name.as_bytes()).finish(0));
        to_server.supply(FLUSH_MESSAGE);
        self.pipeline.push(Entry::skip(Owed::DescribeStatement(Some(id))));
        self.asked = Some(id);
    }

    /// Has the server itself refuse what the client asks for, with another error than the client is
    /// told: only then is the transaction failed as the client believes.
    pub(super) fn refuse<S: Outbox>(&mut self, report: Vec<u8>, to_server: &mut S) {
        send_parse(OURS.as_bytes(), REFUSED, to_server);
        self.pipeline.push(Entry::forward(Owed::Refused(report.into())));
    }

    /// Sends the `Parse` of a statement, after a `Close` of what must go first; `entry` says who is
    /// owed the answer.
    pub(super) fn prepare<S: Outbox>(
        &mut self,
        (statement, now): (&Arc<Statement>, Moment),
        here: &Parameters,
        entry: Entry,
        to_server: &mut S,
    ) {
        if self.prepared.insert(statement.id, now) {
            self.close_first(statement.id, to_server);
        }
        while let Some(oldest) = self.prepared.evict() {
            self.close_first(oldest, to_server);
        }
        self.tally.server_parses += 1;
        self.parse_under((statement.name().as_bytes(), statement), here, entry, to_server);
    }

    /// Sends a `Parse` under the settings that the statement was first parsed under. Where others
    /// hold now, these hold for this one message.
    fn parse_under<S: Outbox>(
        &mut self,
        (name, statement): (&[u8], &Arc<Statement>),
        here: &Parameters,
        entry: Entry,
        to_server: &mut S,
    ) {
        // Where something on its way may have changed a setting already, all are set.
        let open = self.pipeline.units().are_settings_open();
        let differ = |parsed: &&Parameters| open || !parsed.agrees(here);
        let parsed = statement.parsed_under().filter(differ);
        let parsed = parsed.filter(|_| !reads_none(tag::text(&statement.prepared)));
        let nothing = ParameterSet::default();
        let current = if open { &nothing } else { &**here };
        let around = parsed.map(|parsed| there_and_back(current, parsed));
        if let Some((there, _)) = &around {
            self.say(there, to_server);
        }
        send_parse(name, &statement.prepared, to_server);
        self.pipeline.push(entry);
        if let Some((_, back)) = &around {
            self.say(back, to_server);
        }
        self.note_unsettled(statement);
    }

    /// Under which settings a `Parse` is read that is sent now is known when the server is ready.
    pub(super) fn note_unsettled(&mut self, statement: &Arc<Statement>) {
        if statement.parsed_under().is_none() {
            let unit = self.pipeline.units().current();
            self.unsettled.push_back((unit, Arc::downgrade(statement)));
        }
    }

    /// A query of ours in the middle of a client's unit.
    fn say<S: Outbox>(&mut self, text: &str, to_server: &mut S) {
        let mut out = Vec::new();
        tag::parse(&mut out, OURS, &[text.as_bytes(), &[0; 3]].concat());
        tag::bind_all(&mut out, OURS, OURS);
        tag::execute_all(&mut out, OURS);
        to_server.supply(&out);
        to_server.supply(Front::of_statement(tag::CLOSE, OURS.as_bytes()).finish(0));
        to_server.supply(Front::of_portal(tag::CLOSE, OURS.as_bytes()).finish(0));
        for owed in [
            Owed::Parse(None),
            Owed::Bind(None),
            Owed::Execute,
            Owed::Close(None),
            Owed::Close(None),
        ] {
            self.pipeline.push(Entry::skip(owed));
        }
    }

    fn close_first<S: Outbox>(&mut self, id: StatementId, to_server: &mut S) {
        let name = ServerName::of(id);
        to_server.supply(Front::of_statement(tag::CLOSE, name.as_bytes()).finish(0));
        self.pipeline.push(Entry::skip(Owed::Close(Some(id))));
    }

    /// Has the server itself refuse a name that is in use (42P05): only then is the transaction
    /// failed as the client will be told.
    pub(super) fn provoke_duplicate<S: Outbox>(
        &mut self,
        existing: &Arc<Statement>,
        parse: Parse<'_>,
        to_server: &mut S,
    ) {
        send_parse(existing.name().as_bytes(), parse.prepared, to_server);
        self.pipeline.push(Entry::forward(Owed::Duplicate(parse.name.into())));
    }

    /// Makes sure that the server's unnamed statement is the session's, or is none.
    pub(super) fn prepare_unnamed<S: Outbox>(
        &mut self,
        unnamed: &Unnamed,
        here: &Parameters,
        to_server: &mut S,
    ) {
        match (unnamed, self.unnamed) {
            (Unnamed::Kept(_, stamp), UnnamedHere::Is(is)) if *stamp == is => {}
            (Unnamed::Unkept, UnnamedHere::OfThisLink) => {}
            (Unnamed::Kept(statement, stamp), _) => {
                let entry = Entry::skip(Owed::Parse(None));
                self.parse_under((b"", statement), here, entry, to_server);
                self.unnamed = UnnamedHere::Is(*stamp);
            }
            _ => {
                to_server.supply(Front::of_statement(tag::CLOSE, b"").finish(0));
                self.unnamed = UnnamedHere::Unknown;
                self.pipeline.push(Entry::skip(Owed::Close(None)));
            }
        }
    }

    /// The server is ready: under which settings it has parsed what it was sent before is known.
    pub(super) fn settle_statements(&mut self) {
        let reached = self.pipeline.units().reached();
        while let Some((unit, statement)) = self.unsettled.front()
            && *unit < reached
        {
            if let Some(statement) = statement.upgrade() {
                statement.settle(&self.parameters);
            }
            self.unsettled.pop_front();
        }
    }
}

/// Text and types go out from where they are kept, behind a front of ours.
fn send_parse<S: Outbox>(name: &[u8], prepared: &[u8], to_server: &mut S) {
    let mut front = Front::new(tag::PARSE);
    front.push_name(name);
    to_server.supply(front.finish(prepared.len()));
    to_server.supply(prepared);
}
