//! A client's `Parse`: what becomes known under its name, and whether the server must hear of it.

use super::OPENED_MAX;
use super::deallocate::disguised;
use super::message::Message;
use super::names::{Known, Name};
use super::outbox::Outbox;
use super::pipeline::{Copy, Entry, Owed, Undo, Unnamed};
use super::request::Step;
use super::server_side::{ServerSide, UnnamedHere};
use super::state::{Gathering, PREPARED_LEN_MAX, Session, Shared, Violation};
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
            self.note_untranslated(server, message);
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
        if parse_must_wait(server, parse) {
            return Ok(Step::Full);
        }
        self.parse(shared, server, parse, Sent::Message(message), to_server);
        Ok(Step::Next(frame_len))
    }

    /// In session mode a `Parse` goes by as it is; what its text says is noted.
    fn note_untranslated(&mut self, server: &mut ServerSide, message: Message<'_>) {
        if let Some(Ok(parse)) = message.body().map(Parse::open) {
            server.note_text(tag::text(parse.prepared));
            self.parents.note(parse.name, parse.prepared);
        }
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
        self.parse(shared, server, parse, Sent::Gathered(bytes), to_server);
        Ok(())
    }

    fn parse<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        parse: Parse<'_>,
        sent: Sent<'_>,
        to_server: &mut S,
    ) {
        self.parents.note(parse.name, parse.prepared);
        if let Some(prepared) = disguised(parse.prepared) {
            let mut message = Vec::new();
            tag::parse(&mut message, &String::from_utf8_lossy(parse.name), &prepared);
            let parse = Parse { prepared: &prepared, ..parse };
            return self.parse_said(shared, server, parse, Sent::Gathered(&message), to_server);
        }
        self.parse_said(shared, server, parse, sent, to_server);
    }

    fn parse_said<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        parse: Parse<'_>,
        sent: Sent<'_>,
        to_server: &mut S,
    ) {
        if !parse.name.is_empty() {
            return self.parse_named(shared, server, parse, to_server);
        }
        let settled = !server.pipeline.units().are_settings_open();
        let unnamed = self.kept(shared, parse.prepared, settled);
        match &unnamed {
            Unnamed::Kept(statement, stamp) => {
                server.unnamed = UnnamedHere::Is(*stamp);
                server.note_unsettled(statement);
            }
            _ => server.unnamed = UnnamedHere::OfThisLink,
        }
        let before = std::mem::replace(&mut self.unnamed, unnamed);
        let entry = Entry::forward(Owed::Parse(None)).undo(Undo::Unnamed(before));
        server.pipeline.push(entry);
        sent.send(to_server);
    }

    /// An unnamed statement as it is kept. Unless it is `settled` under which settings a server reads
    /// it, nobody else gets it.
    pub(super) fn kept(&mut self, shared: &Shared, prepared: &[u8], settled: bool) -> Unnamed {
        let stamp = self.next_stamp(&shared.statements);
        let settings = settled.then_some(&self.parameters);
        let short = settings.and_then(|own| shared.statements.intern_short(prepared, own));
        match short {
            Some(statement) => Unnamed::Kept(statement, stamp),
            None if shared.statements.has_room(prepared.len()) => {
                Unnamed::Kept(shared.statements.private(prepared, settings), stamp)
            }
            None => Unnamed::Unkept,
        }
    }

    /// What a server has parsed before may be of another time: tables, types and functions can have
    /// been made anew since, by whomever. So it parses what a client parses.
    fn parse_named<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        parse: Parse<'_>,
        to_server: &mut S,
    ) {
        self.parses += 1;
        let here = self.parameters.environment();
        if let Some(known) = self.names.known(parse.name) {
            let existing = (&known.statement, known.since);
            server.require(&shared.statements, existing, here, to_server);
            return server.provoke_duplicate(existing.0, parse, to_server);
        }
        if let Err(violation) = self.check_room(shared, parse.prepared.len()) {
            let mut report = Vec::new();
            violation.report_softly().encode(&mut report);
            return server.refuse(report, to_server);
        }
        let statement = match server.pipeline.units().are_settings_open() {
            true => shared.statements.private(parse.prepared, None),
            false => shared.statements.intern(parse.prepared, &self.parameters),
        };
        let (name, now) = (Name::from(parse.name), shared.statements.moment());
        let entry = Entry::forward(Owed::Parse(Some(statement.id)));
        let entry = entry.undo(Undo::Name(name.clone()));
        server.prepare((&statement, now), here, entry, to_server);
        self.names.insert(name, Known::new(statement, now));
    }
}

/// A name must be free, which an earlier unit may still change; and under which settings the server
/// will read it must be known.
fn parse_must_wait(server: &ServerSide, parse: Parse<'_>) -> bool {
    let units = server.pipeline.units();
    !parse.name.is_empty() && (units.are_names_in_doubt() || units.are_settings_in_doubt())
}
