//! How often statements went where, and why.

use crate::ids::WorkerId;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts by two small numbers, such as a role's and a reason's; a part for each worker, so that
/// none waits for another's cache lines.
#[derive(Debug)]
pub struct Routes {
    /// Made when they are first needed: most pools of a process with many have nothing to choose.
    parts: Box<[OnceLock<Part>]>,
    rows: usize,
    columns: usize,
}

/// One worker's part, on cache lines of its own.
#[derive(Debug)]
#[repr(align(128))]
struct Part(Box<[AtomicU64]>);

impl Routes {
    /// Nothing has gone anywhere, for so many workers, in a table of so many rows and columns.
    pub fn new(workers: usize, rows: usize, columns: usize) -> Self {
        Routes { parts: (0..workers.max(1)).map(|_| OnceLock::new()).collect(), rows, columns }
    }

    fn part(&self) -> Part {
        // Room of a whole line behind each part keeps its last counters off the next one's lines.
        Part((0..self.rows * self.columns + 16).map(|_| AtomicU64::new(0)).collect())
    }

    /// Counts one, on behalf of `worker`, which is the only one to do so.
    pub fn add(&self, worker: WorkerId, row: usize, column: usize) {
        let part = self.parts.get(usize::from(worker.0));
        let part = part.map(|part| part.get_or_init(|| self.part()));
        if let Some(count) = part.and_then(|Part(part)| part.get(row * self.columns + column)) {
            // Only this worker writes here, so a load and a store do.
            count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        }
    }

    /// What all workers have counted.
    pub fn total(&self, row: usize, column: usize) -> u64 {
        let at = row * self.columns + column;
        let parts = self.parts.iter().filter_map(OnceLock::get);
        let counts = parts.filter_map(|Part(part)| part.get(at));
        counts.map(|count| count.load(Ordering::Relaxed)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_add_up_by_row_and_column() {
        let routes = Routes::new(2, 2, 3);
        routes.add(WorkerId(0), 0, 2);
        routes.add(WorkerId(1), 0, 2);
        routes.add(WorkerId(1), 1, 0);
        routes.add(WorkerId(9), 1, 0);
        assert_eq!((routes.total(0, 2), routes.total(1, 0), routes.total(0, 0)), (2, 1, 0));
    }
}
