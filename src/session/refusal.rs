//! Answers without a server: what needs none, and what is refused.

use super::OPENED_MAX;
use super::names::Known;
use super::outbox::Outbox;
use super::pipeline::Unnamed;
use super::state::{Session, Shared, Violation};
use crate::protocol::backend::{
    CLOSE_COMPLETE_MESSAGE, ERROR_RESPONSE, PARSE_COMPLETE_MESSAGE, TransactionStatus, ready,
};
use crate::protocol::error_response::ErrorReport;
use crate::protocol::frame::{Frames, HEADER_LEN, Header, Remaining};
use crate::protocol::frontend::{self as tag, Parse, Target};
use crate::protocol::writer::message;

/// Texts that no catalog and no setting changes.
const PLAIN: &[&[u8]] = &[b"BEGIN", b"START TRANSACTION", b"COMMIT", b"END", b"ROLLBACK", b"ABORT"];

/// Why what the client sends now goes nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Refusing {
    /// It does not.
    #[default]
    Nothing,
    /// The rest of a message that nobody wants; when it has gone by, the client is told that we
    /// are ready, if it waits for that.
    Rest { remaining: Remaining, then_ready: bool },
    /// A unit was refused: everything up to its Sync goes by, as PostgreSQL does after an error.
    UntilSync { rest: Remaining },
}

impl Session {
    /// Whether the client's next bytes are answered, or dropped, without a server.
    pub fn is_busy_locally(&self) -> bool {
        self.refusing != Refusing::Nothing
    }

    /// Refuses the unit at the front of `piece` with `report`: the client gets the error, then a
    /// `ReadyForQuery` where PostgreSQL would send one, and its session lives on.
    ///
    /// Consumes nothing: [`Session::local`] goes on from there.
    pub fn refuse(&mut self, report: &ErrorReport, piece: &[u8], to_client: &mut impl Outbox) {
        let mut message = Vec::new();
        report.encode(&mut message);
        self.refuse_with(&message, piece, to_client);
    }

    /// The same with the body of an `ErrorResponse` of a server's.
    pub fn refuse_as(&mut self, error: &[u8], piece: &[u8], to_client: &mut impl Outbox) {
        let mut report = Vec::new();
        message(&mut report, ERROR_RESPONSE, |body| body.extend_from_slice(error));
        self.refuse_with(&report, piece, to_client);
    }

    fn refuse_with(&mut self, message: &[u8], piece: &[u8], to_client: &mut impl Outbox) {
        to_client.supply(message);
        if self.local_status == TransactionStatus::InTransaction {
            self.local_status = TransactionStatus::Failed;
        }
        self.refusing = match Header::parse(piece) {
            Ok(Some(header)) if matches!(header.tag, tag::QUERY | tag::FUNCTION_CALL) => {
                let remaining = Remaining::new(header.frame_len());
                Refusing::Rest { remaining, then_ready: true }
            }
            _ => Refusing::UntilSync { rest: Remaining::default() },
        };
    }

    /// Answers what needs no server at the front of `piece`; says how much that was. Stops where
    /// a server is needed.
    pub fn local(
        &mut self,
        shared: &Shared,
        piece: &[u8],
        to_client: &mut impl Outbox,
    ) -> Result<usize, Violation> {
        let mut at = 0;
        while at < piece.len() {
            let taken = match self.refusing {
                Refusing::Rest { remaining, then_ready } => {
                    self.drop_rest(&piece[at..], remaining, then_ready, to_client)
                }
                Refusing::UntilSync { rest } => self.skip(&piece[at..], rest, to_client)?,
                Refusing::Nothing => self.local_message(shared, &piece[at..], to_client)?,
            };
            if taken == 0 {
                break;
            }
            at += taken;
        }
        Ok(at)
    }

    fn drop_rest(
        &mut self,
        piece: &[u8],
        mut remaining: Remaining,
        then_ready: bool,
        to_client: &mut impl Outbox,
    ) -> usize {
        let taken = remaining.take(0, piece.len()).len();
        self.refusing = Refusing::Rest { remaining, then_ready };
        if remaining.is_done() {
            self.refusing = Refusing::Nothing;
            if then_ready {
                to_client.supply(ready(self.local_status));
                self.unclaim();
            }
        }
        taken
    }

    fn skip(
        &mut self,
        piece: &[u8],
        mut rest: Remaining,
        to_client: &mut impl Outbox,
    ) -> Result<usize, Violation> {
        if !rest.is_done() {
            let taken = rest.take(0, piece.len()).len();
            self.refusing = Refusing::UntilSync { rest };
            return Ok(taken);
        }
        let Some(header) = Header::parse(piece)? else { return Ok(0) };
        match header.tag {
            tag::SYNC => {
                let remaining = Remaining::new(header.frame_len());
                Ok(self.drop_rest(piece, remaining, true, to_client))
            }
            tag::TERMINATE => {
                self.refusing = Refusing::Nothing;
                Ok(0)
            }
            known if tag::is_known(known) => {
                let mut rest = Remaining::new(header.frame_len());
                let taken = rest.take(0, piece.len()).len();
                self.refusing = Refusing::UntilSync { rest };
                Ok(taken)
            }
            unknown => Err(Violation::Message(unknown)),
        }
    }

