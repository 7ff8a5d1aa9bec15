//! Which trace an execution belongs to, where its text came before it, in a `Parse`.
//!
//! A `Parse` with a context in its text is for the execution that comes next: a prepared statement that
//! is executed again later belongs to a trace that nobody has named. So a context is used once.

use super::pipeline::Unnamed;
use super::server_side::ServerSide;
use super::state::Session;
use super::statements::Statement;
use crate::protocol::frontend::text;
use crate::trace::{Context, context_of};
use std::collections::VecDeque;
use std::sync::Arc;

/// Contexts that wait for their execution. Drivers execute what they have prepared before they prepare
/// much more; beyond this the oldest is forgotten.
const WAITING_MAX: usize = 32;

/// The contexts that a client's `Parse` messages have named.
#[derive(Debug, Default)]
pub(super) struct Parents {
    /// Whether anybody traces.
    traced: bool,
    /// Most clients have none.
    #[expect(clippy::box_collection, reason = "every session has room for this")]
    waiting: Option<Box<VecDeque<Parent>>>,
}

/// One of them.
#[derive(Debug)]
struct Parent {
    /// The client's name for the statement; empty for the unnamed one.
    name: Box<[u8]>,
    context: Context,
    used: bool,
}

impl Parents {
    /// A `Parse` of this text and these types, under a name of the client's.
    #[inline]
    pub(super) fn note(&mut self, name: &[u8], prepared: &[u8]) {
        if self.traced {
            self.note_traced(name, prepared);
        }
    }

    fn note_traced(&mut self, name: &[u8], prepared: &[u8]) {
        if let Some(waiting) = &mut self.waiting {
            waiting.retain(|parent| *parent.name != *name && !parent.used);
        }
        let Some(context) = context_of(text(prepared)) else { return };
        let waiting = self.waiting.get_or_insert_default();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(Parent { name: name.into(), context, used: false });
    }

    /// The context for what executes the statement of this name, once.
    #[inline]
    pub(super) fn take(&mut self, name: &[u8]) -> Option<Context> {
        let mut waiting = self.waiting.as_mut()?.iter_mut();
        let parent = waiting.find(|parent| *parent.name == *name && !parent.used)?;
        parent.used = true;
        Some(parent.context.clone())
    }

    /// What was to be executed will be said again.
    fn give_back(&mut self, context: &Context) {
        let mut waiting = self.waiting.iter_mut().flat_map(|waiting| waiting.iter_mut());
        if let Some(parent) = waiting.find(|parent| parent.context == *context) {
            parent.used = false;
        }
    }
}

impl Session {
    /// Whether contexts are kept from now on.
    pub fn trace(&mut self, traced: bool) {
        if self.parents.traced != traced {
            self.parents = Parents { traced, waiting: None };
        }
    }

    /// What a portal would be bound to, and for whom, if it were bound to the statement that the
    /// client calls so.
    pub fn to_bind(&mut self, name: &[u8]) -> (Option<&Arc<Statement>>, Option<Context>) {
        let parent = self.parents.take(name);
        let statement = match (name, &self.unnamed) {
            (b"", Unnamed::Kept(statement, _)) => Some(statement),
            (b"", _) => None,
            (name, _) => self.names.lookup(name),
        };
        (statement, parent)
    }

    /// What this server has not executed will be executed by another, for whom it was.
    pub(super) fn give_back_parents(&mut self, server: &ServerSide) {
        server.calls.parents().for_each(|context| self.parents.give_back(context));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(span: u64) -> Vec<u8> {
        format!("SELECT 1 /*traceparent='00-{:032x}-{span:016x}-01'*/\0\0\0", 7).into_bytes()
    }

    fn traced() -> Parents {
        Parents { traced: true, waiting: None }
    }

    fn take(parents: &mut Parents, name: &[u8]) -> Option<u64> {
        parents.take(name).map(|context| u64::from_be_bytes(context.span_id))
    }

    #[test]
    fn a_context_is_used_once() {
        let mut parents = traced();
        parents.note(b"a", &text_of(1));
        parents.note(b"b", &text_of(2));
        assert_eq!(take(&mut parents, b"b"), Some(2));
        assert_eq!(take(&mut parents, b"b"), None);
        assert_eq!(take(&mut parents, b"a"), Some(1));
    }

    #[test]
    fn a_parse_takes_the_place_of_the_one_before() {
        let mut parents = traced();
        parents.note(b"", &text_of(1));
        parents.note(b"", &text_of(2));
        assert_eq!(take(&mut parents, b""), Some(2));
        parents.note(b"", &text_of(3));
        parents.note(b"", b"SELECT 1\0\0\0");
        assert_eq!(take(&mut parents, b""), None);
    }

    #[test]
    fn what_is_said_again_belongs_to_the_same_trace() {
        let mut parents = traced();
        parents.note(b"a", &text_of(1));
        let context = parents.take(b"a").unwrap();
        parents.give_back(&context);
        assert_eq!(take(&mut parents, b"a"), Some(1));
    }

    #[test]
    fn those_that_are_never_executed_are_few() {
        let mut parents = traced();
        (1..1000).for_each(|n| parents.note(n.to_string().as_bytes(), &text_of(n)));
        assert_eq!(parents.waiting.as_ref().unwrap().len(), WAITING_MAX);
        assert_eq!(take(&mut parents, b"999"), Some(999));
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let mut parents = Parents::default();
        parents.note(b"a", &text_of(1));
        assert!(parents.waiting.is_none());
    }
}
