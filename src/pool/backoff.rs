//! When a login that was refused, or not answered, is tried again.

use std::time::{Duration, Instant};

use crate::pool::jitter::Jitter;

/// The pause after the first failure. A host that restarts refuses for a moment, and a client in
/// the queue should not notice more than that.
const FIRST: Duration = Duration::from_millis(50);

/// The longest pause: a host that is back is found again within 5 seconds, and one that stays away
/// costs one attempt in 5 seconds.
const LONGEST: Duration = Duration::from_secs(5);

/// A pause is shorter than its nominal length by up to this share of it, so that many poolers do
/// not return to a host at the same instant, and none is longer than [`LONGEST`].
const SPREAD: u32 = 4;

/// The pauses between attempts to log in: to one host, one database, or as one user. It never gives
/// up.
#[derive(Clone, Debug, Default)]
pub struct Backoff {
    pause: Option<Duration>,
    retry_at: Option<Instant>,
}

impl Backoff {
    /// An attempt failed. Of several that were under way together, the first counts: those that
    /// fail during its pause change nothing.
    pub fn failed(&mut self, now: Instant, jitter: Jitter) {
        if self.retry_at.is_some_and(|at| now < at) {
            return;
        }
        let pause = self.pause.map_or(FIRST, |pause| LONGEST.min(pause * 2));
        self.pause = Some(pause);
        self.retry_at = now.checked_add(pause - jitter.within(pause / SPREAD));
    }

    /// An attempt succeeded: the next failure is a first one.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// No attempt before this; none: at once.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pauses, in milliseconds, of a host that fails at once whenever it is asked.
    fn pauses(backoff: &mut Backoff, jitter: u32, failures: usize) -> Vec<u128> {
        let mut now = Instant::now();
        let mut pause = || {
            backoff.failed(now, Jitter(jitter));
            let at = backoff.retry_at().unwrap();
            let pause = at - std::mem::replace(&mut now, at);
            pause.as_millis()
        };
        (0..failures).map(|_| pause()).collect()
    }

    #[test]
    fn doubles_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.retry_at(), None);
        let expected = [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000];
        assert_eq!(pauses(&mut backoff, 0, 9), expected);
    }

    #[test]
    fn success_starts_anew() {
        let mut backoff = Backoff::default();
        pauses(&mut backoff, 0, 9);
        backoff.succeeded();
        assert_eq!(backoff.retry_at(), None);
        assert_eq!(pauses(&mut backoff, 0, 2), [50, 100]);
    }

    #[test]
    fn jitter_makes_a_pause_shorter_by_less_than_a_quarter() {
        assert_eq!(pauses(&mut Backoff::default(), u32::MAX, 2), [37, 75]);
        assert_eq!(pauses(&mut Backoff::default(), 1 << 31, 2), [43, 87]);
    }

    #[test]
    fn no_pause_is_longer_than_five_seconds() {
        for jitter in [0, 1 << 31, u32::MAX] {
            let longest = pauses(&mut Backoff::default(), jitter, 20).into_iter().max();
            assert!(longest <= Some(5_000), "{longest:?}");
        }
    }

    #[test]
    fn logins_that_fail_together_are_one_failure() {
        let mut backoff = Backoff::default();
        let now = Instant::now();
        for _ in 0..16 {
            backoff.failed(now, Jitter(0));
        }
        assert_eq!(backoff.retry_at(), Some(now + FIRST));
    }
}
