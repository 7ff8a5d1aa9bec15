//! Where the ids of servers and waiters come from: one source for all pools of a process.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::ids::{ServerId, WaiterId};

/// Counts servers and waiters. Shared by all pools, so that an id names one thing in the process.
///
/// A pool numbers its waiters while it is locked, so among the waiters of one pool the order of ids
/// is the order of arrival.
#[derive(Debug, Default)]
pub struct IdSource {
    servers: AtomicU64,
    waiters: AtomicU64,
}

impl IdSource {
    /// An id that no server has had.
    pub fn server(&self) -> ServerId {
        ServerId(self.servers.fetch_add(1, Ordering::Relaxed))
    }

    /// An id that no waiter has had.
    pub fn waiter(&self) -> WaiterId {
        WaiterId(self.waiters.fetch_add(1, Ordering::Relaxed))
    }
}
