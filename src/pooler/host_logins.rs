//! What came of the logins to one host, and how long they took.

use crate::server::OpenError;
use crate::stats::histogram::micros;
use crate::stats::{Histogram, Tally};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The SQLSTATEs that logins fail with (PostgreSQL manual, "PostgreSQL Error Codes"): a host may say
/// any, and a label must have few values.
const SQLSTATES: &[&str] = &[
    "08006", "28000", "28P01", "3D000", "42501", "53300", "55000", "57P01", "57P02", "57P03",
    "XX000",
];

/// Counts of logins, and how the last one failed.
#[derive(Debug)]
pub struct HostLogins {
    succeeded: AtomicU64,
    failed: Tally,
    last_failure: Mutex<Option<&'static str>>,
    took: Mutex<Histogram>,
}

impl Default for HostLogins {
    fn default() -> Self {
        HostLogins {
            succeeded: AtomicU64::new(0),
            failed: Tally::new(SQLSTATES),
            last_failure: Mutex::new(None),
            took: Mutex::default(),
        }
    }
}

impl HostLogins {
    /// A login has ended after so long, without an error or with this one.
    pub(super) fn note(&self, error: Option<&OpenError>, took: Duration) {
        match error {
            // It has not been asked.
            Some(OpenError::OutOfFiles(_)) => return,
            Some(error) => self.failed.add(error.sqlstate()),
            None => {
                self.succeeded.fetch_add(1, Ordering::Relaxed);
                self.took.lock().record(micros(took));
            }
        }
        *self.last_failure.lock() = error.map(OpenError::class);
    }

    /// How many have succeeded.
    pub fn succeeded(&self) -> u64 {
        self.succeeded.load(Ordering::Relaxed)
    }

    /// How long those that have succeeded took, from the first try to connect on.
    pub fn took(&self) -> Histogram {
        self.took.lock().clone()
    }

    /// How many have failed, by SQLSTATE.
    pub fn failed(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.failed.totals()
    }

    /// In which way the last login failed; one of [`OpenError::CLASSES`]. None if it did not.
    pub fn last_failure(&self) -> Option<&'static str> {
        *self.last_failure.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_forgets_the_last_failure_and_not_the_count() {
        let logins = HostLogins::default();
        let full = OpenError::Refused { sqlstate: "53300".into(), message: "full".into() };
        let odd = OpenError::Refused { sqlstate: "AB123".into(), message: "odd".into() };
        let took = Duration::from_millis(3);
        logins.note(Some(&full), took);
        logins.note(Some(&odd), took);
        assert_eq!(logins.last_failure(), Some("refused"));
        logins.note(None, took);
        assert_eq!((logins.took().count(), logins.took().sum_us()), (1, 3_000));
        assert_eq!((logins.succeeded(), logins.last_failure()), (1, None));
        let failed: Vec<_> = logins.failed().filter(|(_, count)| *count > 0).collect();
        assert_eq!(failed, [("53300", 1), ("other", 1)]);
    }
}
