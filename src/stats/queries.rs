//! What each statement costs: the ones that cost the most, told apart by their shape.
//!
//! Each worker has a `Shard` of its own, and nobody else's lock in its way but that of one who
//! reads; a reader merges them. A shard keeps so many statements, those with the most time, by the
//! rule of space-saving: who comes when it is full takes the place of the one with the least, and
//! its rank. A statement with more than its share of all time is never lost (Metwally, Agrawal, El
//! Abbadi: "Efficient Computation of Frequent and Top-k Elements in Data Streams", 2005).

mod entry;
mod shard;

pub use entry::{Call, Place, Query};

use crate::ids::WorkerId;
use parking_lot::Mutex;
use shard::Shard;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What stands for the shape of a statement's text.
pub type Shape = [u64; 2];

/// A statement as it is told apart: by its shape, and by where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    /// The shape of its text.
    pub shape: Shape,
    /// The number of its [`Place`].
    pub place: u32,
}

/// The statements of the whole process.
#[derive(Debug)]
pub struct Queries {
    shards: Box<[Mutex<Shard>]>,
    keep: AtomicUsize,
}

impl Queries {
    /// Nothing has run. Each worker keeps `keep` statements; with 0, nothing is counted.
    pub fn new(workers: usize, keep: usize) -> Self {
        let shards = (0..workers.max(1)).map(|_| Mutex::new(Shard::new(keep))).collect();
        Queries { shards, keep: AtomicUsize::new(keep) }
    }

    /// So many are kept from now on, the ones with the most time.
    pub fn set_keep(&self, keep: usize) {
        self.keep.store(keep, Ordering::Relaxed);
        self.shards.iter().for_each(|shard| shard.lock().set_keep(keep));
    }

    /// Whether anything is counted.
    pub fn is_on(&self) -> bool {
        self.keep.load(Ordering::Relaxed) > 0
    }

    /// Whether the text of this statement is known to `worker`: it need not be written again.
    pub fn knows(&self, worker: WorkerId, key: Key) -> bool {
        self.is_on() && self.shard(worker).lock().knows(key)
    }

    /// The text of a statement, if `worker` knows it.
    pub fn text(&self, worker: WorkerId, key: Key) -> Option<Arc<str>> {
        self.shard(worker).lock().text(key)
    }

    /// A call of a statement has come to its end. `text` is needed where it is not known.
    pub fn add(
        &self,
        worker: WorkerId,
        key: Key,
        place: &Arc<Place>,
        text: Option<&str>,
        call: &Call,
    ) {
        if self.is_on() {
            self.shard(worker).lock().add(key, place, text, call);
        }
    }

    /// The statements that took the most time, the most expensive first.
    pub fn top(&self) -> Vec<Query> {
        let mut merged: HashMap<(Shape, Arc<Place>), Query> = HashMap::new();
        for shard in &self.shards {
            // Taken out under the lock, merged without it.
            let queries = shard.lock().queries();
            for query in queries {
                merged
                    .entry((query.shape, query.place.clone()))
                    .and_modify(|known| known.merge(&query))
                    .or_insert(query);
            }
        }
        let mut top: Vec<Query> = merged.into_values().collect();
        top.sort_by_key(|query| std::cmp::Reverse((query.times.sum_us(), query.calls)));
        top.truncate(self.keep.load(Ordering::Relaxed));
        top
    }

    /// Forgets everything, so that counting begins anew.
    pub fn reset(&self) {
        let keep = self.keep.load(Ordering::Relaxed);
        self.shards.iter().for_each(|shard| *shard.lock() = Shard::new(keep));
    }

    fn shard(&self, worker: WorkerId) -> &Mutex<Shard> {
        &self.shards[usize::from(worker.0) % self.shards.len()]
    }
}

#[cfg(test)]
mod tests;
