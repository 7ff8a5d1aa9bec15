//! One worker's statements: those with the most time, and no more than it may keep.

use super::Key;
use super::entry::{Call, Place, Query};
use foldhash::fast::RandomState;
use std::collections::HashMap;
use std::sync::Arc;

/// The statements of one worker.
#[derive(Debug)]
pub(super) struct Shard {
    keep: usize,
    places: HashMap<Key, usize, RandomState>,
    entries: Vec<Entry>,
    /// Beside the entries, because the least is looked for in all of them: the time of each, us, and
    /// that of those whose place it took.
    ranks: Vec<u64>,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    query: Query,
}

impl Shard {
    pub(super) fn new(keep: usize) -> Self {
        Shard { keep, places: HashMap::default(), entries: Vec::new(), ranks: Vec::new() }
    }

    pub(super) fn knows(&self, key: Key) -> bool {
        self.places.contains_key(&key)
    }

    pub(super) fn text(&self, key: Key) -> Option<Arc<str>> {
        self.places.get(&key).map(|at| self.entries[*at].query.text.clone())
    }

    pub(super) fn add(&mut self, key: Key, place: &Arc<Place>, text: Option<&str>, call: &Call) {
        let known = self.places.get(&key).copied();
        let Some(at) = known.or_else(|| self.admit(key, place, text?)) else { return };
        self.entries[at].query.add(call);
        // A call that took no time that can be measured counts too.
        self.ranks[at] = self.ranks[at].saturating_add(call.total_us().max(1));
    }

    /// A place for a statement that has none.
    fn admit(&mut self, key: Key, place: &Arc<Place>, text: &str) -> Option<usize> {
        let entry = Entry { key, query: Query::new(key.shape, place, text) };
        let at = if self.entries.len() < self.keep {
            self.entries.push(entry);
            self.ranks.push(0);
            self.entries.len() - 1
        } else {
            let (at, _) = self.ranks.iter().enumerate().min_by_key(|(_, rank)| **rank)?;
            self.places.remove(&self.entries[at].key);
            self.entries[at] = entry;
            at
        };
        self.places.insert(key, at);
        Some(at)
    }

    /// The ones with the most time stay.
    pub(super) fn set_keep(&mut self, keep: usize) {
        self.keep = keep;
        if self.entries.len() <= keep {
            return;
        }
        let mut kept: Vec<(u64, Entry)> =
            std::mem::take(&mut self.ranks).into_iter().zip(self.entries.drain(..)).collect();
        kept.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        kept.truncate(keep);
        self.places = kept.iter().enumerate().map(|(at, (_, entry))| (entry.key, at)).collect();
        (self.ranks, self.entries) = kept.into_iter().unzip();
    }

    pub(super) fn queries(&self) -> Vec<Query> {
        self.entries.iter().map(|entry| entry.query.clone()).collect()
    }
}
