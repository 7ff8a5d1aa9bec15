//! What a server is sent before a statement can be used on it.

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
        let mut sent = Vec::with_capacity(statement.prepared.len() + 64);
        if self.prepared.insert(statement.id) {
            self.close_first(statement.id, &mut sent);
        }
        while let Some(oldest) = self.prepared.evict() {
            self.close_first(oldest, &mut sent);
        }
        tag::parse(&mut sent, statement.name().as_str(), &statement.prepared);
        to_server.supply(&sent);
    }

    /// The same, even if it is prepared already.
    pub(super) fn prepare_anew<S: Outbox>(&mut self, statement: &Statement, to_server: &mut S) {
        self.prepared.mark_stale(statement.id);
        self.prepare(statement, to_server);
    }

    fn close_first(&mut self, id: StatementId, sent: &mut Vec<u8>) {
        tag::close_statement(sent, ServerName::of(id).as_str());
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
        let mut sent = Vec::with_capacity(parse.prepared.len() + 64);
        tag::parse(&mut sent, existing.name().as_str(), parse.prepared);
        to_server.supply(&sent);
        self.pipeline.push(Entry::forward(Owed::Duplicate(parse.name.into())));
    }

    /// Makes sure that the server's unnamed statement is the session's, or is none.
    pub(super) fn prepare_unnamed<S: Outbox>(&mut self, unnamed: &Unnamed, to_server: &mut S) {
        let mut sent = Vec::new();
        match (unnamed, self.unnamed) {
            (Unnamed::Kept(statement), UnnamedHere::Is(id)) if statement.id == id => return,
            (Unnamed::Unkept, UnnamedHere::OfThisLink) => return,
            (Unnamed::Kept(statement), _) => {
                tag::parse(&mut sent, "", &statement.prepared);
                self.unnamed = UnnamedHere::Is(statement.id);
                self.pipeline.push(Entry::skip(Owed::Parse(None)));
            }
            _ => {
                tag::close_statement(&mut sent, "");
                self.unnamed = UnnamedHere::Unknown;
                self.pipeline.push(Entry::skip(Owed::Close(None)));
            }
        }
        to_server.supply(&sent);
    }
}
