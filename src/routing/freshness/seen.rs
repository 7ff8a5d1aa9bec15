//! What a session must not un-see, and which replica may serve its reads therefore.

use std::time::Duration;

use super::ledger::Proof;
use super::moment::Moment;

/// What one session has seen: where, and until when. One lives in every session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// When its last statement on the primary was acknowledged. A read counts too.
    must_see: Moment,
    /// When its last read on a replica had ended.
    read_end: Moment,
    own: Option<Own>,
}

/// The replica that served a session last, as it was then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    replica: u16,
    incarnation: u32,
}

/// What a read asks of any replica now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Everything that had been acknowledged by then has to be there.
    pub must_see: Moment,
    /// The time.
    pub now: Moment,
    /// `max_replica_lag`.
    pub max_lag: Duration,
}

/// Whether a replica may serve a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is proven to be fresh enough.
    Fresh,
    /// It is not proven to show what the session has seen already.
    NotFresh,
    /// It is not proven to be less than `max_replica_lag` behind.
    Lagging,
}

impl Seen {
    /// A statement on the primary was acknowledged, and will have been seen by its client.
    pub fn primary(&mut self, acknowledged: Moment) {
        self.must_see = self.must_see.max(acknowledged);
    }

    /// A read has ended on a replica, which was of this incarnation when it was chosen.
    pub fn replica(&mut self, replica: u16, incarnation: u32, ended: Moment) {
        self.own = Some(Own { replica, incarnation });
        self.read_end = self.read_end.max(ended);
    }

    /// The session's replicas are others now. What it has seen it has seen.
    pub fn forget_replica(&mut self) {
        self.own = None;
    }

    /// When its last statement on the primary was acknowledged.
    #[must_use]
    pub const fn must_see(&self) -> Moment {
        self.must_see
    }

    /// The replica that served its last read.
    #[must_use]
    pub fn own(&self) -> Option<u16> {
        self.own.map(|own| own.replica)
    }

    /// Whether this replica may serve the session's next read.
    #[must_use]
    pub fn judge(&self, replica: u16, proof: Proof, bounds: Bounds) -> Verdict {
        judge(proof.fresh_as_of, self.newer_than(replica, proof, bounds), bounds)
    }

    /// What the freshness of a replica has to be newer than for that replica, whichever it is, to
    /// serve the session's next read: what to wait for.
    #[must_use]
    pub fn wanted(&self, bounds: Bounds) -> Moment {
        bounds.must_see.max(self.read_end).max(bounds.now.before(bounds.max_lag))
    }

    /// What the freshness of this replica has to be newer than, for the session's next read.
    #[must_use]
    pub fn newer_than(&self, replica: u16, proof: Proof, bounds: Bounds) -> Moment {
        let own = Own { replica, incarnation: proof.incarnation };
        if self.own == Some(own) { bounds.must_see } else { bounds.must_see.max(self.read_end) }
    }
}

/// The rule. `newer_than` is what the session must see; on a replica that is not its own, or no
/// longer the same, also the end of its last read: where it read then may have been ahead.
#[must_use]
pub fn judge(fresh_as_of: Moment, newer_than: Moment, bounds: Bounds) -> Verdict {
    if fresh_as_of == Moment::NEVER || bounds.now.since(fresh_as_of) > bounds.max_lag {
        Verdict::Lagging
    } else if fresh_as_of <= newer_than {
        Verdict::NotFresh
    } else {
        Verdict::Fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(nanos: u64) -> Moment {
        Moment::from_nanos(nanos)
    }

    /// Every case of small numbers, against the sentence of the design word by word.
    #[test]
    fn the_rule_in_every_case() {
        let few = || 0..5u64;
        let mut fresh_cases = 0;
        for (fresh, must_see, read_end, now) in few().flat_map(|a| {
            few().flat_map(move |b| few().flat_map(move |c| few().map(move |d| (a, b, c, d))))
        }) {
            for (max_lag, own, same) in
                few().flat_map(|lag| [(lag, true, true), (lag, true, false), (lag, false, true)])
            {
                let mut seen = Seen::default();
                if read_end > 0 {
                    seen.replica(if own { 1 } else { 2 }, u32::from(!same), moment(read_end));
                }
                let proof = Proof { fresh_as_of: moment(fresh), ..Proof::default() };
                let bounds = Bounds {
                    must_see: moment(must_see),
                    now: moment(now),
                    max_lag: Duration::from_nanos(max_lag),
                };
                let kept = own && same;
                let allowed = fresh > 0
                    && fresh > must_see
                    && now.saturating_sub(fresh) <= max_lag
                    && (kept || fresh > read_end);
                let verdict = seen.judge(1, proof, bounds);
                assert_eq!(verdict == Verdict::Fresh, allowed, "{fresh} {seen:?} {bounds:?}");
                fresh_cases += u32::from(allowed);
            }
        }
        assert!(fresh_cases > 100);
    }

    #[test]
    fn what_was_seen_never_moves_back() {
        let mut seen = Seen::default();
        seen.primary(moment(9));
        seen.primary(moment(3));
        assert_eq!(seen.must_see(), moment(9));
        seen.replica(1, 0, moment(8));
        seen.replica(1, 0, moment(2));
        seen.forget_replica();
        assert_eq!(seen.own(), None);
        let bounds = Bounds { must_see: Moment::NEVER, now: moment(9), max_lag: Duration::MAX };
        assert_eq!(seen.newer_than(1, Proof::default(), bounds), moment(8));
    }

    #[test]
    fn why_not_is_said() {
        let bounds =
            Bounds { must_see: moment(5), now: moment(10), max_lag: Duration::from_nanos(6) };
        let judge = |fresh| judge(moment(fresh), bounds.must_see, bounds);
        assert_eq!(judge(0), Verdict::Lagging);
        assert_eq!(judge(3), Verdict::Lagging);
        assert_eq!(judge(4), Verdict::NotFresh);
        assert_eq!(judge(5), Verdict::NotFresh);
        assert_eq!(judge(6), Verdict::Fresh);
        // Two clocks' readings may cross: what is fresh as of a moment to come is fresh.
        assert_eq!(judge(11), Verdict::Fresh);
    }

    #[test]
    fn it_costs_a_session_four_words() {
        assert!(size_of::<Seen>() <= 4 * size_of::<u64>());
    }
}
