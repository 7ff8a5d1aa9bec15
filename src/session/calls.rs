//! What was sent to be executed, in order, and what came of it: for those who count it by statement.
//!
//! ```text
//!   request() pushes at the back      the owner names what is new      reply() ends the front one
//!
//!   ended ended │ named named │ new new
//!     ^ the owner takes these
//! ```

use super::message::Message;
use super::server_side::ServerSide;
use super::statements::{Mark, Statement};
use super::tally::Tally;
use crate::ids::StatementId;
use crate::protocol::frame::{HEADER_LEN, Header};
use crate::protocol::frontend as tag;
use crate::trace::Context;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// What a call executes.
#[derive(Clone, Debug, Default)]
pub enum What {
    /// Something whose text is not known here.
    #[default]
    Unknown,
    /// The text of a simple query, in the piece that is being carried; `whole` if all of it is there.
    Text {
        /// Where it is.
        range: Range<usize>,
        /// Whether nothing of it is still to come.
        whole: bool,
    },
    /// A prepared statement that has no mark yet.
    Statement(Arc<Statement>),
    /// A prepared statement, and its mark.
    Marked(StatementId, Mark),
    /// It has been named.
    Named(Label),
}

/// What the owner calls a call.
#[derive(Clone, Debug, Default)]
pub struct Label {
    /// What stands for the shape of its text.
    pub mark: Mark,
    /// Its text, if that is not known yet where it is counted.
    pub text: Option<Box<str>>,
    /// The number of the reason for which it goes where it goes.
    pub reason: u8,
    /// What its span will say, if it has one.
    pub traced: Option<Box<Traced>>,
}

/// What is taken down for a call's span while its text is there.
#[derive(Clone, Debug)]
pub struct Traced {
    /// The caller's span, if the caller has named one.
    pub parent: Option<Context>,
    /// Its text; empty if that is not known.
    pub text: Box<str>,
    /// A replica has refused it before.
    pub retried: bool,
}

/// One thing that was sent to be executed.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// What it is.
    pub what: What,
    /// Rows that it returned or changed.
    pub rows: u64,
    /// The SQLSTATE with which it failed.
    pub sqlstate: Option<[u8; 5]>,
    /// Bytes from the client, of everything since the call before it.
    pub received: u64,
    /// Bytes to the client.
    pub sent: u64,
    /// The caller's span, where a `Parse` has named it: a simple query's text has its own.
    pub parent: Option<Context>,
    /// How many rows were asked for; 0 is all.
    limit: u64,
}

/// The calls of one link, the oldest first. There are never more than entries in the pipeline, and
/// those that have ended and were not taken yet.
#[derive(Debug, Default)]
pub struct Calls {
    /// Whether anybody wants to know.
    watched: bool,
    queue: VecDeque<Call>,
    ended: usize,
    named: usize,
    /// What was bound last: a portal with a name that is executed later is taken for that too.
    bound: What,
    /// The span for which it was bound.
    parent: Option<Context>,
    received: u64,
    sent: u64,
}

impl Calls {
    /// A new link.
    pub(super) fn begin(&mut self, watched: bool) {
        self.queue.clear();
        (self.ended, self.named, self.received, self.sent) = (0, 0, 0, 0);
        (self.bound, self.parent) = (What::Unknown, None);
        self.watched = watched;
    }

    /// A message of the client's is on its way to the server: it is part of the call that comes next,
    /// or, if it is data for a COPY, of the one that takes it.
    #[inline]
    pub(super) fn request(&mut self, header: Header) {
        let bytes = header.frame_len() as u64;
        match header.tag {
            tag::QUERY | tag::FUNCTION_CALL | tag::EXECUTE => {}
            tag::COPY_DATA | tag::COPY_DONE | tag::COPY_FAIL => {
                if let Some(call) = self.queue.get_mut(self.ended) {
                    call.received += bytes;
                }
            }
            _ => self.received += bytes,
        }
    }

    /// A message for the client, of so many bytes.
    #[inline]
    pub(super) fn reply(&mut self, bytes: usize) {
        self.sent += bytes as u64;
    }

    /// A simple query, or a function call, which has no text.
    pub(super) fn query(&mut self, message: Message<'_>, has_text: bool) {
        let range = message.range();
        let whole = message.is_whole();
        // Without the header, and the terminator behind it.
        let text = (range.start + HEADER_LEN).min(range.end)..range.end - usize::from(whole);
        let what = if has_text { What::Text { range: text, whole } } else { What::Unknown };
        self.push(what, message, 0);
    }

