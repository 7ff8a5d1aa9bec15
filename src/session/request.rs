//! From the client to its server: what is sent, what is translated, and what is then owed.

use super::OPENED_MAX;
use super::outbox::Outbox;
use super::parameters::alignment;
use super::pipeline::{Copy, Entry, Owed, Undo, Unnamed};
use super::server_side::{Rest, ServerSide, UnnamedHere};
use super::state::{Gathering, PREPARED_LEN_MAX, Session, Shared, Violation};
use super::statements::{CLIENT_STATEMENTS_MAX, Missing, NAME_PREFIX, Statement, server_name};
use crate::protocol::backend::{CLOSE_COMPLETE_MESSAGE, PARSE_COMPLETE_MESSAGE, TransactionStatus};
use crate::protocol::frame::{HEADER_LEN, Header};
use crate::protocol::frontend::{self as tag, Bind, Parse, Target};
use crate::protocol::writer::{cstr, message};
use std::ops::Range;
use std::sync::Arc;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Through everything that has arrived.
    End,
    /// Up to the end of the unit: the next one may have to go elsewhere.
    UnitEnd,
}

/// Why [`Session::request`] stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Nothing is left that could be read without more bytes.
    AtEnd,
    /// A unit has ended.
    AtUnitEnd,
    /// The server owes more than a client may be owed.
    Full,
    /// The client takes its leave.
    Terminate,
}

/// What came of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Bytes that need not be seen again.
    pub consumed: usize,
    /// Why no more were.
    pub stopped: Stopped,
}

/// The message at the front: its header, and where in the piece it is.
#[derive(Clone, Copy)]
struct Message<'a> {
    header: Header,
    piece: &'a [u8],
    at: usize,
}

impl<'a> Message<'a> {
    /// What of it is there, header included.
    fn range(self) -> Range<usize> {
        self.at..self.piece.len().min(self.at + self.header.frame_len())
    }

    fn is_whole(self) -> bool {
        self.range().len() == self.header.frame_len()
    }

    fn body(self) -> &'a [u8] {
        &self.piece[self.range()][HEADER_LEN..]
    }
}

/// What one message came to.
enum Step {
    /// So many bytes are consumed.
    Next(usize),
    /// The unit ended with it.
    UnitEnd(usize),
    /// The message is needed in full.
    Wait,
    Terminate,
}

/// The two directions in which a request can cause bytes to go.
pub struct Out<'o, S, C> {
    /// To the server.
    pub server: &'o mut S,
    /// To the client, for what we answer ourselves.
    pub client: &'o mut C,
}

impl Session {
    /// Links the session to a server that was clean: aligns what is set there, in front of
    /// whatever the client sends.
    pub fn link(&self, server: &mut ServerSide, to_server: &mut impl Outbox) {
        if server.unnamed == UnnamedHere::OfThisLink {
            server.unnamed = UnnamedHere::Unknown;
        }
        if server.parameters.same(&self.parameters) {
            return;
        }
        if let Some(text) = alignment(&server.parameters, &self.parameters) {
            let mut query = Vec::new();
            tag::query(&mut query, &text);
            to_server.supply(&query);
            server.pipeline.push(Entry::skip(Owed::Align));
        }
        server.parameters = self.parameters.clone();
    }

