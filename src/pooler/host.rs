//! One PostgreSQL host: what all pools on it learn together.

use super::host_logins::HostLogins;
use super::own::Owns;
use super::setback::Setback;
use crate::net::Address;
use crate::server::{Culprit, OpenError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// Databases of a host that are remembered before those are looked for that nobody needs.
const DATABASES_MIN: usize = 64;

/// One address at which PostgreSQL listens, or should.
#[derive(Debug)]
pub struct Host {
    /// Where.
    pub address: Address,
    /// What came of the logins to it.
    pub logins: HostLogins,
    /// While it does not answer, or lets nobody in: all pools on it wait together.
    pub setback: Setback,
    /// While one of its databases lets nobody in.
    databases: Mutex<Databases>,
    /// Pauses may be over before their time.
    retry: Notify,
    /// Connections of our own to it.
    pub owns: Owns,
    /// Why nobody could ask it how fresh it is, until somebody can.
    not_asked: Mutex<Option<String>>,
}

/// By their names on the host. Those that no pool is for are kept for the time of their pause, so that
/// a database that does not exist is not asked for again and again.
#[derive(Debug, Default)]
struct Databases {
    known: HashMap<String, Arc<Setback>>,
    /// When there are so many, those of no use are looked for: twice as many as were left then, so that
    /// a new one costs a constant on average.
    looked_through_at: usize,
}

impl Host {
    /// A host of which nothing bad is known.
    pub fn new(address: Address) -> Self {
        Host {
            address,
            logins: HostLogins::default(),
            setback: Setback::default(),
            databases: Mutex::default(),
            retry: Notify::new(),
            owns: Owns::default(),
            not_asked: Mutex::default(),
        }
    }

    /// Whether it answers, as far as is known; or whether it is time to try again.
    pub fn is_usable(&self) -> bool {
        !self.setback.lasts() || self.setback.pause(Instant::now()).is_none()
    }

    /// It has answered, whatever it said.
    pub(super) fn answered(&self) {
        if self.setback.lasts() {
            self.setback.end();
            self.try_again();
        }
    }

    /// What keeps logins to it from succeeding, if this error says that it is the host itself. Says
    /// whether it is the first in a row.
    pub(super) fn failed(&self, why: &Arc<OpenError>, now: Instant) -> Option<bool> {
        match why.culprit() {
            Culprit::Host => Some(self.setback.failed(why, now)),
            Culprit::Database | Culprit::Login => {
                self.answered();
                None
            }
        }
    }

    /// What its pools on this database learn together.
    pub(super) fn database(&self, dbname: &str) -> Arc<Setback> {
        let mut databases = self.databases.lock();
        if let Some(known) = databases.known.get(dbname) {
            return known.clone();
        }
        if databases.known.len() >= databases.looked_through_at.max(DATABASES_MIN) {
            let now = Instant::now();
            databases.known.retain(|_, setback| {
                Arc::strong_count(setback) > 1 || setback.pause(now).is_some()
            });
            databases.looked_through_at = 2 * databases.known.len();
        }
        databases.known.entry(dbname.to_owned()).or_default().clone()
    }

    /// Whatever kept logins from succeeding may have been mended: the next is tried at once.
    pub(super) fn forget_setbacks(&self) {
        self.setback.end();
        self.databases.lock().known.values().for_each(|setback| setback.end());
        self.try_again();
    }

    /// Whoever waits for the end of a pause looks again.
    pub(super) fn try_again(&self) {
        self.retry.notify_waiters();
    }

    /// Ready when pauses may be over before their time, from now on.
    pub(super) fn retry(&self) -> Notified<'_> {
        self.retry.notified()
    }

    /// It could not be asked how fresh it is; or it could.
    pub(super) fn note_asked(&self, why_not: Option<String>) {
        *self.not_asked.lock() = why_not;
    }

    /// Why it could not be asked how fresh it is, until it can.
    pub fn not_asked(&self) -> Option<String> {
        self.not_asked.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        Host::new(Address::Tcp("10.0.0.1".into(), 5432))
    }

    fn refused(sqlstate: &str) -> Arc<OpenError> {
        Arc::new(OpenError::Refused { sqlstate: sqlstate.into(), message: "no".into() })
    }

    fn cut() -> Arc<OpenError> {
        Arc::new(std::io::Error::from(std::io::ErrorKind::ConnectionRefused).into())
    }

    #[test]
    fn a_host_that_refuses_one_login_is_usable_for_the_others() {
        let (host, now) = (host(), Instant::now());
        for sqlstate in ["53300", "28P01", "28000", "3D000", "42501", "55000"] {
            assert_eq!(host.failed(&refused(sqlstate), now), None, "{sqlstate}");
            assert!(host.is_usable(), "{sqlstate}");
        }
    }

    #[test]
    fn a_host_that_does_not_answer_or_starts_is_not_usable() {
        for why in [cut(), refused("57P03"), refused("57P01")] {
            let host = host();
            assert_eq!(host.failed(&why, Instant::now()), Some(true));
            assert!(!host.is_usable());
        }
    }

    #[test]
    fn a_refusal_proves_that_a_host_is_back() {
        let host = host();
        host.failed(&cut(), Instant::now());
        host.failed(&refused("28P01"), Instant::now());
        assert!(host.is_usable());
    }

    #[test]
    fn databases_that_nobody_needs_are_forgotten_and_those_in_a_pause_are_not() {
        let (host, now) = (host(), Instant::now());
        host.database("missing").failed(&refused("3D000"), now);
        let used = host.database("used");
        for number in 0..10 * DATABASES_MIN {
            host.database(&format!("other_{number}"));
        }
        assert!(host.databases.lock().known.len() <= 2 * DATABASES_MIN);
        assert!(host.database("missing").pause(now).is_some());
        assert!(Arc::ptr_eq(&used, &host.database("used")));
    }
}
