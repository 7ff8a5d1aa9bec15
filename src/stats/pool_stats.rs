//! What is counted for one pool, and how long things took there.

use super::counter::Counter;
use super::histogram::{Histogram, Recorder};
use crate::ids::WorkerId;
use crate::protocol::error_class::ErrorClass;
use std::ops::AddAssign;
use std::sync::OnceLock;

/// Declares every count once: what a worker adds to, and what all of them come to.
macro_rules! counts {
    ($( $(#[$doc:meta])+ $name:ident, )+) => {
        /// One worker's part. A cache line is 64 bytes, and the hardware fetches them in pairs.
        #[derive(Debug, Default)]
        #[repr(align(128))]
        pub struct PoolPart {
            $( $(#[$doc])+ pub $name: Counter, )+
            classes: [Counter; ErrorClass::COUNT],
            times: OnceLock<Box<Recorders>>,
        }

        /// What all workers have counted. What PgBouncer counts too bears its name; times are
        /// microseconds.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct PoolTotals {
            $( $(#[$doc])+ pub $name: u64, )+
        }

        impl PoolPart {
            fn totals(&self) -> PoolTotals {
                PoolTotals { $( $name: self.$name.get(), )+ }
            }
        }

        impl AddAssign for PoolTotals {
            fn add_assign(&mut self, other: PoolTotals) {
                $( self.$name += other.$name; )+
            }
        }
    };
}

counts! {
    /// Units of work that were proven to only read.
    reads,
    /// All other units of work.
    others,
    /// Reads that a replica refused, and that the primary ran unseen.
    refused,
    /// ErrorResponses that reached clients; see [`PoolPart::failed`].
    errors,
    /// Rows that statements returned or changed, as their command tags say.
    rows,
    /// Clients that have logged in; counted in their primary's pool.
    client_login_count,
    /// Times that a client got a server.
    server_assignment_count,
    /// Transactions that have ended; a statement outside of one is one itself.
    xact_count,
    /// Units of work that were answered in full: a simple query, or everything up to a Sync.
    query_count,
    /// Bytes from clients.
    received,
    /// Bytes to clients.
    sent,
    /// Time within transactions, from the server's first statement on.
    xact_time,
    /// Time in which servers worked for clients.
    query_time,
    /// Time that clients waited for a server.
    wait_time,
    /// Prepared statements that clients made by name.
    client_parse_count,
    /// Prepared statements that servers were told of under our names.
    server_parse_count,
    /// Executions of prepared statements with names.
    bind_count,
}

/// Declares every time that is recorded once: in a worker's part, and over all workers.
macro_rules! times {
    ($( $(#[$doc:meta])+ $name:ident, )+) => {
        /// One worker's recorders of a pool that has been used.
        #[derive(Debug, Default)]
        pub struct Recorders {
            $( $(#[$doc])+ pub $name: Recorder, )+
        }

        /// How long things took in one pool.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct PoolTimes {
            $( $(#[$doc])+ pub $name: Histogram, )+
        }

        impl PoolTimes {
            fn add(&mut self, recorders: &Recorders) {
                $( recorders.$name.add_to(&mut self.$name); )+
            }

            /// Adds what another pool has recorded.
            pub fn merge(&mut self, other: &PoolTimes) {
                $( self.$name.merge(&other.$name); )+
            }
        }
    };
}

times! {
    /// How long clients waited for a server, whether they got one or not.
    wait,
    /// How long reads waited for a replica to become fresh enough, within that.
    fresh,
    /// How long servers worked at a unit, from its being sent to the last byte of its answer.
    server,
    /// How long a unit's answer waited for its client to take it, while its server was linked.
    write,
    /// How long transactions took, from the server's first statement on.
    transaction,
}

impl PoolPart {
    /// Where times are recorded. A pool that is never used has no room for that.
    #[inline]
    pub fn times(&self) -> &Recorders {
        self.times.get_or_init(Box::default)
    }

    /// So many errors of this class have reached clients.
    pub fn failed(&self, class: ErrorClass, count: u64) {
        self.errors.add(count);
        self.classes[class.index()].add(count);
    }
}

/// Counters of one pool, a part for each worker.
#[derive(Debug)]
pub struct PoolStats {
    parts: Box<[PoolPart]>,
}

impl PoolStats {
    /// Nothing has happened.
    pub fn new(workers: usize) -> Self {
        PoolStats { parts: (0..workers.max(1)).map(|_| PoolPart::default()).collect() }
    }

    /// The part of `worker`, which is the only one to add to it.
    #[inline]
    pub fn of(&self, worker: WorkerId) -> &PoolPart {
        &self.parts[usize::from(worker.0) % self.parts.len()]
    }

    /// A unit of work was sent to a server of this pool.
    pub fn sent(&self, worker: WorkerId, is_read: bool) {
        let part = self.of(worker);
        if is_read { &part.reads } else { &part.others }.add(1);
    }

    /// A replica refused a read.
    pub fn refused(&self, worker: WorkerId) {
        self.of(worker).refused.add(1);
    }

    /// A client has logged in; counted in its primary's pool.
    pub fn client_logged_in(&self, worker: WorkerId) {
        self.of(worker).client_login_count.add(1);
    }

    /// What happened so far.
    pub fn totals(&self) -> PoolTotals {
        let mut totals = PoolTotals::default();
        self.parts.iter().for_each(|part| totals += part.totals());
        totals
    }

    /// How many errors of each class have reached clients.
    pub fn errors(&self) -> [u64; ErrorClass::COUNT] {
        let of_class = |at: usize| self.parts.iter().map(|part| part.classes[at].get()).sum();
        std::array::from_fn(of_class)
    }

    /// How long it took so far.
    pub fn times(&self) -> PoolTimes {
        let mut times = PoolTimes::default();
        let used = self.parts.iter().filter_map(|part| part.times.get());
        used.for_each(|recorders| times.add(recorders));
        times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_add_up() {
        let stats = PoolStats::new(2);
        stats.of(WorkerId(0)).xact_count.add(2);
        stats.of(WorkerId(1)).xact_count.add(3);
        stats.of(WorkerId(0)).times().wait.record(7);
        stats.of(WorkerId(1)).times().wait.record(5);
        stats.sent(WorkerId(1), true);
        let expected = PoolTotals { xact_count: 5, reads: 1, ..PoolTotals::default() };
        assert_eq!(stats.totals(), expected);
        assert_eq!((stats.times().wait.count(), stats.times().wait.sum_us()), (2, 12));
    }

    #[test]
    fn errors_are_counted_by_class() {
        let (stats, conflict) = (PoolStats::new(2), ErrorClass::of(b"40001"));
        stats.of(WorkerId(0)).failed(conflict, 2);
        stats.of(WorkerId(1)).failed(conflict, 1);
        stats.of(WorkerId(1)).failed(ErrorClass::of(b""), 4);
        assert_eq!(stats.totals().errors, 7);
        assert_eq!((stats.errors()[conflict.index()], stats.errors().iter().sum()), (3, 7_u64));
    }

    #[test]
    fn pools_add_up() {
        let mut sum = PoolTotals { rows: 1, ..PoolTotals::default() };
        sum += PoolTotals { rows: 2, errors: 4, ..PoolTotals::default() };
        assert_eq!(sum, PoolTotals { rows: 3, errors: 4, ..PoolTotals::default() });
    }
}
