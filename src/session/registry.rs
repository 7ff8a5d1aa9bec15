//! All statements that the clients of the same pools have prepared, and how much room they take.

use super::parameters::Parameters;
use super::statements::{Moment, Room, Settings, Statement, StatementIds};
use crate::protocol::frontend::text;
use crate::trace::without_context;
use dashmap::DashMap;
use foldhash::quality::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The registry is swept for statements that nobody uses when it has this many, and then at
/// twice what was left.
const SWEEP_AT: u64 = 4096;

/// The same for the bytes that statements take: what nobody uses is worth no more memory than the
/// cache of classes.
const SWEEP_AT_BYTES: u64 = 4 * 1024 * 1024;

/// Bytes that all statements of one database and user may take together. An application of a
/// thousand texts of 10 kB has a twentieth of it, and who may fill it harms only who has the same
/// rights.
pub const REGISTRY_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// The longest unnamed `Parse` that is shared, and kept after its use. Texts of that length are
/// seldom sent twice.
const SHARED_UNNAMED_MAX: usize = 4 * 1024;

/// What a statement takes beside its text: itself, its entry, a client's entry.
const OVERHEAD: usize = 256;

/// All statements that clients of the same pools have prepared.
#[derive(Debug, Default)]
pub struct StatementRegistry {
    ids: StatementIds,
    by_text: DashMap<Key, Arc<Statement>, RandomState>,
    hasher: RandomState,
    sweep_at: AtomicU64,
    sweep_at_bytes: AtomicU64,
    bytes: Arc<AtomicU64>,
}