    /// Carries a piece from the client, which begins where the last one's consumed bytes ended.
    pub fn request<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        piece: &[u8],
        until: Until,
        out: &mut Out<'_, S, C>,
    ) -> Result<Requested, Violation> {
        let mut at = self.request_rest(shared, server, piece, out)?;
        let stopped = loop {
            if server.pipeline.is_full() {
                break Stopped::Full;
            }
            let Some(header) = Header::parse(&piece[at..])? else { break Stopped::AtEnd };
            let message = Message { header, piece, at };
            match self.message(shared, server, message, out)? {
                Step::Next(bytes) => at += bytes,
                Step::UnitEnd(bytes) => {
                    at += bytes;
                    if until == Until::UnitEnd {
                        break Stopped::AtUnitEnd;
                    }
                }
                Step::Wait => break Stopped::AtEnd,
                Step::Terminate => break Stopped::Terminate,
            }
        };
        if server.reply_rest.is_done() {
            server.supply(out.client);
        }
        Ok(Requested { consumed: at, stopped })
    }

    /// The rest of a message whose front came before.
    fn request_rest<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        piece: &[u8],
        out: &mut Out<'_, S, C>,
    ) -> Result<usize, Violation> {
        if let Some(gathering) = &mut self.gathering {
            let missing = gathering.frame_len - gathering.bytes.len();
            let taken = missing.min(piece.len());
            gathering.bytes.extend_from_slice(&piece[..taken]);
            if taken == missing {
                self.gathered(shared, server, out)?;
            }
            return Ok(taken);
        }
        let range = server.request_rest.remaining.take(0, piece.len());
        let taken = range.len();
        if !server.request_rest.dropped && taken > 0 {
            out.server.forward(range);
        }
        Ok(taken)
    }

    fn gathered<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        out: &mut Out<'_, S, C>,
    ) -> Result<(), Violation> {
        let Some(gathering) = self.gathering.take() else { return Ok(()) };
        match Parse::parse(&gathering.bytes[HEADER_LEN..]) {
            Ok(parse) => {
                let sent = |to: &mut S| to.supply(&gathering.bytes);
                self.parse(shared, server, parse, out.server, sent)
            }
            Err(_) => {
                server.pipeline.push(Entry::forward(Owed::Parse(None)));
                out.server.supply(&gathering.bytes);
                Ok(())
            }
        }
    }

    fn message<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        out: &mut Out<'_, S, C>,
    ) -> Result<Step, Violation> {
        let tag = message.header.tag;
        if tag == tag::TERMINATE {
            return Ok(Step::Terminate);
        }
        if !tag::is_known(tag) {
            return Err(Violation::Message(tag));
        }
        if server.pipeline.is_aborted() && tag != tag::SYNC {
            return Ok(Step::Next(server.drop_request(message)));
        }
        if matches!(server.pipeline.copy(), Copy::In | Copy::Both) {
            return self.copy_message(server, message, out.server);
        }
        match tag {
            tag::QUERY | tag::FUNCTION_CALL => {
                // Either destroys the unnamed statement (exec_simple_query in postgres.c).
                self.unnamed = Unnamed::Nothing;
                server.unnamed = UnnamedHere::Unknown;
                let owed = if tag == tag::QUERY { Owed::Query } else { Owed::FunctionCall };
                server.pipeline.push(Entry::forward(owed));
                Ok(Step::UnitEnd(server.stream(message, out.server)))
            }
            tag::SYNC => {
                server.pipeline.push_sync();
                Ok(Step::UnitEnd(server.stream(message, out.server)))
            }
            tag::EXECUTE => Ok(server.owe(Owed::Execute, message, out.server)),
            tag::COPY_DONE | tag::COPY_FAIL => {
                server.pipeline.copy_ended();
                Ok(Step::Next(server.stream(message, out.server)))
            }
            tag::PARSE => self.parse_message(shared, server, message, out),
            tag::BIND => self.bind_message(server, message, out.server),
            tag::DESCRIBE | tag::CLOSE => self.named_message(server, message, out.server),
            _ => Ok(Step::Next(server.stream(message, out.server))),
        }
    }

    /// While a COPY is going on, PostgreSQL ignores Flush and Sync, and takes nothing else.
    fn copy_message<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        match message.header.tag {
            tag::FLUSH | tag::SYNC => Ok(Step::Next(server.drop_request(message))),
            tag::COPY_DATA => Ok(Step::Next(server.stream(message, to_server))),
            tag::COPY_DONE | tag::COPY_FAIL => {
                server.pipeline.copy_ended();
                Ok(Step::Next(server.stream(message, to_server)))
            }
            other => Err(Violation::Message(other)),
        }
    }

    fn parse_message<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        message: Message<'_>,
        out: &mut Out<'_, S, C>,
    ) -> Result<Step, Violation> {
        if !self.translates {
            return Ok(server.owe(Owed::Parse(None), message, out.server));
        }
        let frame_len = message.header.frame_len();
        match Parse::parse(message.body()) {
            Ok(parse) if message.is_whole() => {
                let range = message.range();
                self.parse(shared, server, parse, out.server, |to: &mut S| to.forward(range))?;
                Ok(Step::Next(frame_len))
            }
            Err(_) if message.is_whole() => Ok(server.owe(Owed::Parse(None), message, out.server)),
            _ if frame_len <= OPENED_MAX => Ok(Step::Wait),
            Ok(parse) if frame_len > PREPARED_LEN_MAX && parse.name.is_empty() => {
                let before = std::mem::replace(&mut self.unnamed, Unnamed::Unkept);
                server.unnamed = UnnamedHere::OfThisLink;
                let entry = Entry::forward(Owed::Parse(None)).undo(Undo::Unnamed(before));
                server.pipeline.push(entry);
                Ok(Step::Next(server.stream(message, out.server)))
            }
            _ if frame_len > PREPARED_LEN_MAX => Err(Violation::PreparedTooLong(frame_len)),
            _ => {
                let bytes = message.piece[message.range()].to_vec();
                let taken = bytes.len();
                self.gathering = Some(Box::new(Gathering { bytes, frame_len }));
                Ok(Step::Next(taken))
            }
        }
    }

    /// `as_sent` sends the message as the client sent it.
    fn parse<S: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        parse: Parse<'_>,
        to_server: &mut S,
        as_sent: impl FnOnce(&mut S),
    ) -> Result<(), Violation> {
        let statement = shared.statements.intern(parse.prepared);
        if parse.name.is_empty() {
            server.unnamed = UnnamedHere::Is(statement.id);
            let before = std::mem::replace(&mut self.unnamed, Unnamed::Kept(statement));
            let entry = Entry::forward(Owed::Parse(None)).undo(Undo::Unnamed(before));
            server.pipeline.push(entry);
            as_sent(to_server);
            return Ok(());
        }
        if let Some(existing) = self.names.lookup(parse.name) {
            server.provoke_duplicate(existing, parse.prepared, to_server);
            return Ok(());
        }
        self.parse_named(server, parse.name, statement, to_server)
    }

    fn parse_named<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        name: &[u8],
        statement: Arc<Statement>,
        to_server: &mut S,
    ) -> Result<(), Violation> {
        if self.names.len() >= CLIENT_STATEMENTS_MAX {
            return Err(Violation::TooManyStatements);
        }
        // In a failed transaction PostgreSQL refuses a Parse, so it must see this one.
        let usable = server.status != TransactionStatus::Failed;
        let owed = if usable && server.prepared.touch(statement.id) {
            Owed::Supplied(PARSE_COMPLETE_MESSAGE)
        } else {
            server.prepare(&statement, to_server);
            Owed::Parse(Some(statement.id))
        };
        server.pipeline.push(Entry::forward(owed).undo(Undo::Name(name.into())));
        self.names.insert(name, statement);
        Ok(())
    }

    fn bind_message<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        if !self.translates {
            return Ok(server.owe(Owed::Bind(None), message, to_server));
        }
        match Bind::parse(message.body()) {
            Ok(bind) => Ok(self.bind(server, bind, message, to_server)),
            Err(_) if message.is_whole() => Ok(server.owe(Owed::Bind(None), message, to_server)),
            Err(_) if message.range().len() < OPENED_MAX => Ok(Step::Wait),
            Err(_) => Err(Violation::Names(tag::BIND)),
        }
    }

    fn bind<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        bind: Bind<'_>,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        let Some((id, name)) = self.translate(server, bind.statement, to_server) else {
            return server.owe(Owed::Bind(None), message, to_server);
        };
        let mut front = Vec::with_capacity(64);
        bind_front(&mut front, bind, &name, message.header);
        to_server.supply(&front);
        let range = message.range();
        let rest = range.start + HEADER_LEN + bind.names_len..range.end;
        if !rest.is_empty() {
            to_server.forward(rest);
        }
        server.request_rest = Rest::forward(message.header.frame_len() - range.len());
        server.pipeline.push(Entry::forward(Owed::Bind(id)));
        Step::Next(range.len())
    }

    /// `Describe` and `Close`.
    fn named_message<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Result<Step, Violation> {
        if !message.is_whole() {
            return match message.header.frame_len() {
                0..=OPENED_MAX => Ok(Step::Wait),
                _ => Err(Violation::Names(message.header.tag)),
            };
        }
        match (message.header.tag, Target::parse(message.body())) {
            (tag::DESCRIBE, Target::Statement(name)) if self.translates => {
                Ok(self.describe(server, name, message, to_server))
            }
            (tag::CLOSE, Target::Statement(name)) if self.translates => {
                Ok(self.close(server, name, message, to_server))
            }
            (tag::DESCRIBE, Target::Statement(_)) => {
                Ok(server.owe(Owed::DescribeStatement(None), message, to_server))
            }
            (tag::DESCRIBE, Target::Other) => {
                Ok(server.owe(Owed::DescribePortal, message, to_server))
            }
            _ => Ok(server.owe(Owed::Close(None), message, to_server)),
        }
    }

    fn describe<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        name: &[u8],
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        let Some((id, name)) = self.translate(server, name, to_server) else {
            return server.owe(Owed::DescribeStatement(None), message, to_server);
        };
        let mut describe = Vec::with_capacity(40);
        tag::describe_statement(&mut describe, &name);
        to_server.supply(&describe);
        server.pipeline.push(Entry::forward(Owed::DescribeStatement(id)));
        Step::Next(message.header.frame_len())
    }

    /// Only the client's name goes; others may use the statement on this server.
    fn close<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        name: &[u8],
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        if name.is_empty() {
            let before = std::mem::take(&mut self.unnamed);
            server.unnamed = UnnamedHere::Unknown;
            let entry = Entry::forward(Owed::Close(None)).undo(Undo::Unnamed(before));
            server.pipeline.push(entry);
            return Step::Next(server.stream(message, to_server));
        }
        let undo = match self.names.remove(name) {
            Some(statement) => Undo::Closed(name.into(), statement),
            None => Undo::Nothing,
        };
        let entry = Entry::forward(Owed::Supplied(CLOSE_COMPLETE_MESSAGE)).undo(undo);
        server.pipeline.push(entry);
        Step::Next(message.header.frame_len())
    }

    /// The server's name for the client's, the statement being prepared there first if need be.
    /// `None` where the client's message can go as it is.
    fn translate<S: Outbox>(
        &mut self,
        server: &mut ServerSide,
        name: &[u8],
        to_server: &mut S,
    ) -> Option<(Option<crate::ids::StatementId>, String)> {
        if name.is_empty() {
            server.prepare_unnamed(&self.unnamed, to_server);
            return None;
        }
        if let Some(statement) = self.names.lookup(name) {
            server.require(statement, to_server);
            return Some((Some(statement.id), statement.name()));
        }
        // The server will say that it does not know it (26000). A name that looks like one of
        // ours must not reach another client's statement.
        let text = std::str::from_utf8(name).ok()?;
        text.starts_with(NAME_PREFIX).then(|| (None, format!("{NAME_PREFIX}{text}")))
    }
}

