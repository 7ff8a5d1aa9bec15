//! One PostgreSQL host: what all pools on it learn together.

use super::host_logins::HostLogins;
use crate::net::Address;
use crate::pool::{Backoff, Jitter};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// One address at which PostgreSQL listens, or should.
#[derive(Debug)]
pub struct Host {
    /// Where.
    pub address: Address,
    /// What came of the logins to it.
    pub logins: HostLogins,
    backoff: Mutex<Backoff>,
    /// The last login has failed.
    fails: AtomicBool,
}

impl Host {
    /// A host of which nothing bad is known.
    pub fn new(address: Address) -> Self {
        let (logins, backoff) = (HostLogins::default(), Mutex::default());
        Host { address, logins, backoff, fails: AtomicBool::new(false) }
    }

    /// When the next login may be tried, if not at once.
    pub fn retry_at(&self) -> Option<Instant> {
        self.backoff.lock().retry_at()
    }

    /// Whether logins succeed, as far as is known; or whether it is time to try again. No lock
    /// while they do: each read asks.
    pub fn is_usable(&self) -> bool {
        let fails = self.fails.load(Ordering::Relaxed);
        !fails || self.retry_at().is_none_or(|at| at <= Instant::now())
    }

    /// A login has succeeded.
    pub fn succeeded(&self) {
        self.backoff.lock().succeeded();
        self.fails.store(false, Ordering::Relaxed);
    }

    /// A login has failed. Says whether it was the first in a row.
    pub fn failed(&self, now: Instant) -> bool {
        self.fails.store(true, Ordering::Relaxed);
        let mut backoff = self.backoff.lock();
        let first = backoff.retry_at().is_none();
        backoff.failed(now, Jitter(rand::random()));
        first
    }
}
