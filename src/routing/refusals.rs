//! Shapes that a standby has refused lately, although they looked like reads.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use foldhash::fast::FixedState;
use parking_lot::Mutex;

use super::fingerprint::Fingerprint;

/// How long a refused shape stays on the primary. What made the standby refuse it may pass, as a
/// recovery conflict does, or may stay; to try once a minute costs one statement a second run.
pub const REFUSED_FOR: Duration = Duration::from_secs(60);

/// How many are remembered. An application has a handful; beyond this the oldest is forgotten,
/// and learnt again.
const REFUSALS_MAX: usize = 4096;

/// By shape, until when each counts.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    until: Mutex<HashMap<Fingerprint, Instant, FixedState>>,
}

impl Refusals {
    /// Remembers `shape`; says which one had to be forgotten for it.
    pub(super) fn learn(&self, shape: Fingerprint, now: Instant) -> Option<Fingerprint> {
        let mut until = self.until.lock();
        until.insert(shape, now + REFUSED_FOR);
        if until.len() <= REFUSALS_MAX {
            return None;
        }
        let oldest = until.iter().min_by_key(|(_, until)| **until).map(|(shape, _)| *shape)?;
        until.remove(&oldest);
        Some(oldest)
    }

    pub(super) fn contains(&self, shape: Fingerprint) -> bool {
        self.until.lock().contains_key(&shape)
    }

    /// Forgets those whose time is over: which they were, and when the next one's is.
    pub(super) fn expire(&self, now: Instant) -> (Vec<Fingerprint>, Option<Instant>) {
        let mut over = Vec::new();
        let mut refusals = self.until.lock();
        refusals.retain(|shape, until| {
            let counts = *until > now;
            if !counts {
                over.push(*shape);
            }
            counts
        });
        (over, refusals.values().min().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_stays_within_the_bound_and_forgets_the_oldest() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let shape = |n: usize| Fingerprint(n as u64, 0);
        for n in 0..REFUSALS_MAX + 10 {
            let forgotten = refusals.learn(shape(n), start + Duration::from_millis(n as u64));
            assert_eq!(forgotten, n.checked_sub(REFUSALS_MAX).map(shape));
        }
        assert!(!refusals.contains(shape(0)));
    }

    #[test]
    fn each_is_forgotten_when_its_own_time_is_over() {
        let (refusals, start) = (Refusals::default(), Instant::now());
        let (first, second) = (Fingerprint(1, 1), Fingerprint(2, 2));
        let later = start + Duration::from_secs(20);
        refusals.learn(first, start);
        refusals.learn(second, later);
        assert_eq!(refusals.expire(later), (vec![], Some(start + REFUSED_FOR)));
        assert_eq!(refusals.expire(start + REFUSED_FOR), (vec![first], Some(later + REFUSED_FOR)));
        assert!(refusals.contains(second) && !refusals.contains(first));
        assert_eq!(refusals.expire(later + REFUSED_FOR), (vec![second], None));
    }
}