fn bind_front(out: &mut Vec<u8>, bind: Bind<'_>, name: &str, header: Header) {
    message(out, tag::BIND, |body| {
        cstr(body, bind.portal);
        cstr(body, name.as_bytes());
    });
    let values_len = header.body_len.saturating_sub(bind.names_len);
    let length = i32::try_from(out.len() - 1 + values_len).unwrap_or(i32::MAX);
    out[1..HEADER_LEN].copy_from_slice(&length.to_be_bytes());
}

impl ServerSide {
    /// The message goes by as it is, and `owed` is owed for it.
    fn owe<S: Outbox>(&mut self, owed: Owed, message: Message<'_>, to_server: &mut S) -> Step {
        self.pipeline.push(Entry::forward(owed));
        Step::Next(self.stream(message, to_server))
    }

    fn stream<S: Outbox>(&mut self, message: Message<'_>, to_server: &mut S) -> usize {
        let range = message.range();
        let taken = range.len();
        to_server.forward(range);
        self.request_rest = Rest::forward(message.header.frame_len() - taken);
        taken
    }

    fn drop_request(&mut self, message: Message<'_>) -> usize {
        let taken = message.range().len();
        self.request_rest = Rest::drop(message.header.frame_len() - taken);
        taken
    }

    /// Makes sure that a statement is prepared here.
    fn require<S: Outbox>(&mut self, statement: &Statement, to_server: &mut S) {
        if !self.prepared.touch(statement.id) {
            self.prepare(statement, to_server);
            self.pipeline.push(Entry::skip(Owed::Parse(Some(statement.id))));
        }
    }