    fn local_message(
        &mut self,
        shared: &Shared,
        piece: &[u8],
        to_client: &mut impl Outbox,
    ) -> Result<usize, Violation> {
        let Some(header) = Header::parse(piece)? else { return Ok(0) };
        if let Ok(Some(frame)) = Frames::new(piece).next_frame() {
            if self.defines_own(shared, frame.tag, frame.body()) {
                self.define_own(shared, frame, to_client);
                return Ok(header.frame_len());
            }
            if self.executes_own(shared, frame.tag, frame.body()) {
                return Ok(0);
            }
        }
        match header.tag {
            tag::SYNC => Ok(self.drop_message(piece, header, true, to_client)),
            // Late data of a COPY that has failed: PostgreSQL drops it too.
            tag::FLUSH | tag::COPY_DATA | tag::COPY_DONE | tag::COPY_FAIL => {
                Ok(self.drop_message(piece, header, false, to_client))
            }
            tag::CLOSE if self.closes_portal(piece, header) => Ok(0),
            tag::CLOSE if header.frame_len() > OPENED_MAX => Err(Violation::Names(tag::CLOSE)),
            tag::CLOSE => Ok(self.close_locally(piece, header, to_client)),
            tag::PARSE => Ok(self.parse_locally(shared, piece, to_client)),
            tag::QUERY => Ok(self.deallocate_locally(piece, header, to_client)),
            _ => Ok(0),
        }
    }

    fn drop_message(
        &mut self,
        piece: &[u8],
        header: Header,
        then_ready: bool,
        to_client: &mut impl Outbox,
    ) -> usize {
        let remaining = Remaining::new(header.frame_len());
        self.drop_rest(piece, remaining, then_ready, to_client)
    }

    /// The `Parse` at the front of `piece`, if it needs no server: a new name for what begins or ends a
    /// transaction, which means the same at any time. A client that prepares its BEGIN must not have to
    /// wait for a server while all of them are in use by transactions that wait for the same thread of the
    /// application (pgbench).
    pub(super) fn known_parse<'p>(&self, piece: &'p [u8]) -> Option<Parse<'p>> {
        let frame = Frames::new(piece).next_frame().ok()??;
        let parse = Parse::open(frame.body()).ok()?;
        let text = tag::text(parse.prepared);
        let plain = text.strip_suffix(b";").unwrap_or(text);
        let is_known = PLAIN.iter().any(|known| known.eq_ignore_ascii_case(plain))
            && parse.prepared.get(text.len()..) == Some(&[0; 3]);
        let fresh = !parse.name.is_empty() && self.names.lookup(parse.name).is_none();
        let idle = self.local_status == TransactionStatus::Idle;
        let takes = self.translates && fresh && idle && !self.names.is_full(parse.prepared.len());
        (is_known && takes).then_some(parse)
    }

    fn parse_locally(
        &mut self,
        shared: &Shared,
        piece: &[u8],
        to_client: &mut impl Outbox,
    ) -> usize {
        let Some(parse) = self.known_parse(piece) else { return 0 };
        self.parses += 1;
        self.parents.note(parse.name, parse.prepared);
        let statement = shared.statements.intern(parse.prepared, &self.parameters);
        let known = Known::new(statement, shared.statements.moment());
        self.names.insert(parse.name.into(), known);
        to_client.supply(PARSE_COMPLETE_MESSAGE);
        HEADER_LEN + parse.name.len() + 1 + parse.prepared.len()
    }

    /// The name that the query at the front of `piece` frees, if it does that and nothing else.
    pub(super) fn deallocated_by(&self, piece: &[u8]) -> Option<Vec<u8>> {
        let frame = Frames::new(piece).next_frame().ok()??;
        self.deallocated(tag::text(frame.body()))
    }

    fn deallocate_locally(
        &mut self,
        piece: &[u8],
        header: Header,
        to_client: &mut impl Outbox,
    ) -> usize {
        let Some(name) = self.deallocated_by(piece) else { return 0 };
        self.deallocate(&name, to_client);
        self.drop_message(piece, header, true, to_client)
    }

    /// Outside a transaction there is no portal, and closing what does not exist is no error.
    fn close_locally(
        &mut self,
        piece: &[u8],
        header: Header,
        to_client: &mut impl Outbox,
    ) -> usize {
        let Some(frame) = piece.get(..header.frame_len()) else { return 0 };
        match Target::parse(&frame[5..]) {
            Target::Statement(b"") => self.unnamed = Unnamed::Nothing,
            Target::Statement(name) => drop(self.names.remove(name)),
            Target::Other => {}
        }
        to_client.supply(CLOSE_COMPLETE_MESSAGE);
        frame.len()
    }
}
