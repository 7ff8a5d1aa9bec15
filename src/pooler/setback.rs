//! Logins that fail in a row: what the last one failed of, and when the next may be tried.

use crate::pool::{Backoff, Jitter};
use crate::server::OpenError;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Failures in a row of one host, one database, or one login. Each has its own: what fails for one
/// role must not keep the others from the host.
#[derive(Debug, Default)]
pub struct Setback {
    /// The last login has failed. No lock while they succeed: each read asks.
    lasts: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    backoff: Backoff,
    why: Option<Arc<OpenError>>,
}

/// No login may be tried before this is over.
#[derive(Clone, Debug)]
pub struct Pause {
    /// When it is over.
    pub until: Instant,
    /// What the last login failed of.
    pub why: Arc<OpenError>,
}

impl Setback {
    /// A login has failed. Says whether it was the first in a row.
    pub(super) fn failed(&self, why: &Arc<OpenError>, now: Instant) -> bool {
        let mut known = self.known.lock();
        let first = known.why.replace(why.clone()).is_none();
        known.backoff.failed(now, Jitter(rand::random()));
        self.lasts.store(true, Ordering::Release);
        first
    }

    /// A login has succeeded, or whatever may have kept it from that has been changed.
    pub(super) fn end(&self) {
        if self.lasts() {
            *self.known.lock() = Known::default();
            self.lasts.store(false, Ordering::Release);
        }
    }

    /// Whether the last login has failed.
    pub fn lasts(&self) -> bool {
        self.lasts.load(Ordering::Acquire)
    }

    /// What the last login failed of, until one succeeds.
    pub fn why(&self) -> Option<Arc<OpenError>> {
        if self.lasts() { self.known.lock().why.clone() } else { None }
    }

    /// The pause before the next login, if there is one now.
    pub fn pause(&self, now: Instant) -> Option<Pause> {
        if !self.lasts() {
            return None;
        }
        let known = self.known.lock();
        let until = known.backoff.retry_at().filter(|at| *at > now)?;
        Some(Pause { until, why: known.why.clone()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn full() -> Arc<OpenError> {
        Arc::new(OpenError::Refused { sqlstate: "53300".into(), message: "full".into() })
    }

    #[test]
    fn the_first_failure_in_a_row_says_so_and_begins_a_pause() {
        let (setback, now) = (Setback::default(), Instant::now());
        assert!(setback.pause(now).is_none() && setback.why().is_none());
        assert!(setback.failed(&full(), now));
        assert!(!setback.failed(&full(), now));
        assert!(setback.pause(now).is_some());
        let later = now + Duration::from_secs(5);
        assert!(setback.pause(later).is_none(), "it is over");
        assert!(setback.lasts() && setback.why().is_some(), "and nothing has succeeded yet");
    }

    #[test]
    fn its_end_forgets_everything() {
        let (setback, now) = (Setback::default(), Instant::now());
        setback.failed(&full(), now);
        setback.end();
        assert!(setback.pause(now).is_none() && setback.why().is_none());
        assert!(setback.failed(&full(), now), "the next is a first one");
    }
}
