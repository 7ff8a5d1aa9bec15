//! A number that every worker adds to without sharing a cache line.

use crate::ids::WorkerId;
use std::sync::atomic::{AtomicU64, Ordering};

/// One worker's part. A cache line is 64 bytes, and the hardware fetches them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Part(AtomicU64);

/// A count that only grows.
#[derive(Debug)]
pub struct Counter {
    parts: Box<[Part]>,
}

impl Counter {
    /// Zero, for so many workers.
    pub fn new(workers: usize) -> Self {
        Counter { parts: (0..workers.max(1)).map(|_| Part::default()).collect() }
    }

    /// Adds `amount`, on behalf of `worker`, which is the only one to do so.
    pub fn add(&self, worker: WorkerId, amount: u64) {
        if let Some(Part(part)) = self.parts.get(usize::from(worker.0)) {
            // Only this worker writes its part, so a load and a store do.
            part.store(part.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
        }
    }

    /// What all workers have added.
    pub fn total(&self) -> u64 {
        self.parts.iter().map(|Part(part)| part.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_add_up() {
        let counter = Counter::new(2);
        counter.add(WorkerId(0), 2);
        counter.add(WorkerId(1), 3);
        counter.add(WorkerId(7), 100);
        assert_eq!(counter.total(), 5);
    }
}
