//! What a server owes: one entry for every message that it will answer, in order.
//!
//! ```text
//!   request() pushes at the back                   reply() looks at the front
//!
//!   Parse(skip) Bind Describe Execute Sync   <──   '1' skipped, '2' 'T' 'D'.. 'C' forwarded, 'Z'
//! ```
//!
//! The front entry says what may come next, and whether the client sees it:
//!
//! | owed | answered by | then |
//! |---|---|---|
//! | `Query`; ours: `Align`, `Opening`, `LeadBack`, `Role` | anything of a simple query, until `Z` | popped at `Z` |
//! | `FunctionCall` | `V` or `E`, then `Z` | popped at `Z` |
//! | `Parse`, `Bind`, `Close` | `1`, `2`, `3` | popped |
//! | `Duplicate`, `Refused` | `E` | popped |
//! | `DescribeStatement` | `t`, then `T` or `n` | popped |
//! | `DescribePortal` | `T` or `n` | popped |
//! | `Execute` | rows or a COPY, then `C`, `I` or `s` | popped |
//! | `Sync` | `Z` (after an `E` where the implicit commit fails) | popped |
//! | `Supplied` | by us, as soon as it is at the front | popped |
//! | `CopyEnd` | nothing: it marks where the client ended a COPY | popped |
//!
//! An `E` for an entry of the extended protocol aborts: the server skips everything up to the
//! next Sync, so those entries go, and what they had promised is taken back.

pub use super::entry::{Action, Entry, Owed, Stamp, Undo, Unnamed};
use super::names::Name;
use super::unit_count::UnitCount;
use crate::protocol::backend::{self as tag, TransactionStatus};
use std::collections::VecDeque;

/// Messages that one client may send ahead of the server's answers. A client that sends more
/// waits (we stop reading from it) until some are answered.
pub const PIPELINE_MAX: usize = 20_000;

/// Whether data is being copied, and who sends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Copy {
    /// No COPY is going on.
    #[default]
    None,
    /// The client sends. PostgreSQL ignores Flush and Sync meanwhile.
    In,
    /// The server sends, or the client has ended its part.
    Out,
    /// Both send (replication).
    Both,
}

/// What an answer means for the one who waits for it.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It belongs to the front entry; more may come.
    More(Action),
    /// It is the last of the front entry, which has been popped.
    Last(Entry),
    /// An error: the front entry and all that the server now skips.
    Aborted(Vec<Entry>),
    /// An error inside an entry that lives on until `Z`.
    Failed(Action),
    /// Nothing of the kind is owed.
    Unexpected,
}

/// The entries, and how far the front one has got.
#[derive(Debug, Default)]
pub struct Pipeline {
    entries: VecDeque<Entry>,
    copy: Copy,
    /// The server skips until it reads a Sync that the client has not sent yet.
    aborted: bool,
    /// Something of the extended protocol was sent after the last Sync: an implicit transaction
    /// is open, even if all of it has been answered (the client may have sent a Flush).
    open: bool,
    /// What the open unit has come to, for a client that ends it with Flush instead of Sync.
    definitions: Definitions,
    units: UnitCount,
}

/// Whether the open unit only says what later ones will use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Definitions {
    /// Statements are prepared, described or closed, and nothing else.
    #[default]
    Only,
    /// The same, and the client has asked to hear of it now.
    Flushed,
    /// Something else too.
    NotOnly,
}

impl Pipeline {
    /// Whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the client may send no more for now.
    pub fn is_full(&self) -> bool {
        self.entries.len() >= PIPELINE_MAX
    }

    /// What is owed next.
    pub fn front(&self) -> Option<&Owed> {
        self.entries.front().map(|front| &front.owed)
    }

    /// How many queries of ours are in front of everything that the client has asked.
    pub fn preludes(&self) -> usize {
        self.entries.iter().take_while(|entry| entry.owed.is_ours()).count()
    }

