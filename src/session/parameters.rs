//! The parameters of a session.
//!
//! Sets are interned: equal sets are one allocation, so "is this server aligned with this
//! client?" is the comparison of two pointers, and ten thousand clients of one application share
//! one set.

use super::environment::Environment;
use parking_lot::Mutex;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

/// What PostgreSQL reports and is not known of every session: it belongs to a server and follows
/// nobody. Who a session has become (`session_authorization`) does, as long as that is not who its
/// server has logged in as.
const FIXED: &[&[u8]] = &[
    b"in_hot_standby",
    b"integer_datetimes",
    b"is_superuser",
    b"server_encoding",
    b"server_version",
    b"session_authorization",
];

/// Interned sets are swept for unused ones when there are this many, and then at twice what was
/// left: the cost of a sweep is spread over as many changes.
const SWEEP_AT: usize = 1024;

/// Encodings, as PostgreSQL reports them, in which a byte that looks like a backslash is one. SJIS,
/// BIG5, GBK, UHC and their like are others (manual, 23.3, "Character Set Support").
const CLEAR_ENCODINGS: &[&[u8]] =
    &[b"UTF8", b"SQL_ASCII", b"LATIN1", b"LATIN2", b"LATIN9", b"WIN1250", b"WIN1251", b"WIN1252"];

/// A value that no client can ask for: it differs from every one that is wanted.
const UNKNOWN: &[u8] = b"\0";

/// Whether a parameter of this name follows a client from server to server.
pub fn follows(name: &[u8]) -> bool {
    !FIXED.iter().any(|fixed| fixed.eq_ignore_ascii_case(name))
}

/// One parameter. Names compare without regard to case, as in PostgreSQL; values exactly.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Parameter {
    pub(super) name: Box<[u8]>,
    pub(super) value: Box<[u8]>,
    /// Whether servers report its changes (`GUC_REPORT`).
    pub(super) reported: bool,
}

/// Names and values, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ParameterSet {
    pub(super) entries: Vec<Parameter>,
    environment: Environment,
}

impl ParameterSet {
    /// Sets `name` to `value`; `reported` where a server said so.
    pub fn set(&mut self, name: &[u8], value: &[u8], reported: bool) {
        match self.find(name) {
            Ok(at) => {
                let entry = &mut self.entries[at];
                entry.value = value.into();
                entry.reported |= reported;
            }
            Err(at) => {
                let entry = Parameter { name: name.into(), value: value.into(), reported };
                self.entries.insert(at, entry);
            }
        }
    }

    /// Sets `name` to `value` as if it had never been reported: a server that reports it will say
    /// so if this changes it.
    pub fn replace_unreported(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.set(name, value, false);
    }

    /// What was reported `before` and has not been since then is what it was: the new value was
    /// another spelling of it (`client_encoding` of `utf-8` for `UTF8`).
    pub(super) fn take_unchanged(&mut self, before: &ParameterSet) {
        for entry in self.entries.iter_mut().filter(|entry| !entry.reported) {
            if let Ok(at) = before.find(&entry.name)
                && before.entries[at].reported
            {
                *entry = before.entries[at].clone();
            }
        }
    }

    /// `name` is not set any more.
    pub(super) fn remove(&mut self, name: &[u8]) {
        if let Ok(at) = self.find(name) {
            self.entries.remove(at);
        }
    }

    /// The value of `name`.
    pub fn value(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameter(name).map(|parameter| &parameter.value[..])
    }

    /// The parameter of this name.
    pub(super) fn parameter(&self, name: &[u8]) -> Option<&Parameter> {
        self.find(name).ok().map(|at| &self.entries[at])
    }

    /// Whether a quote ends a string wherever the SQL standard says: backslashes are escapes in
    /// `E'..'` only, and no other byte of a character can be taken for one. Not knowing means no.
    pub fn has_standard_strings(&self) -> bool {
        let is = |name: &[u8], values: &[&[u8]]| {
            self.value(name).is_some_and(|value| values.contains(&value))
        };
        is(b"standard_conforming_strings", &[b"on"]) && is(b"client_encoding", CLEAR_ENCODINGS)
    }

    /// Names and values in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.entries.iter().map(|entry| (&entry.name[..], &entry.value[..]))
    }

    /// What servers do not report becomes what `other` has of that.
    pub(super) fn take_unreported(&mut self, other: &ParameterSet) {
        self.forget_unreported();
        let unreported = other.entries.iter().filter(|entry| !entry.reported);
        unreported.for_each(|entry| self.set(&entry.name, &entry.value, false));
    }

    /// Keeps only what servers report: what is left on a server after `DISCARD ALL`.
    pub fn forget_unreported(&mut self) {
        self.entries.retain(|entry| entry.reported);
    }

    /// It is not known what servers do not report.
    pub(super) fn doubt_unreported(&mut self) {
        for entry in self.entries.iter_mut().filter(|entry| !entry.reported) {
            entry.value = UNKNOWN.into();
        }
    }

    fn find(&self, name: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|entry| compare(&entry.name, name))
    }
}