/// Stands for a text and its settings: 64 bits under a random key, and the text's length. Both are
/// compared when an entry is found, so a collision costs sharing, never a wrong statement.
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

    /// The one statement of this text and these types, parsed and used under these parameters. It is
    /// shared, so the trace of whoever prepares it is no part of it: each request would be a statement
    /// of its own otherwise.
    pub fn intern(&self, prepared: &[u8], parameters: &Parameters) -> Arc<Statement> {
        let environment = parameters.environment();
        match without_context(text(prepared)) {
            None => self.intern_shared(prepared, environment, environment),
            Some(mut shared) => {
                shared.extend_from_slice(&prepared[text(prepared).len()..]);
                self.intern_shared(&shared, environment, environment)
            }
        }
    }

    /// The same for an unnamed statement; none if its text is too long to be shared.
    pub(super) fn intern_short(
        &self,
        prepared: &[u8],
        parameters: &Parameters,
    ) -> Option<Arc<Statement>> {
        (prepared.len() <= SHARED_UNNAMED_MAX).then(|| self.intern(prepared, parameters))
    }

    /// A statement that nobody else gets; without parameters where it is not known yet under which it
    /// will be parsed.
    pub(super) fn private(
        &self,
        prepared: &[u8],
        parameters: Option<&Parameters>,
    ) -> Arc<Statement> {
        Arc::new(self.make(prepared.into(), parameters.map(Settings::of)))
    }

    /// The statement that means the same, for those who bind it under these settings.
    pub(super) fn used_under(
        &self,
        statement: &Statement,
        environment: &Parameters,
    ) -> Arc<Statement> {
        let parsed = statement.parsed_under().unwrap_or(environment);
        self.intern_shared(&statement.prepared, parsed, environment)
    }

    /// Now, as `Parse` messages count the time.
    pub(super) fn moment(&self) -> Moment {
        self.ids.moment()
    }

    /// A number that no other session has.
    pub(super) fn session_number(&self) -> u64 {
        self.ids.moment().0
    }

    /// Whether there is room for one more `Parse` of this length.
    pub(super) fn has_room(&self, len: usize) -> bool {
        let has = || self.bytes.load(Ordering::Relaxed) + len as u64 <= REGISTRY_BYTES_MAX;
        if !has() {
            self.sweep_now();
        }
        has()
    }

    fn intern_shared(
        &self,
        prepared: &[u8],
        parsed: &Parameters,
        used: &Parameters,
    ) -> Arc<Statement> {
        let settings = || Settings { parsed: parsed.clone(), used: used.clone() };
        let hash = self.hasher.hash_one((prepared, parsed.address(), used.address()));
        let key = Key { hash, len: prepared.len() };
        if let Some(found) = self.by_text.get(&key)
            && found.is(prepared, parsed, used)
        {
            return found.clone();
        }
        self.insert(key, prepared, settings())
    }

    fn insert(&self, key: Key, prepared: &[u8], settings: Settings) -> Arc<Statement> {
        self.sweep();
        let (parsed, used) = (settings.parsed.clone(), settings.used.clone());
        let statement = Arc::new(self.make(prepared.into(), Some(settings)));
        let kept = self.by_text.entry(key).or_insert_with(|| statement.clone());
        if kept.is(prepared, &parsed, &used) { kept.clone() } else { statement }
    }

    fn make(&self, prepared: Arc<[u8]>, settings: Option<Settings>) -> Statement {
        let room = Room::take(prepared.len() + OVERHEAD, &self.bytes);
        Statement::new(self.ids.next(), prepared, settings, room)
    }

    fn sweep(&self) {
        let is_due = |now: u64, at: &AtomicU64, least| now >= at.load(Ordering::Relaxed).max(least);
        let bytes = self.bytes.load(Ordering::Relaxed);
        if is_due(self.by_text.len() as u64, &self.sweep_at, SWEEP_AT)
            || is_due(bytes, &self.sweep_at_bytes, SWEEP_AT_BYTES)
        {
            self.sweep_now();
        }
    }

    fn sweep_now(&self) {
        self.by_text.retain(|_, statement| Arc::strong_count(statement) > 1);
        self.sweep_at.store(self.by_text.len() as u64 * 2, Ordering::Relaxed);
        self.sweep_at_bytes.store(self.bytes.load(Ordering::Relaxed) * 2, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::{Interner, ParameterSet};
    use super::*;

    fn parameters() -> Parameters {
        zone("UTC")
    }

    fn zone(zone: &str) -> Parameters {
        let mut set = ParameterSet::default();
        set.set(b"TimeZone", zone.as_bytes(), true);
        Interner::default().intern(set)
    }

    #[test]
    fn the_same_text_is_the_same_statement_under_the_same_settings() {
        let (registry, own) = (StatementRegistry::default(), parameters());
        let a = registry.intern(b"select $1\0\0\0", &own);
        assert!(Arc::ptr_eq(&a, &registry.intern(b"select $1\0\0\0", &own)));
        assert_ne!(a.id, registry.intern(b"select $1\0\0\x01\0\0\0\x17", &own).id);
        let other = registry.intern(b"select $1\0\0\0", &zone("CET"));
        assert_ne!(a.id, other.id);
        assert!(a.is_for(own.environment()) && !other.is_for(own.environment()));
        let there = registry.used_under(&other, own.environment());
        assert!(there.is_for(own.environment()));
        assert!(there.id != a.id && there.id != other.id);
        assert!(there.parsed_under().unwrap().agrees(zone("CET").environment()));
    }

    #[test]
    fn the_same_text_from_another_trace_is_the_same_statement() {
        let (registry, own) = (StatementRegistry::default(), parameters());
        let of_trace = |n: u32| {
            let parent = format!("00-{n:032x}-{n:016x}-01");
            let prepared =
                format!("select $1 /*route='a',traceparent='{parent}'*/\0\0\x01\0\0\0\x17");
            registry.intern(prepared.as_bytes(), &own)
        };
        let first = of_trace(1);
        assert_eq!(&*first.prepared, b"select $1 /*route='a',*/\0\0\x01\0\0\0\x17");
        assert!((2..1000).all(|n| Arc::ptr_eq(&first, &of_trace(n))));
        assert_eq!(registry.by_text.len(), 1);
    }

    #[test]
    fn statements_that_nobody_uses_are_swept() {
        let (registry, own) = (StatementRegistry::default(), parameters());
        let kept = registry.intern(b"kept", &own);
        for i in 0..SWEEP_AT * 3 {
            registry.intern(i.to_string().as_bytes(), &own);
        }
        assert!(registry.by_text.len() as u64 <= SWEEP_AT + 1);
        assert!(Arc::ptr_eq(&kept, &registry.intern(b"kept", &own)));
    }

    #[test]
    fn long_statements_that_nobody_uses_are_swept_sooner() {
        let (registry, own) = (StatementRegistry::default(), parameters());
        for i in 0..400 {
            registry.intern(format!("{i}{}", "x".repeat(1 << 20)).as_bytes(), &own);
            assert!(registry.bytes.load(Ordering::Relaxed) < 3 * SWEEP_AT_BYTES);
        }
        drop(registry.private(&[0; 1000], None));
        registry.sweep_now();
        assert_eq!(registry.bytes.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn there_is_room_again_when_statements_go() {
        let (registry, own) = (StatementRegistry::default(), parameters());
        let large = |n: u8| registry.intern(&vec![n; 15 << 20], &own);
        let held: Vec<_> = (0..17).map(large).collect();
        assert!(registry.has_room(100) && !registry.has_room(2 << 20));
        drop(held);
        assert!(registry.has_room(2 << 20));
    }
}
