//! What is counted for one pool.

use super::counter::Counter;
use crate::ids::WorkerId;

/// Counters of one pool.
#[derive(Debug)]
pub struct PoolStats {
    reads: Counter,
    others: Counter,
    refused: Counter,
    logins: Counter,
}

/// What they say now. The fields that PgBouncer has too bear its names; times are microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolTotals {
    /// Units of work that were proven to only read.
    pub reads: u64,
    /// All other units of work.
    pub others: u64,
    /// Reads that a replica refused, and that the primary ran unseen.
    pub refused: u64,
    /// Clients that have logged in.
    pub client_login_count: u64,
    /// Times that a client got a server.
    pub server_assignment_count: u64,
    /// Transactions.
    pub xact_count: u64,
    /// Statements.
    pub query_count: u64,
    /// Bytes from clients.
    pub received: u64,
    /// Bytes to clients.
    pub sent: u64,
    /// Time within transactions.
    pub xact_time: u64,
    /// Time within statements.
    pub query_time: u64,
    /// Time that clients waited for a server.
    pub wait_time: u64,
    /// Prepared statements that clients made.
    pub client_parse_count: u64,
    /// Prepared statements that servers were told of.
    pub server_parse_count: u64,
    /// Executions of prepared statements.
    pub bind_count: u64,
}

impl std::ops::AddAssign for PoolTotals {
    fn add_assign(&mut self, other: PoolTotals) {
        self.reads += other.reads;
        self.others += other.others;
        self.refused += other.refused;
        self.client_login_count += other.client_login_count;
        self.server_assignment_count += other.server_assignment_count;
        self.xact_count += other.xact_count;
        self.query_count += other.query_count;
        self.received += other.received;
        self.sent += other.sent;
        self.xact_time += other.xact_time;
        self.query_time += other.query_time;
        self.wait_time += other.wait_time;
        self.client_parse_count += other.client_parse_count;
        self.server_parse_count += other.server_parse_count;
        self.bind_count += other.bind_count;
    }
}

impl PoolStats {
    /// Nothing has happened.
    pub fn new(workers: usize) -> Self {
        let counter = || Counter::new(workers);
        PoolStats { reads: counter(), others: counter(), refused: counter(), logins: counter() }
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

    /// A client has logged in; counted in its primary's pool.
    pub fn client_logged_in(&self, worker: WorkerId) {
        self.logins.add(worker, 1);
    }

    /// What happened so far.
    pub fn totals(&self) -> PoolTotals {
        PoolTotals {
            reads: self.reads.total(),
            others: self.others.total(),
            refused: self.refused.total(),
            client_login_count: self.logins.total(),
            ..PoolTotals::default()
        }
    }
}
