//! Which replica serves a read.

use std::cmp::Ordering;

use super::Reason;
use super::freshness::Verdict;

/// One replica, as the pooler sees it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which replica: the caller's own number for it.
    pub index: usize,
    /// Statements that it is running or that wait for it, of all sessions.
    pub outstanding: u32,
    /// Its share: one of weight 2 gets twice as much as one of weight 1. At least 1.
    pub weight: u16,
    /// Whether it can be reached, as far as is known.
    pub reachable: bool,
    /// Whether it is fresh enough.
    pub verdict: Verdict,
}

impl Candidate {
    /// Whether it may serve the read.
    #[must_use]
    pub fn may_serve(&self) -> bool {
        self.reachable && self.verdict == Verdict::Fresh
    }
}

/// The replica for a session's next read, by its `index`.
///
/// The one with the least to do for its weight is taken; among equals the first from `start` on,
/// which differs from session to session, so that idle replicas share new sessions by weight.
/// A session's own replica comes first, while it may serve: that is asked before this.
///
/// # Errors
/// Why no replica may serve it. What is nearest to being mended is said.
pub fn choose(candidates: &[Candidate], start: usize) -> Result<usize, Reason> {
    let total: usize = candidates.iter().map(|candidate| usize::from(candidate.weight)).sum();
    let (before, from) = candidates.split_at(whose(candidates, start % total.max(1)));
    let turned = from.iter().chain(before).filter(|candidate| candidate.may_serve());
    turned.min_by(|a, b| load(a, b)).map(|chosen| chosen.index).ok_or_else(|| why_none(candidates))
}

/// In whose share of the weights `at` lies.
fn whose(candidates: &[Candidate], mut at: usize) -> usize {
    for (index, candidate) in candidates.iter().enumerate() {
        match at.checked_sub(usize::from(candidate.weight)) {
            Some(rest) => at = rest,
            None => return index,
        }
    }
    0
}

/// Compares outstanding statements per weight, without dividing.
fn load(a: &Candidate, b: &Candidate) -> Ordering {
    let of = |outstanding: u32, weight: u16| u64::from(outstanding) * u64::from(weight);
    of(a.outstanding, b.weight).cmp(&of(b.outstanding, a.weight))
}

fn why_none(candidates: &[Candidate]) -> Reason {
    let any = |verdict| candidates.iter().any(|c| c.reachable && c.verdict == verdict);
    if any(Verdict::NotFresh) {
        Reason::NotFresh
    } else if any(Verdict::Lagging) {
        Reason::Lagging
    } else {
        Reason::NoReplica
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicas(outstanding: &[u32]) -> Vec<Candidate> {
        let replica = |(n, outstanding): (usize, &u32)| Candidate {
            index: 10 + n,
            outstanding: *outstanding,
            weight: 1,
            reachable: true,
            verdict: Verdict::Fresh,
        };
        outstanding.iter().enumerate().map(replica).collect()
    }

    #[test]
    fn the_least_busy_that_may_serve_is_taken() {
        let mut replicas = replicas(&[0, 1, 7, 3]);
        replicas[0].reachable = false;
        replicas[1].verdict = Verdict::NotFresh;
        assert_eq!(choose(&replicas, 0), Ok(13));
    }

    #[test]
    fn outstanding_statements_count_by_weight() {
        let mut replicas = replicas(&[2, 5]);
        replicas[1].weight = 3;
        assert_eq!(choose(&replicas, 0), Ok(11));
        replicas[1].outstanding = 7;
        assert_eq!(choose(&replicas, 0), Ok(10));
    }

    #[test]
    fn equals_take_turns_by_start_and_weight() {
        let mut replicas = replicas(&[0, 0, 0]);
        replicas[1].weight = 2;
        let chosen: Vec<_> = (0..5).map(|n| choose(&replicas, n).unwrap()).collect();
        assert_eq!(chosen, [10, 11, 11, 12, 10]);
    }

    #[test]
    fn why_there_is_none_is_said() {
        let mut replicas = replicas(&[0, 0]);
        replicas[0].verdict = Verdict::Lagging;
        replicas[1].verdict = Verdict::NotFresh;
        assert_eq!(choose(&replicas, 5), Err(Reason::NotFresh));
        replicas[1].reachable = false;
        assert_eq!(choose(&replicas, 5), Err(Reason::Lagging));
        replicas[0].reachable = false;
        assert_eq!(choose(&replicas, 5), Err(Reason::NoReplica));
        assert_eq!(choose(&[], 5), Err(Reason::NoReplica));
    }
}
