//! What came of the spans that were taken from the queues.

use std::sync::atomic::{AtomicU64, Ordering};

/// Spans that were sent, or could not be.
#[derive(Debug, Default)]
pub struct Counts {
    exported: AtomicU64,
    failed: AtomicU64,
}

impl Counts {
    /// A collector has got `all`, and has refused some of them.
    pub(super) fn sent(&self, all: u64, refused: u64) {
        self.exported.fetch_add(all.saturating_sub(refused), Ordering::Relaxed);
        self.failed.fetch_add(refused.min(all), Ordering::Relaxed);
    }

    /// So many are given up.
    pub(super) fn given_up(&self, all: u64) {
        self.failed.fetch_add(all, Ordering::Relaxed);
    }

    /// Spans that a collector has taken.
    pub fn exported(&self) -> u64 {
        self.exported.load(Ordering::Relaxed)
    }

    /// Spans that no collector has taken.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}
