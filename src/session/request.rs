//! From the client to its server: what is sent, and what is then owed.

use super::OPENED_MAX;
use super::deallocate::{Bound, disguised, frees_all, only_begins};
use super::message::Message;
use super::outbox::Outbox;
use super::pipeline::{Copy, Entry, Owed, Undo};
use super::resets::Resetting;
use super::server_side::{Rest, ServerSide, UnnamedHere};
use super::state::{Session, Shared, Violation};
use crate::protocol::backend::TransactionStatus;
use crate::protocol::frame::Header;
use crate::protocol::frontend as tag;

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
    /// The server must answer something first: it owes as much as a client may be owed, or the
    /// next message builds on what an earlier unit may still fail to change.
    Full,
    /// The next message executes a statement that we answer, and all before it is answered.
    Own,
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

/// What one message came to.
pub(super) enum Step {
    /// So many bytes are consumed.
    Next(usize),
    /// The unit ended with it.
    UnitEnd(usize),
    /// The message is needed in full.
    Wait,
    /// The server must answer something first.
    Full,
    /// It executes a statement of ours.
    Own,
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
    /// whatever the client sends. `opening` is said behind that: the BEGIN of a transaction that
    /// the client has been told of already.
    pub fn link(
        &self,
        server: &mut ServerSide,
        opening: Option<&[u8]>,
        to_server: &mut impl Outbox,
    ) {
        if server.unnamed == UnnamedHere::OfThisLink {
            server.unnamed = UnnamedHere::Unknown;
        }
        (server.bound, server.asked) = (Bound::Other, None);
        server.begun_under = None;
        server.resetting = Resetting::default();
        self.align(server, to_server);
        if let Some(text) = opening {
            server.said = None;
            server.ask(text, Owed::Opening, to_server);
        }
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
        let (rest, unit_ended) = self.request_rest(shared, server, piece, out)?;
        let requested = if unit_ended && until == Until::UnitEnd {
            Requested { consumed: rest, stopped: Stopped::AtUnitEnd }
        } else {
            self.request_messages(shared, server, (piece, rest), until, out)?
        };
        if server.reply_rest.is_done() {
            server.supply(out.client);
        }
        Ok(requested)
    }

