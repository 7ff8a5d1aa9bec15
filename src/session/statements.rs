//! Prepared statements: shared by text and parameter types, under our names on the servers.
//!
//! A client's `s1` and another's `lookup` that prepare the same text are one [`Statement`]. A
//! server knows it as `pgweir_<id>`, prepared there when it is first needed.

use super::memo::Memo;
use super::server_name::ServerName;
use crate::ids::StatementId;
use crate::protocol::frontend::text;
use crate::trace::without_context;
use dashmap::DashMap;
use foldhash::quality::RandomState;
use hashlink::LinkedHashMap;
use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// The registry is swept for statements that nobody uses when it has this many, and then at
/// twice what was left.
const SWEEP_AT: usize = 4096;

/// Statements that one client may have prepared at a time. PostgreSQL has no limit, but every
/// one costs memory here; no driver's cache comes near it.
pub const CLIENT_STATEMENTS_MAX: usize = 100_000;

/// Counts statements over all registries that it is given to: a client may outlive the pools
/// whose registry it used, and its statements must not be taken for others.
#[derive(Clone, Debug, Default)]
pub struct StatementIds(Arc<AtomicU64>);

impl StatementIds {
    fn next(&self) -> StatementId {
        StatementId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What stands for the shape of a statement's text, among those who count statements.
pub type Mark = [u64; 2];

/// A statement as it is prepared: text and parameter types.
#[derive(Debug)]
pub struct Statement {
    /// Its number, and so its name on servers.
    pub id: StatementId,
    /// Text, terminator, parameter types: a `Parse` after its name.
    pub prepared: Box<[u8]>,
    /// What routing said of the text, kept so that it is asked once in each epoch.
    pub class: Memo,
    /// Its mark, once it has been counted.
    pub mark: OnceLock<Mark>,
    /// Whether a server of its pools has accepted it: preparing it again needs no server.
    pub(super) accepted: AtomicBool,
}

impl Statement {
    /// Whether a server has accepted it.
    pub(super) fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// A server has accepted it.
    pub(super) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// Its name on servers.
    pub fn name(&self) -> ServerName {
        ServerName::of(self.id)
    }
}

/// All statements that clients of the same pools have prepared.
#[derive(Debug, Default)]
pub struct StatementRegistry {
    ids: StatementIds,
    by_text: DashMap<Key, Arc<Statement>, RandomState>,
    hasher: RandomState,
    sweep_at: AtomicU64,
}

/// Stands for a text: 64 bits under a random key, and its length. The text itself is compared
/// when an entry is found, so a collision costs sharing, never a wrong statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    hash: u64,
    len: usize,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl StatementRegistry {
    /// An empty registry that numbers its statements with these ids.
    pub fn new(ids: StatementIds) -> Self {
        StatementRegistry { ids, ..StatementRegistry::default() }
    }

    /// The one statement of this text and these types. It is shared, so the trace of whoever prepares
    /// it is no part of it: each request would be a statement of its own otherwise.
    pub fn intern(&self, prepared: &[u8]) -> Arc<Statement> {
        match without_context(text(prepared)) {
            None => self.intern_shared(prepared),
            Some(mut shared) => {
                shared.extend_from_slice(&prepared[text(prepared).len()..]);
                self.intern_shared(&shared)
            }
        }
    }

    fn intern_shared(&self, prepared: &[u8]) -> Arc<Statement> {
        let key = Key { hash: self.hasher.hash_one(prepared), len: prepared.len() };
        if let Some(found) = self.by_text.get(&key)
            && *found.prepared == *prepared
        {
            return found.clone();
        }
        self.insert(key, prepared)
    }

    /// Whoever prepares the text of `id` from now on gets another statement: what servers have
    /// prepared as this one is of no use any more.
    pub(super) fn retire(&self, id: StatementId) {
        self.by_text.retain(|_, statement| statement.id != id);
    }

    /// The same for all: a table was changed, and it is not known which statements read it. Those
    /// who have prepared one keep it, and are told by their server, as PostgreSQL does.
    pub(super) fn retire_all(&self) {
        self.by_text.clear();
    }

    fn insert(&self, key: Key, prepared: &[u8]) -> Arc<Statement> {
        self.sweep();
        let statement = Arc::new(Statement {
            id: self.ids.next(),
            prepared: prepared.into(),
            class: Memo::default(),
            mark: OnceLock::new(),
            accepted: AtomicBool::new(false),
        });
        let kept = self.by_text.entry(key).or_insert_with(|| statement.clone());
        if *kept.prepared == *prepared { kept.clone() } else { statement }
    }

    fn sweep(&self) {
        let sweep_at = usize::try_from(self.sweep_at.load(Ordering::Relaxed)).unwrap_or(SWEEP_AT);
        if self.by_text.len() < sweep_at.max(SWEEP_AT) {
            return;
        }
        self.by_text.retain(|_, statement| Arc::strong_count(statement) > 1);
        self.sweep_at.store(self.by_text.len() as u64 * 2, Ordering::Relaxed);
    }
}

/// A client's own names for what it has prepared. Costs a pointer until one is used.
#[derive(Debug, Default)]
pub struct Names {
    named: Option<Box<ByName>>,
}

/// What a client calls a statement: its map has it, and what may still be taken back.
pub type Name = Arc<[u8]>;

type ByName = HashMap<Name, Arc<Statement>, RandomState>;

impl Names {
    /// What the client prepared under `name`.
    pub fn lookup(&self, name: &[u8]) -> Option<&Arc<Statement>> {
        self.named.as_ref()?.get(name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.named.as_ref().map_or(0, |named| named.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers a statement under `name`.
    pub fn insert(&mut self, name: Name, statement: Arc<Statement>) {
        self.named.get_or_insert_default().insert(name, statement);
    }

    /// Forgets what `name` was, and says it.
    pub fn remove(&mut self, name: &[u8]) -> Option<(Name, Arc<Statement>)> {
        self.named.as_mut()?.remove_entry(name)
    }

    /// Forgets all, as `DEALLOCATE ALL` does.
    pub fn clear(&mut self) {
        self.named = None;
    }

    /// The statement that servers know by `id`, if the client has it.
    pub fn find(&self, id: StatementId) -> Option<&Arc<Statement>> {
        self.named.as_ref()?.values().find(|statement| statement.id == id)
    }

    /// The client's name for the statement that servers know by `id`: for error messages.
    pub fn name_of(&self, id: StatementId) -> Option<&[u8]> {
        let named = self.named.as_ref()?;
        named.iter().find(|(_, statement)| statement.id == id).map(|(name, _)| &name[..])
    }
}

/// What is prepared on one server, the least recently used first to go.
#[derive(Debug)]
pub struct Prepared {
    /// In order of use, the latest last.
    statements: LinkedHashMap<StatementId, State, RandomState>,
    max: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Usable,
    /// Must be closed and prepared anew before its next use: a change of its tables made the
    /// plan useless ("cached plan must not change result type"), or its `Close` was skipped.
    Stale,
}

impl Prepared {
    /// Nothing is prepared yet; at most `max` statements will be.
    pub fn new(max: usize) -> Self {
        Prepared { statements: LinkedHashMap::default(), max: max.max(1) }
    }

    /// At most `max` statements will be prepared from now on.
    pub fn set_max(&mut self, max: usize) {
        self.max = max.max(1);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.statements.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Whether `id` can be used as it is; if so, it counts as used now.
    pub fn touch(&mut self, id: StatementId) -> bool {
        self.statements.to_back(&id) == Some(&mut State::Usable)
    }

    /// Whether `id` can be used as it is.
    pub fn is_usable(&self, id: StatementId) -> bool {
        self.statements.get(&id) == Some(&State::Usable)
    }

    /// `id` counts as prepared from now on; says whether it must be closed before that. When the
    /// `Parse` fails or is skipped, [`Prepared::forget`] takes it back. Then
    /// [`Prepared::evict`] must make room.
    #[must_use]
    pub fn insert(&mut self, id: StatementId) -> bool {
        self.statements.insert(id, State::Usable).is_some()
    }

    /// `id` is not prepared.
    pub fn forget(&mut self, id: StatementId) {
        self.statements.remove(&id);
    }

    /// `id` is prepared but must not be used as it is.
    pub fn mark_stale(&mut self, id: StatementId) {
        self.statements.insert(id, State::Stale);
    }

    /// Nothing is prepared any more.
    pub fn clear(&mut self) {
        self.statements.clear();
    }

    /// It is not known what is prepared.
    pub fn mark_all_stale(&mut self) {
        self.statements.values_mut().for_each(|state| *state = State::Stale);
    }

    /// What must be closed, as long as there are too many.
    pub fn evict(&mut self) -> Option<StatementId> {
        let too_many = self.statements.len() > self.max;
        let oldest = if too_many { self.statements.pop_front() } else { None };
        oldest.map(|(id, _)| id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_text_is_the_same_statement() {
        let registry = StatementRegistry::default();
        let a = registry.intern(b"select $1\0\0\0");
        assert!(Arc::ptr_eq(&a, &registry.intern(b"select $1\0\0\0")));
        assert_ne!(a.id, registry.intern(b"select $1\0\0\x01\0\0\0\x17").id);
    }

    #[test]
    fn the_same_text_from_another_trace_is_the_same_statement() {
        let registry = StatementRegistry::default();
        let of_trace = |n: u32| {
            let parent = format!("00-{n:032x}-{n:016x}-01");
            let prepared =
                format!("select $1 /*route='a',traceparent='{parent}'*/\0\0\x01\0\0\0\x17");
            registry.intern(prepared.as_bytes())
        };
        let first = of_trace(1);
        assert_eq!(&*first.prepared, b"select $1 /*route='a',*/\0\0\x01\0\0\0\x17");
        assert!((2..1000).all(|n| Arc::ptr_eq(&first, &of_trace(n))));
        assert_eq!(registry.by_text.len(), 1);
    }

    #[test]
    fn statements_that_nobody_uses_are_swept() {
        let registry = StatementRegistry::default();
        let kept = registry.intern(b"kept");
        for i in 0..SWEEP_AT * 3 {
            registry.intern(i.to_string().as_bytes());
        }
        assert!(registry.by_text.len() <= SWEEP_AT + 1);
        assert!(Arc::ptr_eq(&kept, &registry.intern(b"kept")));
    }

    #[test]
    fn the_least_recently_used_makes_room() {
        let [a, b, c] = [1, 2, 3].map(StatementId);
        let mut prepared = Prepared::new(2);
        assert!(!prepared.insert(a) && !prepared.insert(b));
        assert_eq!(prepared.evict(), None);
        assert!(prepared.touch(a));
        assert!(!prepared.insert(c));
        assert_eq!(prepared.evict(), Some(b));
        assert_eq!(prepared.evict(), None);
        assert!(!prepared.touch(b));
    }

    #[test]
    fn a_limit_that_is_lowered_makes_room_for_the_next() {
        let mut prepared = Prepared::new(3);
        (1..=3).for_each(|id| assert!(!prepared.insert(StatementId(id))));
        prepared.set_max(1);
        assert!(prepared.is_usable(StatementId(1)), "nothing is closed before its next use");
        assert!(!prepared.insert(StatementId(4)));
        let evicted: Vec<_> = std::iter::from_fn(|| prepared.evict()).collect();
        assert_eq!(evicted, [1, 2, 3].map(StatementId));
    }

    #[test]
    fn a_stale_statement_is_closed_and_prepared_anew() {
        let mut prepared = Prepared::new(2);
        let a = StatementId(1);
        assert!(!prepared.insert(a));
        prepared.mark_stale(a);
        assert!(!prepared.touch(a));
        assert!(prepared.insert(a), "must be closed first");
        assert!(prepared.touch(a));
    }

    #[test]
    fn what_came_back_makes_room_too() {
        let mut prepared = Prepared::new(1);
        (1..=3).for_each(|id| prepared.mark_stale(StatementId(id)));
        assert!(!prepared.insert(StatementId(4)));
        let evicted: Vec<_> = std::iter::from_fn(|| prepared.evict()).collect();
        assert_eq!(evicted.len(), 3);
        assert!(prepared.touch(StatementId(4)));
    }
}
