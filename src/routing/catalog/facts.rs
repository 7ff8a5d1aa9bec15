//! The facts themselves: sets of names, by what speaks against them.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

use super::super::Reason;
use super::names::Names;

/// A map whose keys are hashes already.
pub(super) type ByName<T> = HashMap<u64, T, FixedState>;

/// What a database has beside PostgreSQL's own.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) names: Names,
    /// How many functions of a name are not safe to call; a name that is not here has no function
    /// of a user's.
    pub(super) functions: ByName<u32>,
    /// What speaks against a relation.
    pub(super) relations: ByName<Option<Reason>>,
    /// How many types of a name run something that is not safe where a value becomes one of them.
    pub(super) types: ByName<u32>,
    /// How many operators of a name call a function that is not safe.
    pub(super) operators: ByName<u32>,
    /// Functions of one row that are not safe, and may be called as if they were a column of it.
    pub(super) fields: ByName<()>,
    /// A function that is not safe can be called without being named.
    pub(super) hidden: bool,
}

impl Facts {
    pub(super) fn new(key: u64) -> Self {
        Self {
            names: Names::new(key),
            functions: ByName::default(),
            relations: ByName::default(),
            types: ByName::default(),
            operators: ByName::default(),
            fields: ByName::default(),
            hidden: false,
        }
    }

    /// A number that is equal for equal facts.
    pub(super) fn digest(&self) -> u64 {
        let maps = [
            digest(&self.functions),
            digest(&self.relations),
            digest(&self.types),
            digest(&self.operators),
            digest(&self.fields),
        ];
        FixedState::default().hash_one((maps, self.hidden))
    }

    /// Whether all functions of this name are safe to call; none if a user has none of it.
    pub(super) fn function(&self, schema: Option<&str>, name: &str) -> Option<bool> {
        self.functions.get(&self.names.hash(schema, name)).map(|not_safe| *not_safe == 0)
    }

    /// What speaks against a relation; none if there is no relation of this name.
    pub(super) fn relation(&self, schema: Option<&str>, name: &str) -> Option<Option<Reason>> {
        self.relations.get(&self.names.hash(schema, name)).copied()
    }

    pub(super) fn is_unsafe_operator(&self, name: &str) -> bool {
        self.operators.get(&self.names.hash(None, name)).is_some_and(|not_safe| *not_safe > 0)
    }

    pub(super) fn is_unsafe_type(&self, name: &str) -> bool {
        self.types.get(&self.names.hash(None, name)).is_some_and(|not_safe| *not_safe > 0)
    }

    pub(super) fn is_unsafe_field(&self, name: &str) -> bool {
        let hash = self.names.hash(None, name);
        self.fields.contains_key(&hash) && self.functions.get(&hash) != Some(&0)
    }

    /// Leaves out what has been found to be safe, so that fewer texts need a closer look.
    pub(super) fn prune(&mut self) {
        self.operators.retain(|_, not_safe| *not_safe > 0);
        self.types.retain(|_, not_safe| *not_safe > 0);
        let functions = &self.functions;
        self.fields.retain(|name, ()| functions.get(name) != Some(&0));
    }

    /// Whether the words of a text need to be looked at one by one: in most databases they do not.
    pub(super) fn has_unsafe_words(&self) -> bool {
        self.hidden
            || !(self.operators.is_empty() && self.types.is_empty() && self.fields.is_empty())
    }
}

/// A sum, because the order of a map says nothing.
fn digest<T: Hash>(map: &ByName<T>) -> u64 {
    let state = FixedState::default();
    map.iter().fold(0, |sum, entry| u64::wrapping_add(sum, state.hash_one(entry)))
}
