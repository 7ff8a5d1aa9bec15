//! The numbers that `SHOW POOLS` has about one pool.

use std::time::Duration;

/// A pool at one instant, under PgBouncer's column names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Clients that hold a server: as many as `sv_active`.
    pub cl_active: usize,
    /// Clients in the queue.
    pub cl_waiting: usize,
    /// Servers that a client holds, or that are on their way to one.
    pub sv_active: usize,
    /// Servers that a client can have at once.
    pub sv_idle: usize,
    /// Servers whose login is under way, or waits to be tried again.
    pub sv_login: usize,
    /// Servers that were released while a cancel request was still on its way to them.
    pub sv_being_canceled: usize,
    /// How long the oldest client in the queue has waited; zero without a queue.
    pub maxwait: Duration,
}
