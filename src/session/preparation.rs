//! What a server is sent before a statement can be used on it.

use super::front::Front;
use super::outbox::Outbox;
use super::pipeline::{Entry, Owed, Unnamed};
use super::server_name::ServerName;
use super::server_side::{ServerSide, UnnamedHere};
use super::statements::Statement;
use crate::ids::StatementId;
use crate::protocol::frontend::{self as tag, Parse};

impl ServerSide {
    /// Makes sure that a statement is prepared here.
    pub(super) fn require<S: Outbox>(&mut self, statement: &Statement, to_server: &mut S) {
        if !self.prepared.touch(statement.id) {
            self.prepare(statement, to_server);
            self.pipeline.push(Entry::skip(Owed::Parse(Some(statement.id))));
        }
    }

    /// Sends the `Parse` of a statement, after a `Close` of what must go first. The caller says
    /// who is owed the answer to the `Parse`.
    pub(super) fn prepare<S: Outbox>(&mut self, statement: &Statement, to_server: &mut S) {
        if self.prepared.insert(statement.id) {
            self.close_first(statement.id, to_server);
        }
        while let Some(oldest) = self.prepared.evict() {
            self.close_first(oldest, to_server);
        }
        self.tally.server_parses += 1;
        send_parse(statement.name().as_bytes(), &statement.prepared, to_server);
    }

    /// The same, even if it is prepared already.
    pub(super) fn prepare_anew<S: Outbox>(&mut self, statement: &Statement, to_server: &mut S) {
        self.prepared.mark_stale(statement.id);
        self.prepare(statement, to_server);
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
        existing: &Statement,
        parse: Parse<'_>,
        to_server: &mut S,
    ) {
        self.require(existing, to_server);
        send_parse(existing.name().as_bytes(), parse.prepared, to_server);
        self.pipeline.push(Entry::forward(Owed::Duplicate(parse.name.into())));
    }

    /// Makes sure that the server's unnamed statement is the session's, or is none.
    pub(super) fn prepare_unnamed<S: Outbox>(&mut self, unnamed: &Unnamed, to_server: &mut S) {
        match (unnamed, self.unnamed) {
            (Unnamed::Kept(statement), UnnamedHere::Is(id)) if statement.id == id => {}
            (Unnamed::Unkept, UnnamedHere::OfThisLink) => {}
            (Unnamed::Kept(statement), _) => {
                send_parse(b"", &statement.prepared, to_server);
                self.unnamed = UnnamedHere::Is(statement.id);
                self.pipeline.push(Entry::skip(Owed::Parse(None)));
            }
            _ => {
                to_server.supply(Front::of_statement(tag::CLOSE, b"").finish(0));
                self.unnamed = UnnamedHere::Unknown;
                self.pipeline.push(Entry::skip(Owed::Close(None)));
            }
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
