//! A client's own names for what it has prepared.

use super::description::Description;
use super::parameters::Parameters;
use super::registry::StatementRegistry;
use super::statements::{Moment, Statement};
use crate::ids::StatementId;
use foldhash::quality::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// Statements that one client may have prepared at a time. PostgreSQL has no limit, but every
/// one costs memory here; no driver's cache comes near it.
pub const CLIENT_STATEMENTS_MAX: usize = 100_000;

/// Bytes that the statements of one client may take, though others share them: two of the longest.
pub const CLIENT_BYTES_MAX: usize = 32 * 1024 * 1024 + 64 * 1024;

/// What a client calls a statement: its map has it, and what may still be taken back.
pub type Name = Arc<[u8]>;

/// What a client has prepared under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// What it has prepared, as it was then.
    pub statement: Arc<Statement>,
    /// When it was: what a server parsed before is too old for this client.
    pub(super) since: Moment,
    /// What the client was told that the statement takes and returns.
    pub(super) described: Option<Description>,
    /// The same statement, used under settings that the client has made since.
    elsewhere: Option<Arc<Statement>>,
}

impl Known {
    pub(super) fn new(statement: Arc<Statement>, since: Moment) -> Self {
        Known { statement, since, described: None, elsewhere: None }
    }

    /// The statement as servers have it for those who bind it under these settings.
    #[inline]
    pub(super) fn under(
        &mut self,
        environment: &Parameters,
        registry: &StatementRegistry,
    ) -> &Arc<Statement> {
        if self.statement.is_for(environment) {
            return &self.statement;
        }
        if self.elsewhere.as_ref().is_none_or(|it| !it.is_for(environment)) {
            self.elsewhere = Some(registry.used_under(&self.statement, environment));
        }
        self.elsewhere.as_ref().unwrap_or(&self.statement)
    }

    pub(super) fn is_on_servers(&self, id: StatementId) -> bool {
        self.statement.id == id || self.elsewhere.as_ref().is_some_and(|it| it.id == id)
    }
}

/// A client's own names for what it has prepared. Costs a pointer until one is used.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    named: Option<Box<ByName>>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct ByName {
    known: HashMap<Name, Known, RandomState>,
    bytes: usize,
}

impl Names {
    /// What the client prepared under `name`.
    pub fn lookup(&self, name: &[u8]) -> Option<&Arc<Statement>> {
        Some(&self.named.as_ref()?.known.get(name)?.statement)
    }

    /// All that is known of it.
    pub(super) fn known(&mut self, name: &[u8]) -> Option<&mut Known> {
        self.named.as_mut()?.known.get_mut(name)
    }

    /// The name itself, to be kept.
    pub(super) fn name(&self, name: &[u8]) -> Option<Name> {
        Some(self.named.as_ref()?.known.get_key_value(name)?.0.clone())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.named.as_ref().map_or(0, |named| named.known.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether one more, of so many bytes, is one too many.
    pub(super) fn is_full(&self, more: usize) -> bool {
        let bytes = self.named.as_ref().map_or(0, |named| named.bytes);
        self.len() >= CLIENT_STATEMENTS_MAX || bytes + more > CLIENT_BYTES_MAX
    }

    /// Remembers a statement under `name`.
    pub(super) fn insert(&mut self, name: Name, known: Known) {
        let named = self.named.get_or_insert_default();
        let name_len = name.len();
        named.bytes += name_len + known.statement.bytes();
        if let Some(before) = named.known.insert(name, known) {
            named.bytes -= name_len + before.statement.bytes();
        }
    }

    /// Forgets what `name` was, and says it.
    pub(super) fn remove(&mut self, name: &[u8]) -> Option<(Name, Known)> {
        let named = self.named.as_mut()?;
        let (name, known) = named.known.remove_entry(name)?;
        named.bytes -= name.len() + known.statement.bytes();
        Some((name, known))
    }

    /// Forgets all but `kept`, as `DEALLOCATE ALL` does to what was prepared before it.
    pub(super) fn keep_only(&mut self, kept: impl IntoIterator<Item = Name>) {
        let mut before = std::mem::take(self);
        for name in kept {
            if let Some((name, known)) = before.remove(&name) {
                self.insert(name, known);
            }
        }
    }

    /// The statement that servers know by `id`, if the client has it.
    pub fn find(&self, id: StatementId) -> Option<&Arc<Statement>> {
        let mut known = self.named.as_ref()?.known.values();
        known.find(|known| known.is_on_servers(id)).map(|known| &known.statement)
    }

    /// The client's name for the statement that servers know by `id`: for error messages.
    pub fn name_of(&self, id: StatementId) -> Option<&[u8]> {
        let mut known = self.named.as_ref()?.known.iter();
        known.find(|(_, known)| known.is_on_servers(id)).map(|(name, _)| &name[..])
    }
}
