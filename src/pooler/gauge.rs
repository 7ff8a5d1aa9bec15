//! What all workers see of one host's freshness, without a lock.

use crate::routing::freshness::{Moment, Proof};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Not connected: no answer can be hoped for soon.
const SILENT: u64 = 1;

/// What a host calls itself: it has not said, it takes writes, it is a standby.
const UNKNOWN: u8 = 0;
const PRIMARY: u8 = 1;
const STANDBY: u8 = 2;

/// Written by the host's sampler, read by everybody.
#[derive(Debug)]
pub(super) struct Gauge {
    fresh_as_of: AtomicU64,
    incarnation: AtomicU32,
    behind: AtomicU64,
    /// Since when a question is unanswered; 0 is not at all.
    unanswered: AtomicU64,
    standing: AtomicU8,
}

impl Default for Gauge {
    fn default() -> Self {
        Gauge {
            fresh_as_of: AtomicU64::new(0),
            incarnation: AtomicU32::new(0),
            behind: AtomicU64::new(0),
            unanswered: AtomicU64::new(SILENT),
            standing: AtomicU8::new(UNKNOWN),
        }
    }
}

impl Gauge {
    /// Says what is proven. A new incarnation is never seen with the freshness of the one before.
    pub(super) fn publish(&self, proof: Proof) {
        if self.incarnation.load(Ordering::Relaxed) != proof.incarnation {
            self.fresh_as_of.store(0, Ordering::SeqCst);
            self.incarnation.store(proof.incarnation, Ordering::SeqCst);
        }
        let behind = u64::try_from(proof.behind.as_nanos()).unwrap_or(u64::MAX);
        self.behind.store(behind, Ordering::Relaxed);
        self.fresh_as_of.store(proof.fresh_as_of.nanos(), Ordering::SeqCst);
    }

    /// What was proven last; nothing while it begins anew.
    pub(super) fn proof(&self) -> Proof {
        let incarnation = self.incarnation.load(Ordering::SeqCst);
        let fresh_as_of = Moment::from_nanos(self.fresh_as_of.load(Ordering::SeqCst));
        let behind = Duration::from_nanos(self.behind.load(Ordering::Relaxed));
        let same = self.incarnation.load(Ordering::SeqCst) == incarnation;
        let fresh_as_of = if same { fresh_as_of } else { Moment::NEVER };
        Proof { fresh_as_of, incarnation, behind }
    }

    /// A question is on its way.
    pub(super) fn asked(&self, now: Moment) {
        let _ =
            self.unanswered.compare_exchange(0, now.nanos(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// It was answered, or the host can be asked again.
    pub(super) fn answers(&self) {
        self.unanswered.store(0, Ordering::Relaxed);
    }

    /// The host has said whether it is in recovery.
    pub(super) fn say_in_recovery(&self, in_recovery: bool) {
        let standing = if in_recovery { STANDBY } else { PRIMARY };
        self.standing.store(standing, Ordering::Relaxed);
    }

    /// Whether the host is in recovery; none before it has said, and without a connection.
    pub(super) fn in_recovery(&self) -> Option<bool> {
        match self.standing.load(Ordering::Relaxed) {
            UNKNOWN => None,
            standing => Some(standing == STANDBY),
        }
    }

    /// There is no connection. What the host is when it is back is not known.
    pub(super) fn lost(&self) {
        self.standing.store(UNKNOWN, Ordering::Relaxed);
        self.unanswered.store(SILENT, Ordering::Relaxed);
    }

    /// Whether the host answers, or may be about to: no question is unanswered for longer.
    pub(super) fn answers_within(&self, limit: Duration, now: Moment) -> bool {
        match self.unanswered.load(Ordering::Relaxed) {
            0 => true,
            since => now.since(Moment::from_nanos(since)) <= limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proof(fresh: u64, incarnation: u32) -> Proof {
        let behind = Duration::from_nanos(3);
        Proof { fresh_as_of: Moment::from_nanos(fresh), incarnation, behind }
    }

    #[test]
    fn what_is_published_is_read() {
        let gauge = Gauge::default();
        assert_eq!(gauge.proof(), Proof::default());
        for said in [proof(10, 0), proof(20, 0), proof(0, 1), proof(30, 1)] {
            gauge.publish(said);
            assert_eq!(gauge.proof(), said);
        }
    }

    #[test]
    fn what_a_host_calls_itself_is_known_while_it_is_connected() {
        let gauge = Gauge::default();
        assert_eq!(gauge.in_recovery(), None);
        for said in [true, false] {
            gauge.say_in_recovery(said);
            assert_eq!(gauge.in_recovery(), Some(said));
        }
        gauge.lost();
        assert_eq!(gauge.in_recovery(), None);
    }

    #[test]
    fn a_host_is_silent_until_it_is_there_and_when_it_does_not_answer() {
        let (gauge, limit) = (Gauge::default(), Duration::from_nanos(10));
        let answers = |gauge: &Gauge, now| gauge.answers_within(limit, Moment::from_nanos(now));
        assert!(!answers(&gauge, 100));
        gauge.answers();
        assert!(answers(&gauge, 100));
        gauge.asked(Moment::from_nanos(100));
        gauge.asked(Moment::from_nanos(105));
        assert!(answers(&gauge, 110));
        assert!(!answers(&gauge, 111));
        gauge.answers();
        assert!(answers(&gauge, 111));
        gauge.lost();
        assert!(!answers(&gauge, 111));
    }
}