    /// Whether a statement is being prepared under a name of ours.
    pub fn prepares(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.owed, Owed::Parse(Some(_))))
    }

    /// What is to be taken back of everything that is owed, the last first; it is not owed any
    /// longer.
    pub(super) fn take_undos(&mut self) -> impl Iterator<Item = Undo> {
        let entries = self.entries.iter_mut().rev();
        entries.map(|entry| std::mem::replace(&mut entry.undo, Undo::Nothing))
    }

    /// The names that were given after what the server has answered so far.
    pub(super) fn names_to_come(&self) -> impl Iterator<Item = &Name> {
        self.entries.iter().filter_map(|entry| match &entry.undo {
            Undo::Name(name) => Some(name),
            _ => None,
        })
    }

    /// What the next change of the unnamed statement replaces, if one is still to be answered.
    pub(super) fn unnamed_before_next(&mut self) -> Option<&mut Unnamed> {
        self.entries.iter_mut().find_map(|entry| match &mut entry.undo {
            Undo::Unnamed(before) => Some(before),
            _ => None,
        })
    }

    /// Whether the server skips what comes before the client's next Sync.
    pub fn is_aborted(&self) -> bool {
        self.aborted
    }

    /// Which way a COPY goes on at the front.
    pub fn copy(&self) -> Copy {
        self.copy
    }

    /// Whether a Sync must come before the server can be ready: something of the extended
    /// protocol was sent after the last one.
    pub fn awaits_sync(&self) -> bool {
        self.aborted || self.open
    }

    /// Which units the server has not answered yet, and what they change.
    pub fn units(&self) -> &UnitCount {
        &self.units
    }

    /// What the unit that is being sent does.
    pub(super) fn units_mut(&mut self) -> &mut UnitCount {
        &mut self.units
    }

    /// Something is owed from now on.
    pub fn push(&mut self, entry: Entry) {
        if !entry.owed.is_ours() && entry.owed != Owed::CopyEnd {
            self.open = !entry.owed.ends_unit();
        }
        self.definitions = match (entry.owed.ends_unit(), entry.owed.is_definition()) {
            (true, _) => Definitions::Only,
            (_, true) if self.definitions != Definitions::NotOnly => Definitions::Only,
            _ => Definitions::NotOnly,
        };
        self.units.pushed(&entry);
        self.entries.push_back(entry);
    }

    /// The client waits for what it has sent so far, and does not say that its unit ends.
    pub(super) fn flushed(&mut self) {
        if self.open && self.definitions == Definitions::Only {
            self.definitions = Definitions::Flushed;
        }
    }

    /// Whether the open unit is a client's that has heard what it asked for, which was only to
    /// define statements (asyncpg's `prepare()`): ending it here changes nothing of its meaning.
    pub(super) fn awaits_only_sync(&self) -> bool {
        self.definitions == Definitions::Flushed && self.is_empty() && self.open && !self.aborted
    }

    /// A message of the extended protocol is being gathered: it belongs to this server.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// The client's Sync goes to the server, which will stop skipping.
    pub fn push_sync(&mut self) {
        self.aborted = false;
        self.push(Entry::forward(Owed::Sync));
    }

    /// The client has ended its part of a COPY.
    pub fn copy_ended(&mut self) {
        match self.copy {
            Copy::In => self.copy = Copy::Out,
            Copy::Both => {}
            Copy::None if self.entries.is_empty() => {}
            // It ends a COPY that the server has not come to yet.
            Copy::None | Copy::Out => self.push(Entry::forward(Owed::CopyEnd)),
        }
    }

    /// Pops what needs no answer from the server: what we supply ourselves, in its turn.
    pub fn next_supplied(&mut self) -> Option<&'static [u8]> {
        loop {
            match self.entries.front()?.owed {
                Owed::CopyEnd => self.entries.pop_front(),
                Owed::Supplied(message) => {
                    self.entries.pop_front();
                    return Some(message);
                }
                _ => return None,
            };
        }
    }

    /// A message of the server that is not asynchronous.
    pub fn answer(&mut self, message: u8) -> Answer {
        let Some(front) = self.entries.front() else { return Answer::Unexpected };
        let action = front.action;
        match (&front.owed, message) {
            (Owed::Query | Owed::FunctionCall | Owed::Sync, tag::ERROR_RESPONSE) => {
                self.copy = Copy::None;
                Answer::Failed(action)
            }
            (ours, tag::ERROR_RESPONSE) if ours.is_ours() => Answer::Failed(action),
            (_, tag::ERROR_RESPONSE) => self.abort(),
            (Owed::Query, _) => self.answer_query(message, action),
            (ours, _) if ours.is_ours() => self.answer_query(message, action),
            (Owed::FunctionCall, tag::FUNCTION_CALL_RESPONSE) => Answer::More(action),
            (Owed::DescribeStatement(_), tag::PARAMETER_DESCRIPTION) => Answer::More(action),
            (Owed::Execute, _) => self.answer_execute(message, action),
            (Owed::FunctionCall | Owed::Sync, tag::READY_FOR_QUERY)
            | (Owed::Parse(_) | Owed::Duplicate(_), tag::PARSE_COMPLETE)
            | (Owed::Bind(_), tag::BIND_COMPLETE)
            | (Owed::Close(_), tag::CLOSE_COMPLETE)
            | (
                Owed::DescribeStatement(_) | Owed::DescribePortal,
                tag::ROW_DESCRIPTION | tag::NO_DATA,
            ) => self.pop(),
            _ => Answer::Unexpected,
        }
    }

    fn answer_query(&mut self, message: u8, action: Action) -> Answer {
        match message {
            tag::READY_FOR_QUERY => {
                self.copy = Copy::None;
                self.pop()
            }
            tag::ROW_DESCRIPTION | tag::EMPTY_QUERY_RESPONSE | tag::DATA_ROW => {
                Answer::More(action)
            }
            tag::COMMAND_COMPLETE => {
                self.copy = Copy::None;
                Answer::More(action)
            }
            _ => self.answer_copy(message, action),
        }
    }

    fn answer_execute(&mut self, message: u8, action: Action) -> Answer {
        match message {
            tag::DATA_ROW => Answer::More(action),
            tag::COMMAND_COMPLETE | tag::EMPTY_QUERY_RESPONSE | tag::PORTAL_SUSPENDED => {
                self.copy = Copy::None;
                self.pop()
            }
            _ => self.answer_copy(message, action),
        }
    }

    fn answer_copy(&mut self, message: u8, action: Action) -> Answer {
        if message == tag::COPY_IN_RESPONSE {
            self.ignore_syncs();
        }
        self.copy = match (message, self.copy) {
            (tag::COPY_IN_RESPONSE, Copy::None) if self.take_copy_end() => Copy::Out,
            (tag::COPY_IN_RESPONSE, Copy::None) => Copy::In,
            (tag::COPY_OUT_RESPONSE, Copy::None) => Copy::Out,
            (tag::COPY_BOTH_RESPONSE, Copy::None) => Copy::Both,
            (tag::COPY_DATA | tag::COPY_DONE, copy @ (Copy::Out | Copy::Both)) => copy,
            _ => return Answer::Unexpected,
        };
        Answer::More(action)
    }

    /// A Sync that the server reads while it waits for copied data is ignored by it, so it will
    /// not be answered (PostgreSQL manual, "COPY Operations"). Those are the ones that the
    /// client sent between its Execute and the end of its data.
    fn ignore_syncs(&mut self) {
        while self.entries.get(1).is_some_and(|entry| entry.owed == Owed::Sync) {
            self.entries.remove(1);
            self.units.answered();
        }
        let last = self.entries.iter().rev().find(|entry| entry.owed != Owed::CopyEnd);
        self.open = last.is_some_and(|entry| !entry.owed.ends_unit());
    }

    fn take_copy_end(&mut self) -> bool {
        let ended = self.entries.get(1).is_some_and(|entry| entry.owed == Owed::CopyEnd);
        if ended {
            self.entries.remove(1);
        }
        ended
    }

    fn pop(&mut self) -> Answer {
        let Some(entry) = self.entries.pop_front() else { return Answer::Unexpected };
        if entry.owed.ends_unit() {
            self.units.answered();
        }
        Answer::Last(entry)
    }

    fn abort(&mut self) -> Answer {
        self.copy = Copy::None;
        let sync = self.entries.iter().position(|entry| entry.owed == Owed::Sync);
        self.aborted = sync.is_none();
        let end = sync.unwrap_or(self.entries.len());
        let skipped: Vec<_> = self.entries.drain(..end).collect();
        let ends = skipped.iter().filter(|entry| entry.owed.ends_unit());
        ends.for_each(|_| self.units.answered());
        Answer::Aborted(skipped)
    }

    /// Whether the server could be given to somebody else, as far as this machine knows.
    pub fn is_settled(&self, status: TransactionStatus) -> bool {
        self.entries.is_empty()
            && !self.awaits_sync()
            && self.copy == Copy::None
            && status == TransactionStatus::Idle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(owed: impl IntoIterator<Item = Owed>) -> Pipeline {
        let mut pipeline = Pipeline::default();
        owed.into_iter().for_each(|owed| pipeline.push(Entry::forward(owed)));
        pipeline
    }

    fn owed_left(pipeline: &Pipeline) -> Vec<&Owed> {
        pipeline.entries.iter().map(|entry| &entry.owed).collect()
    }

    #[test]
    fn an_error_skips_to_the_next_sync() {
        let mut pipeline = pipeline([
            Owed::Bind(None),
            Owed::Execute,
            Owed::Query,
            Owed::Sync,
            Owed::Parse(None),
            Owed::Sync,
        ]);
        let Answer::Aborted(skipped) = pipeline.answer(b'E') else { panic!("not aborted") };
        assert_eq!(skipped.len(), 3);
        assert_eq!(owed_left(&pipeline), [&Owed::Sync, &Owed::Parse(None), &Owed::Sync]);
        assert!(!pipeline.is_aborted());
    }

    #[test]
    fn an_error_before_the_sync_is_sent_skips_what_is_still_to_come() {
        let mut pipeline = pipeline([Owed::Parse(None)]);
        pipeline.answer(b'E');
        assert!(pipeline.is_aborted() && pipeline.is_empty());
        assert!(!pipeline.is_settled(TransactionStatus::Idle));
        pipeline.push_sync();
        assert!(!pipeline.is_aborted());
        assert!(matches!(pipeline.answer(b'Z'), Answer::Last(_)));
        assert!(pipeline.is_settled(TransactionStatus::Idle));
        assert!(!pipeline.is_settled(TransactionStatus::Failed));
    }

    #[test]
    fn nothing_comes_that_is_not_owed() {
        for message in *b"123CDEGHIKRTVWZcdnstx\0" {
            assert_eq!(Pipeline::default().answer(message), Answer::Unexpected);
        }
        assert_eq!(pipeline([Owed::Sync]).answer(b'C'), Answer::Unexpected);
        assert_eq!(pipeline([Owed::Bind(None)]).answer(b'1'), Answer::Unexpected);
        assert_eq!(pipeline([Owed::Query]).answer(b'd'), Answer::Unexpected);
    }

    #[test]
    fn a_sync_inside_a_copy_is_not_answered() {
        let mut pipeline = pipeline([Owed::Execute, Owed::Sync]);
        assert_eq!(pipeline.answer(b'G'), Answer::More(Action::Forward));
        assert_eq!(owed_left(&pipeline), [&Owed::Execute]);
        assert_eq!(pipeline.copy(), Copy::In);
        pipeline.copy_ended();
        pipeline.push_sync();
        assert!(matches!(pipeline.answer(b'C'), Answer::Last(_)));
        assert!(matches!(pipeline.answer(b'Z'), Answer::Last(_)));
        assert!(pipeline.is_settled(TransactionStatus::Idle));
    }

    #[test]
    fn a_copy_sent_ahead_as_a_whole_keeps_its_last_sync() {
        let mut pipeline = pipeline([Owed::Execute, Owed::Sync]);
        pipeline.copy_ended();
        pipeline.push_sync();
        assert_eq!(pipeline.answer(b'G'), Answer::More(Action::Forward));
        assert_eq!(owed_left(&pipeline), [&Owed::Execute, &Owed::Sync]);
        assert_eq!(pipeline.copy(), Copy::Out);
    }

    #[test]
    fn a_unit_of_definitions_is_known_when_it_was_flushed_and_answered() {
        let mut pipeline = pipeline([Owed::Parse(None), Owed::DescribeStatement(None)]);
        assert!(!pipeline.awaits_only_sync());
        pipeline.flushed();
        pipeline.answer(b'1');
        pipeline.answer(b't');
        assert!(!pipeline.awaits_only_sync(), "not answered in full");
        pipeline.answer(b'n');
        assert!(pipeline.awaits_only_sync());
        pipeline.push(Entry::forward(Owed::Bind(None)));
        pipeline.flushed();
        pipeline.answer(b'2');
        assert!(!pipeline.awaits_only_sync(), "a portal would be lost");
    }

    #[test]
    fn what_we_supply_waits_for_its_turn() {
        let mut pipeline = pipeline([Owed::Bind(None), Owed::Supplied(b"x")]);
        assert_eq!(pipeline.next_supplied(), None);
        pipeline.answer(b'2');
        assert_eq!(pipeline.next_supplied(), Some(&b"x"[..]));
        assert_eq!(pipeline.next_supplied(), None);
    }
}
