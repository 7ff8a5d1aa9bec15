//! Looking ahead: what the next unit of work consists of, before a server is asked for.
//!
//! A unit is one implicit transaction: a `Query`, a `FunctionCall`, or everything of the
//! extended protocol up to a `Sync`.

use super::OPENED_MAX;
use super::pipeline::Unnamed;
use super::state::{Session, Shared, Violation};
use super::statements::Statement;
use crate::protocol::backend::TransactionStatus;
use crate::protocol::frame::{Frame, Frames, HEADER_LEN, Header};
use crate::protocol::frontend::{self as tag, Bind, Parse, Target};

/// What the front of a client's bytes asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// Not enough bytes to say.
    More,
    /// Nothing that needs a server: [`Session::local`] answers.
    Local,
    /// A statement that we answer ourselves: [`Session::executed`] says which.
    Own,
    /// The client takes its leave.
    Terminate,
    /// A server.
    Link(Extent),
}

/// How much of a unit was there to be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// It defines statements, and the client waits to hear of that (Flush): what it does with them comes
    /// later.
    Definitions,
    /// A part: the rest is still to come, and may be anything.
    Part,
}

/// One thing in a unit that decides where the unit may go.
#[derive(Clone, Copy, Debug)]
pub enum Judged<'a> {
    /// The text of a simple query.
    Text(&'a [u8]),
    /// A prepared statement.
    Statement(&'a Statement),
    /// A portal of this unit is executed; a simple query says so too.
    Executes,
    /// A portal is executed that an earlier unit has opened.
    Continues,
    /// It leaves a portal behind that later units may read from: one with a name, one that is
    /// read in parts, or one that is not executed.
    Cursor,
    /// Something that cannot be read here.
    Opaque,
}

impl Session {
    /// Says what `piece`, which begins with a message, asks for. With a `judge`, everything in
    /// the unit is shown to it; without one (no choice of servers) only the front is read.
    pub fn plan(
        &self,
        shared: &Shared,
        piece: &[u8],
        judge: Option<&mut dyn FnMut(Judged<'_>)>,
    ) -> Result<Plan, Violation> {
        if self.is_busy_locally() {
            return Ok(Plan::Local);
        }
        let Some(header) = Header::parse(piece)? else { return Ok(Plan::More) };
        if let Some(body) = piece.get(HEADER_LEN..header.frame_len()) {
            if self.executes_own(shared, header.tag, body) {
                return Ok(Plan::Own);
            }
            if self.defines_own(shared, header.tag, body) {
                return Ok(Plan::Local);
            }
        }
        match header.tag {
            tag::TERMINATE => Ok(Plan::Terminate),
            tag::CLOSE if self.closes_portal(piece, header) => {
                Ok(self.plan_unit(shared, piece, header, judge))
            }
            tag::SYNC
            | tag::FLUSH
            | tag::CLOSE
            | tag::COPY_DATA
            | tag::COPY_DONE
            | tag::COPY_FAIL => Ok(Plan::Local),
            tag::PARSE if self.known_parse(piece).is_some() => Ok(Plan::Local),
            tag::QUERY if self.deallocated_by(piece).is_some() => Ok(Plan::Local),
            tag::QUERY
            | tag::FUNCTION_CALL
            | tag::PARSE
            | tag::BIND
            | tag::DESCRIBE
            | tag::EXECUTE => Ok(self.plan_unit(shared, piece, header, judge)),
            unknown => Err(Violation::Message(unknown)),
        }
    }

    fn plan_unit(
        &self,
        shared: &Shared,
        piece: &[u8],
        header: Header,
        judge: Option<&mut dyn FnMut(Judged<'_>)>,
    ) -> Plan {
        if !can_begin(piece, header) {
            return Plan::More;
        }
        match judge {
            None => Plan::Link(Extent::Whole),
            Some(_) if header.frame_len() > piece.len() => Plan::Link(Extent::Part),
            Some(judge) => match header.tag {
                tag::QUERY => judged(judge, Judged::Text(tag::text(&piece[5..header.frame_len()]))),
                tag::FUNCTION_CALL => judged(judge, Judged::Opaque),
                _ => self.plan_extended(shared, piece, judge),
            },
        }
    }

    fn plan_extended(
        &self,
        shared: &Shared,
        piece: &[u8],
        judge: &mut dyn FnMut(Judged<'_>),
    ) -> Plan {
        let mut frames = Frames::new(piece);
        let mut own = OwnParts::default();
        let mut last = 0;
        while let Ok(Some(frame)) = frames.next_frame() {
            last = frame.tag;
            match frame.tag {
                tag::SYNC => {
                    own.end(judge);
                    return Plan::Link(Extent::Whole);
                }
                tag::QUERY | tag::FUNCTION_CALL => judge(Judged::Opaque),
                _ => self.judge_frame(shared, frame, &mut own, judge),
            }
        }
        own.end(judge);
        let rest = &piece[frames.position()..];
        match Header::parse(rest) {
            _ if rest.is_empty() && last == tag::FLUSH && own.defines => {
                Plan::Link(Extent::Definitions)
            }
            _ if rest.is_empty() || piece.len() >= OPENED_MAX => Plan::Link(Extent::Part),
            Ok(Some(header)) if header.frame_len() > OPENED_MAX => Plan::Link(Extent::Part),
            Ok(_) => Plan::More,
            Err(_) => Plan::Link(Extent::Part),
        }
    }

    fn judge_frame<'p>(
        &self,
        shared: &Shared,
        frame: Frame<'p>,
        own: &mut OwnParts<'p>,
        judge: &mut dyn FnMut(Judged<'_>),
    ) {
        match frame.tag {
            tag::PARSE => {
                let Ok(parse) = Parse::open(frame.body()) else { return judge(Judged::Opaque) };
                own.unnamed |= parse.name.is_empty();
                match shared.statements.intern_short(parse.prepared, &self.parameters) {
                    Some(statement) => judge(Judged::Statement(&statement)),
                    None => judge(Judged::Text(tag::text(parse.prepared))),
                }
            }
            tag::BIND => match Bind::parse(frame.body()) {
                Ok(bind) => {
                    own.bind(bind.portal, judge);
                    self.judge_name(bind.statement, own.unnamed, judge);
                }
                Err(_) => judge(Judged::Opaque),
            },
            tag::EXECUTE => own.execute(frame.body(), judge),
            tag::DESCRIBE => match Target::parse(frame.body()) {
                Target::Statement(name) => self.judge_name(name, own.unnamed, judge),
                Target::Other => {}
            },
            _ => {}
        }
    }

    /// Whether it is a portal that is closed, which a server may have: there is none outside of a
    /// transaction.
    pub(super) fn closes_portal(&self, piece: &[u8], header: Header) -> bool {
        let body = piece.get(HEADER_LEN..header.frame_len()).unwrap_or_default();
        self.local_status == TransactionStatus::InTransaction
            && matches!(Target::parse(body), Target::Other)
    }

    /// A name that is not known is one of this unit's own `Parse`, which was judged, or an error.
    fn judge_name(&self, name: &[u8], own_unnamed: bool, judge: &mut dyn FnMut(Judged<'_>)) {
        match (name, &self.unnamed) {
            (b"", _) if own_unnamed => {}
            (b"", Unnamed::Kept(statement, _)) => judge(Judged::Statement(statement)),
            (b"", Unnamed::Unkept) => judge(Judged::Opaque),
            (name, _) => {
                if let Some(statement) = self.names.lookup(name) {
                    judge(Judged::Statement(statement));
                } else if !self.translates {
                    judge(Judged::Opaque);
                }
            }
        }
    }
}

/// What a unit has made itself, as far as it was read.
#[derive(Debug)]
struct OwnParts<'p> {
    /// It has prepared the unnamed statement.
    unnamed: bool,
    /// The portal that it has bound last.
    portal: Option<&'p [u8]>,
    /// That portal has not been executed yet.
    waits: bool,
    /// Statements are defined in it, and nothing is done with them.
    defines: bool,
}

impl Default for OwnParts<'_> {
    fn default() -> Self {
        OwnParts { unnamed: false, portal: None, waits: false, defines: true }
    }
}

impl<'p> OwnParts<'p> {
    fn bind(&mut self, portal: &'p [u8], judge: &mut dyn FnMut(Judged<'_>)) {
        self.defines = false;
        if !portal.is_empty() {
            judge(Judged::Cursor);
        }
        (self.portal, self.waits) = (Some(portal), true);
    }

    /// `body`: the portal's name, and behind it the most rows that are wanted; 0 is all of them.
    fn execute(&mut self, body: &[u8], judge: &mut dyn FnMut(Judged<'_>)) {
        self.defines = false;
        if !body.ends_with(&[0; 4]) {
            judge(Judged::Cursor);
        }
        match self.portal {
            Some(portal) if portal == tag::text(body) => {
                self.waits = false;
                judge(Judged::Executes);
            }
            _ => judge(Judged::Continues),
        }
    }

    fn end(&self, judge: &mut dyn FnMut(Judged<'_>)) {
        if self.waits {
            judge(Judged::Cursor);
        }
    }
}

/// Whether enough of the first message is there for a server to be sent its front. To link for less
/// would be to link, send nothing and release, again and again.
fn can_begin(piece: &[u8], header: Header) -> bool {
    let front = piece.get(HEADER_LEN..).unwrap_or_default();
    match header.tag {
        _ if header.frame_len() <= piece.len() => true,
        _ if header.frame_len() <= OPENED_MAX => false,
        tag::BIND => piece.len() >= OPENED_MAX || Bind::parse(front).is_ok(),
        tag::PARSE => !front.is_empty(),
        _ => true,
    }
}

fn judged(judge: &mut dyn FnMut(Judged<'_>), what: Judged<'_>) -> Plan {
    judge(what);
    judge(Judged::Executes);
    Plan::Link(Extent::Whole)
}