    fn request_messages<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        (piece, mut at): (&[u8], usize),
        until: Until,
        out: &mut Out<'_, S, C>,
    ) -> Result<Requested, Violation> {
        let stopped = loop {
            if server.pipeline.is_full() || server.must_settle_first() {
                break Stopped::Full;
            }
            let Some(header) = Header::parse(&piece[at..])? else { break Stopped::AtEnd };
            let message = Message { header, piece, at };
            match self.message(shared, server, message, out)? {
                Step::Next(bytes) => {
                    server.calls.request(header);
                    at += bytes;
                }
                Step::UnitEnd(bytes) => {
                    server.calls.request(header);
                    at += bytes;
                    if until == Until::UnitEnd {
                        break Stopped::AtUnitEnd;
                    }
                }
                Step::Wait => break Stopped::AtEnd,
                Step::Full => break Stopped::Full,
                Step::Own => break Stopped::Own,
                Step::Terminate => break Stopped::Terminate,
            }
        };
        Ok(Requested { consumed: at, stopped })
    }

    /// The rest of a message whose front came before, and whether a unit ended with it.
    fn request_rest<S: Outbox, C: Outbox>(
        &mut self,
        shared: &Shared,
        server: &mut ServerSide,
        piece: &[u8],
        out: &mut Out<'_, S, C>,
    ) -> Result<(usize, bool), Violation> {
        if self.gathering.is_some() {
            return Ok((self.gather(shared, server, piece, out.server)?, false));
        }
        if server.request_rest.is_done() {
            return Ok((0, false));
        }
        let range = server.request_rest.remaining.take(0, piece.len());
        let taken = range.len();
        if !server.request_rest.dropped && taken > 0 {
            out.server.forward(range);
        }
        Ok((taken, server.request_rest.is_done() && server.request_rest.ends_unit))
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
        if let Some(step) = self.own_message(shared, server, message, out) {
            return Ok(step);
        }
        match tag {
            // What it says decides where it is answered.
            tag::QUERY if !message.is_whole() && message.header.frame_len() <= OPENED_MAX => {
                Ok(Step::Wait)
            }
            tag::QUERY => {
                if let Some(step) = self.deallocate_message(server, message, out) {
                    return Ok(step);
                }
                let text = tag::text(message.front());
                server.note_query(text);
                if frees_all(text) {
                    server.pipeline.units_mut().frees();
                }
                if !only_begins(text) {
                    server.pipeline.units_mut().executes();
                }
                server.calls.query(message, true);
                // It destroys the unnamed statement and portal (exec_simple_query in postgres.c).
                let before = std::mem::take(&mut self.unnamed);
                server.bound.close(b"");
                server.unnamed = UnnamedHere::Unknown;
                server.pipeline.push(Entry::forward(Owed::Query).undo(Undo::Unnamed(before)));
                match message.body().filter(|_| self.translates).and_then(disguised) {
                    Some(text) => Ok(server.end_unit_otherwise(message, &text, out.server)),
                    None => Ok(server.end_unit(message, out.server)),
                }
            }
            tag::FUNCTION_CALL => {
                server.calls.query(message, false);
                server.pipeline.units_mut().executes();
                server.pipeline.push(Entry::forward(Owed::FunctionCall));
                Ok(server.end_unit(message, out.server))
            }
            tag::SYNC => {
                server.pipeline.push_sync();
                Ok(server.end_unit(message, out.server))
            }
            tag::EXECUTE => Ok(self.execute_message(server, message, out.server)),
            tag::COPY_DONE | tag::COPY_FAIL => {
                server.pipeline.copy_ended();
                Ok(Step::Next(server.stream(message, out.server)))
            }
            tag::PARSE => self.parse_message(shared, server, message, out.server),
            tag::BIND => self.bind_message(shared, server, message, out.server),
            tag::DESCRIBE | tag::CLOSE => self.named_message(shared, server, message, out.server),
            tag::FLUSH => {
                server.pipeline.flushed();
                Ok(Step::Next(server.stream(message, out.server)))
            }
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
}

/// Whether a statement ends a transaction, and what it did stays.
pub(super) fn is_commit(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let begins = |word: &[u8]| {
        text.get(..word.len()).is_some_and(|front| front.eq_ignore_ascii_case(word))
            && text.get(word.len()).is_none_or(|next| !next.is_ascii_alphanumeric())
    };
    match text.first() {
        Some(b'c' | b'C') => begins(b"commit"),
        Some(b'e' | b'E') => begins(b"end"),
        _ => false,
    }
}

impl ServerSide {
    /// The message goes by as it is, and `owed` is owed for it.
    #[inline(always)] // An entry is built where it is pushed, and not moved there.
    pub(super) fn owe<S: Outbox>(
        &mut self,
        owed: Owed,
        message: Message<'_>,
        to_server: &mut S,
    ) -> Step {
        self.pipeline.push(Entry::forward(owed));
        Step::Next(self.stream(message, to_server))
    }

    /// The message goes by as it is; whatever is still to come of it will too.
    pub(super) fn stream<S: Outbox>(&mut self, message: Message<'_>, to_server: &mut S) -> usize {
        let range = message.range();
        let taken = range.len();
        to_server.forward(range);
        self.request_rest = Rest::forward(message.header.frame_len() - taken);
        taken
    }

    fn end_unit<S: Outbox>(&mut self, message: Message<'_>, to_server: &mut S) -> Step {
        let taken = self.stream(message, to_server);
        self.request_rest.ends_unit = true;
        if message.is_whole() { Step::UnitEnd(taken) } else { Step::Next(taken) }
    }

    /// Ends a unit that only defined statements and that the client leaves open: the answer to our
    /// Sync is not shown, and what comes next is a unit of its own. Says whether there was one; nothing
    /// of the client's may be sent before that answer. `in_transaction`: inside of one, too.
    pub fn end_definitions(&mut self, in_transaction: bool, to_server: &mut impl Outbox) -> bool {
        let suits = match self.status {
            TransactionStatus::Idle => true,
            TransactionStatus::InTransaction => in_transaction,
            TransactionStatus::Failed => false,
        };
        let ends = suits && self.pipeline.awaits_only_sync() && !self.is_mid_message();
        if ends {
            to_server.supply(tag::SYNC_MESSAGE);
            self.pipeline.push(Entry::skip(Owed::Sync));
        }
        ends
    }

    /// The message has gone by, and this was said in its place.
    fn end_unit_otherwise<S: Outbox>(
        &mut self,
        message: Message<'_>,
        text: &[u8],
        to_server: &mut S,
    ) -> Step {
        let mut query = Vec::new();
        tag::query(&mut query, text);
        to_server.supply(&query);
        Step::UnitEnd(self.drop_request(message))
    }

    pub(super) fn drop_request(&mut self, message: Message<'_>) -> usize {
        let taken = message.range().len();
        self.request_rest = Rest::drop(message.header.frame_len() - taken);
        taken
    }
}
