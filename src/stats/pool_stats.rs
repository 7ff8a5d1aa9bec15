//! What is counted for one pool.

use super::counter::Counter;
use crate::ids::WorkerId;

/// Counters of one pool.
#[derive(Debug)]
pub struct PoolStats {
    reads: Counter,
    others: Counter,
    refused: Counter,
}

/// What they say now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolTotals {
    /// Units of work that were proven to only read.
    pub reads: u64,
    /// All other units of work.
    pub others: u64,
    /// Reads that a replica refused, and that the primary ran unseen.
    pub refused: u64,
}

impl PoolStats {
    /// Nothing has happened.
    pub fn new(workers: usize) -> Self {
        let counter = || Counter::new(workers);
        PoolStats { reads: counter(), others: counter(), refused: counter() }
    }

    /// A unit of work was sent to a server of this pool.
    pub fn sent(&self, worker: WorkerId, is_read: bool) {
        let counter = if is_read { &self.reads } else { &self.others };
        counter.add(worker, 1);
    }

    /// A replica refused a read.
    pub fn refused(&self, worker: WorkerId) {
        self.refused.add(worker, 1);
    }

    /// What happened so far.
    pub fn totals(&self) -> PoolTotals {
        PoolTotals {
            reads: self.reads.total(),
            others: self.others.total(),
            refused: self.refused.total(),
        }
    }
}