    /// Sends the `Parse` of a statement, after a `Close` of what must go first. The caller says
    /// who is owed the answer to the `Parse`.
    fn prepare<S: Outbox>(&mut self, statement: &Statement, to_server: &mut S) {
        let mut sent = Vec::with_capacity(statement.prepared.len() + 64);
        if let Missing::Parse { close: Some(id) } = self.prepared.require(statement.id) {
            tag::close_statement(&mut sent, &server_name(id));
            self.pipeline.push(Entry::skip(Owed::Close(Some(id))));
        }
        tag::parse(&mut sent, &statement.name(), &statement.prepared);
        to_server.supply(&sent);
    }

    /// Has the server itself refuse a name that is in use (42P05): only then is the transaction
    /// failed as the client will be told.
    fn provoke_duplicate<S: Outbox>(
        &mut self,
        existing: &Statement,
        prepared: &[u8],
        to_server: &mut S,
    ) {
        self.require(existing, to_server);
        let mut sent = Vec::with_capacity(prepared.len() + 64);
        tag::parse(&mut sent, &existing.name(), prepared);
        to_server.supply(&sent);
        self.pipeline.push(Entry::forward(Owed::Parse(None)));
    }

    /// Makes sure that the server's unnamed statement is the session's, or is none.
    fn prepare_unnamed<S: Outbox>(&mut self, unnamed: &Unnamed, to_server: &mut S) {
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
