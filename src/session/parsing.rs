//! A client's `Parse`: what becomes known under its name, and whether the server must hear of it.

use super::OPENED_MAX;
use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::{Copy, Entry, Owed, Undo, Unnamed};
use super::request::Step;
use super::server_side::{ServerSide, UnnamedHere};
use super::state::{Gathering, PREPARED_LEN_MAX, Session, Shared, Violation};
use super::statements::{CLIENT_STATEMENTS_MAX, Name};
use crate::protocol::backend::{PARSE_COMPLETE_MESSAGE, TransactionStatus};
use crate::protocol::frame::HEADER_LEN;
use crate::protocol::frontend::{self as tag, Parse};

/// How a `Parse` goes to the server if it may go as it came.
enum Sent<'a> {
    /// From the piece.
    Message(Message<'a>),
    /// From where it was gathered.
    Gathered(&'a [u8]),
}

impl Sent<'_> {
    fn send(self, to_server: &mut impl Outbox) {
        match self {
            Sent::Message(message) => to_server.forward(message.range()),
            Sent::Gathered(bytes) => to_server.supply(bytes),
        }
    }
}

impl Session {
    pub(super) fn parse_message<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        if !self.translates {
            self.note_untranslated(message);
            return Ok(server.owe(Owed::Parse(None), message, to_server));
        }
        let frame_len = message.header.frame_len();
        if frame_len > OPENED_MAX {
            return self.parse_long(server, message, to_server);
        }
        let Some(body) = message.body() else { return Ok(Step::Wait) };
        let Ok(parse) = Parse::open(body) else {
            return Ok(server.owe(Owed::Parse(None), message, to_server));
        };
        if self.parse_must_wait(shared, server, parse) {
            return Ok(Step::Full);
        }
        self.parse(shared, server, parse, Sent::Message(message), to_server)?;
        Ok(Step::Next(frame_len))
    }

    /// In session mode a `Parse` goes by unread, but for the trace that it belongs to.
    fn note_untranslated(&mut self, message: Message<'_>) {
        if let Some(Ok(parse)) = message.body().map(Parse::open) {
            self.parents.note(parse.name, parse.prepared);
        }
    }

    /// A name must be free, which an earlier unit may still change; and only the server can say
    /// whether an earlier unit's error makes it refuse this one.
    fn parse_must_wait(&self, shared: &Shared, server: &ServerSide, parse: Parse<'_>) -> bool {
        let units = server.pipeline.units();
        if parse.name.is_empty() || !units.is_any_owed() {
            return false;
        }
        let id = shared.statements.intern(parse.prepared).id;
        units.are_names_in_doubt() || server.prepared.is_usable(id)
    }

    fn parse_long<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        let frame_len = message.header.frame_len();
        if frame_len <= PREPARED_LEN_MAX {
            return Ok(self.start_gathering(server, message));
        }
        match message.front().first() {
            None => Ok(Step::Wait),
            Some(0) => {
                let before = std::mem::replace(&mut self.unnamed, Unnamed::Unkept);
                server.unnamed = UnnamedHere::OfThisLink;
                let entry = Entry::forward(Owed::Parse(None)).undo(Undo::Unnamed(before));
                server.pipeline.push(entry);
                Ok(Step::Next(server.stream(message, to_server)))
            }
            Some(_) => Err(Violation::PreparedTooLong(frame_len)),
        }
    }

    fn start_gathering(&mut self, server: &mut ServerSide, message: Message<'_>) -> Step {
        if server.pipeline.units().is_any_owed() {
            return Step::Full;
        }
        // Nobody else may get the server before this has gone to it.
        server.pipeline.open();
        let bytes = message.piece[message.range()].to_vec();
        let taken = bytes.len();
        let frame_len = message.header.frame_len();
        self.gathering = Some(Box::new(Gathering { bytes, frame_len }));
        Step::Next(taken)
    }

    /// More of a long `Parse`.
    pub(super) fn gather<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        piece: &[u8],
        to_server: &mut S,
    ) -> Result<usize, Violation> {
        let Some(gathering) = &mut self.gathering else { return Ok(0) };
        let missing = gathering.frame_len - gathering.bytes.len();
        let taken = missing.min(piece.len());
        gathering.bytes.extend_from_slice(&piece[..taken]);
        if taken == missing {
            self.gathered(shared, server, to_server)?;
        }
        Ok(taken)
    }

    fn gathered<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        to_server: &mut S,
    ) -> Result<(), Violation> {
        let Some(gathering) = self.gathering.take() else { return Ok(()) };
        if server.pipeline.is_aborted() {
            return Ok(()); // The server skips up to the next Sync, and this would not be answered.
        }
        if matches!(server.pipeline.copy(), Copy::In | Copy::Both) {
            return Err(Violation::Message(tag::PARSE));
        }
        let bytes = &gathering.bytes[..];
        let Ok(parse) = Parse::open(&bytes[HEADER_LEN..]) else {
            server.pipeline.push(Entry::forward(Owed::Parse(None)));
            to_server.supply(bytes);
            return Ok(());
        };
        self.parse(shared, server, parse, Sent::Gathered(bytes), to_server)
    }

    fn parse<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        parse: Parse<'_>,
        sent: Sent<'_>,
        to_server: &mut S,
    ) -> Result<(), Violation> {
        self.parents.note(parse.name, parse.prepared);
        if !parse.name.is_empty() {
            return self.parse_named(shared, server, parse, to_server);
        }
        let statement = shared.statements.intern(parse.prepared);
        server.unnamed = UnnamedHere::Is(statement.id);
        let before = std::mem::replace(&mut self.unnamed, Unnamed::Kept(statement));
        let entry = Entry::forward(Owed::Parse(None)).undo(Undo::Unnamed(before));
        server.pipeline.push(entry);
        sent.send(to_server);
        Ok(())
    }

    fn parse_named<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        parse: Parse<'_>,
        to_server: &mut S,
    ) -> Result<(), Violation> {
        self.parses += 1;
        if let Some(existing) = self.names.lookup(parse.name) {
            server.provoke_duplicate(existing, parse, to_server);
            return Ok(());
        }
        if self.names.len() >= CLIENT_STATEMENTS_MAX {
            return Err(Violation::TooManyStatements);
        }
        let statement = shared.statements.intern(parse.prepared);
        let owed = if server.status == TransactionStatus::Failed {
            // PostgreSQL refuses most of them now, so it must see this one.
            server.prepare_anew(&statement, to_server);
            Owed::Parse(Some(statement.id))
        } else if server.prepared.touch(statement.id) {
            Owed::Supplied(PARSE_COMPLETE_MESSAGE)
        } else {
            server.prepare(&statement, to_server);
            Owed::Parse(Some(statement.id))
        };
        let name = Name::from(parse.name);
        server.pipeline.push(Entry::forward(owed).undo(Undo::Name(name.clone())));
        self.names.insert(name, statement);
        Ok(())
    }
}