    /// What was bound is executed.
    pub(super) fn execute(&mut self, message: Message<'_>) {
        if self.watched {
            let limit = message.body().and_then(|body| body.last_chunk());
            let limit = limit.map_or(0, |limit| u64::from(u32::from_be_bytes(*limit)));
            self.push(self.bound.clone(), message, limit);
            if let (Some(parent), Some(call)) = (&self.parent, self.queue.back_mut()) {
                call.parent = Some(parent.clone());
            }
        }
    }

    /// A portal is bound to a statement, for a span of the client's.
    pub(super) fn bind(&mut self, statement: Option<&Arc<Statement>>, parent: Option<Context>) {
        if self.watched {
            self.parent = parent;
            self.bound = match statement {
                None => What::Unknown,
                Some(statement) => match statement.mark.get() {
                    Some(mark) => What::Marked(statement.id, *mark),
                    None => What::Statement(statement.clone()),
                },
            };
        }
    }

    /// So many rows were returned or changed.
    pub(super) fn rows(&mut self, rows: u64) {
        if let Some(call) = self.queue.get_mut(self.ended) {
            call.rows += rows;
        }
    }

    /// The front one has executed; `suspended` if as many rows as it asked for were not all.
    pub(super) fn executed(&mut self, suspended: bool) {
        if let Some(call) = self.queue.get_mut(self.ended).filter(|_| suspended) {
            call.rows += call.limit;
        }
        self.answered();
    }

    /// The front one has failed, and is still to be answered.
    pub(super) fn failed(&mut self, sqlstate: &[u8]) {
        if let Some(call) = self.queue.get_mut(self.ended) {
            call.sqlstate = call.sqlstate.or(sqlstate.try_into().ok());
        }
    }

    /// Nothing more comes of the front one.
    pub(super) fn answered(&mut self) {
        let sent = std::mem::take(&mut self.sent);
        if let Some(call) = self.queue.get_mut(self.ended) {
            call.sent += sent;
            self.ended += 1;
        }
    }

    /// An error has skipped so many: the first of them is the one that failed.
    pub(super) fn aborted(&mut self, sqlstate: &[u8], calls: usize) {
        if calls > 0 {
            self.failed(sqlstate);
            self.answered();
            let skipped = self.ended..(self.ended + calls - 1).min(self.queue.len());
            self.named -= skipped.len().min(self.named.saturating_sub(skipped.start));
            self.queue.drain(skipped);
        }
    }

    /// The spans for which is executed what was not answered.
    pub(super) fn parents(&self) -> impl Iterator<Item = &Context> {
        self.queue.iter().skip(self.ended).filter_map(|call| call.parent.as_ref())
    }

    fn push(&mut self, what: What, message: Message<'_>, limit: u64) {
        let received = std::mem::take(&mut self.received) + message.header.frame_len() as u64;
        if self.watched {
            self.queue.push_back(Call { what, received, limit, ..Call::default() });
        }
    }
}

impl ServerSide {
    /// A client is about to be linked; with `watched`, what it executes is noted.
    pub fn begin_counting(&mut self, watched: bool) {
        self.tally = Tally::default();
        self.calls.begin(watched);
    }

    /// Whether calls are noted on this link.
    pub fn watches_calls(&self) -> bool {
        self.calls.watched
    }

    /// The next call that has been sent and has no name yet; from then on it counts as named.
    pub fn next_unnamed_call(&mut self) -> Option<&mut Call> {
        let call = self.calls.queue.get_mut(self.calls.named)?;
        self.calls.named += 1;
        Some(call)
    }

    /// Whether a call has ended that was not taken yet.
    pub fn has_ended_call(&self) -> bool {
        self.calls.ended > 0
    }

    /// The oldest call that has ended, once.
    pub fn take_ended_call(&mut self) -> Option<Call> {
        self.calls.ended = self.calls.ended.checked_sub(1)?;
        self.calls.named = self.calls.named.saturating_sub(1);
        self.calls.queue.pop_front()
    }

    /// The oldest call of those that will not be answered, once.
    pub fn take_unanswered_call(&mut self) -> Option<Call> {
        self.calls.named = self.calls.named.saturating_sub(1);
        self.calls.queue.pop_front()
    }
}
