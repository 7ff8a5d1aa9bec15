//! Which replica serves a read.

/// One replica, as the pooler sees it now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which replica: the caller's own number for it.
    pub index: usize,
    /// Statements that it is running or that wait for it, of all sessions.
    pub outstanding: u32,
    /// Whether it may serve reads now.
    pub usable: bool,
}

/// The replica for a session's next read, by its `index`; none if no replica is usable.
///
/// A session stays with its own replica while that is usable, because a second replica may be
/// behind what the session has already seen. Otherwise the one with the least to do is taken;
/// among equals the first from position `start` on, which differs from session to session, so
/// that idle replicas share new sessions evenly.
#[must_use]
pub fn choose(candidates: &[Candidate], own: Option<usize>, start: usize) -> Option<usize> {
    let usable = |candidate: &&Candidate| candidate.usable;
    let mine = candidates.iter().filter(usable).find(|candidate| Some(candidate.index) == own);
    mine.or_else(|| least_busy(candidates, start)).map(|candidate| candidate.index)
}

fn least_busy(candidates: &[Candidate], start: usize) -> Option<&Candidate> {
    let (before, from) = candidates.split_at(start % candidates.len().max(1));
    let turned = from.iter().chain(before);
    turned.filter(|candidate| candidate.usable).min_by_key(|candidate| candidate.outstanding)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replicas(outstanding: &[u32]) -> Vec<Candidate> {
        let with_index = outstanding.iter().enumerate();
        with_index
            .map(|(n, o)| Candidate { index: 10 + n, outstanding: *o, usable: true })
            .collect()
    }

    #[test]
    fn a_session_stays_with_its_own_replica_even_if_that_is_busy() {
        assert_eq!(choose(&replicas(&[9, 0]), Some(10), 0), Some(10));
    }

    #[test]
    fn it_leaves_for_the_least_busy_when_its_own_is_not_usable() {
        let mut replicas = replicas(&[0, 7, 3]);
        replicas[0].usable = false;
        assert_eq!(choose(&replicas, Some(10), 0), Some(12));
    }

    #[test]
    fn equals_take_turns_by_start() {
        let chosen: Vec<_> = (0..4).map(|n| choose(&replicas(&[2, 2, 2]), None, n)).collect();
        assert_eq!(chosen, [Some(10), Some(11), Some(12), Some(10)]);
    }

    #[test]
    fn nothing_usable_is_nothing() {
        let mut replicas = replicas(&[0]);
        replicas[0].usable = false;
        assert_eq!(choose(&replicas, Some(10), 5), None);
        assert_eq!(choose(&[], None, 5), None);
    }
}