pub(super) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal; // Nearly always spelled alike.
    }
    a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase))
}

/// An interned set: cheap to clone, compared by address.
#[derive(Clone, Debug)]
pub struct Parameters(Arc<ParameterSet>);

impl Parameters {
    /// Whether both are the same set.
    pub fn same(&self, other: &Parameters) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Parameters {
    /// Where the set is, which stands for it as long as it is held.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(super) fn part_read_by_parse(&self) -> Option<&Parameters> {
        self.0.environment.part()
    }
}

impl std::ops::Deref for Parameters {
    type Target = ParameterSet;
    fn deref(&self) -> &ParameterSet {
        &self.0
    }
}

/// All sets that are in use.
#[derive(Debug, Default)]
pub struct Interner {
    sets: Mutex<Interned>,
}

#[derive(Debug, Default)]
struct Interned {
    sets: HashSet<Arc<ParameterSet>>,
    sweep_at: usize,
}

impl Interner {
    /// The one copy of `set`.
    pub fn intern(&self, mut set: ParameterSet) -> Parameters {
        if let Some(found) = self.sets.lock().sets.get(&set) {
            return Parameters(found.clone());
        }
        set.environment = Environment::of(&set, self);
        let mut interned = self.sets.lock();
        if interned.sets.len() >= interned.sweep_at.max(SWEEP_AT) {
            interned.sets.retain(|set| Arc::strong_count(set) > 1);
            interned.sweep_at = interned.sets.len() * 2;
        }
        let set = interned.sets.get(&set).cloned().unwrap_or_else(|| Arc::new(set));
        interned.sets.insert(set.clone());
        Parameters(set)
    }

    /// `set` changed by `change`, if that changes it.
    pub(super) fn changed(
        &self,
        set: &Parameters,
        change: impl FnOnce(&mut ParameterSet),
    ) -> Parameters {
        let mut changed = ParameterSet::clone(set);
        change(&mut changed);
        if changed == **set { set.clone() } else { self.intern(changed) }
    }

    /// `set` with one parameter changed, as a server reported it.
    pub fn with(&self, set: &Parameters, name: &[u8], value: &[u8]) -> Parameters {
        let known = set.find(name).map(|at| &set.entries[at]);
        if known.is_ok_and(|known| known.reported && *known.value == *value) {
            return set.clone();
        }
        let mut changed = ParameterSet::clone(set);
        changed.set(name, value, true);
        self.intern(changed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(pairs: &[(&str, &str)]) -> ParameterSet {
        let mut set = ParameterSet::default();
        pairs.iter().for_each(|(name, value)| set.set(name.as_bytes(), value.as_bytes(), true));
        set
    }

    #[test]
    fn equal_sets_are_one_set() {
        let interner = Interner::default();
        let a = interner.intern(set(&[("TimeZone", "UTC"), ("DateStyle", "ISO")]));
        let b = interner.intern(set(&[("DateStyle", "ISO"), ("TimeZone", "UTC")]));
        assert!(a.same(&b));
        let c = interner.with(&a, b"timezone", b"CET");
        assert!(!c.same(&a));
        assert!(interner.with(&c, b"TimeZone", b"UTC").same(&a));
    }

    #[test]
    fn strings_are_standard_only_where_a_server_has_said_so() {
        let with = |strings, encoding| {
            set(&[("standard_conforming_strings", strings), ("client_encoding", encoding)])
        };
        assert!(with("on", "UTF8").has_standard_strings());
        assert!(!with("off", "UTF8").has_standard_strings());
        assert!(!with("on", "SJIS").has_standard_strings());
        assert!(!set(&[("standard_conforming_strings", "on")]).has_standard_strings());
        assert!(!set(&[]).has_standard_strings());
    }

    #[test]
    fn unused_sets_are_swept() {
        let interner = Interner::default();
        for i in 0..SWEEP_AT * 4 {
            interner.intern(set(&[("application_name", &i.to_string())]));
        }
        assert!(interner.sets.lock().sets.len() <= SWEEP_AT + 1);
    }

    #[test]
    fn a_server_keeps_what_it_is() {
        assert!(!follows(b"Server_Version"));
        assert!(follows(b"search_path"));
    }
}
