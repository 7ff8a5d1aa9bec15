//! What was written and acknowledged, and what a read therefore has to show.

use std::collections::HashMap;
use std::time::Duration;

use crate::routing::ReadYourWrites;
use crate::routing::freshness::Moment;

/// A point of the WAL as the world knows it, whatever hosts say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) timeline: u32,
    pub(super) lsn: u64,
}

#[derive(Clone, Copy, Debug)]
struct Write {
    at: Point,
    session: usize,
    acknowledged: Moment,
}

/// A read that a replica has served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) session: usize,
    /// When it was given to the replica.
    pub(super) began: Moment,
    /// What the replica showed.
    pub(super) shown: Point,
}

/// The books of the world.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) mode: ReadYourWrites,
    pub(super) max_lag: Duration,
    writes: Vec<Write>,
    /// Where each timeline branched off from the one before it; the first is 1.
    branches: Vec<u64>,
    /// What each session has seen that it must not un-see.
    seen: HashMap<usize, Point>,
}

impl Model {
    pub(super) fn new(mode: ReadYourWrites, max_lag: Duration) -> Self {
        Self { mode, max_lag, writes: Vec::new(), branches: Vec::new(), seen: HashMap::new() }
    }

    pub(super) fn promoted(&mut self, lsn: u64) {
        self.branches.push(lsn);
    }

    pub(super) fn acknowledged(&mut self, session: usize, at: Point, now: Moment) {
        self.writes.push(Write { at, session, acknowledged: now });
        self.saw_on_primary(session, at);
    }

    /// A session has seen what the primary showed: with `read_your_writes = "off"` it may miss it
    /// afterwards.
    pub(super) fn saw_on_primary(&mut self, session: usize, at: Point) {
        if self.mode != ReadYourWrites::Off {
            self.see(session, at);
        }
    }

    /// A later timeline is further: what the earlier one had beyond the branch is lost.
    fn see(&mut self, session: usize, at: Point) {
        let seen = self.seen.entry(session).or_insert(at);
        if (at.timeline, at.lsn) > (seen.timeline, seen.lsn) {
            *seen = at;
        }
    }

    /// Fails the test if the read is wrong.
    pub(super) fn judge(&mut self, read: Read) {
        let Read { session, began, shown } = read;
        if let Some(seen) = self.seen.get(&session) {
            assert!(self.has(shown, *seen), "goes back in time: {read:?} after {seen:?}");
        }
        for write in &self.writes {
            let must_show = match self.mode {
                ReadYourWrites::Off => false,
                ReadYourWrites::Session => write.session == session,
                ReadYourWrites::Database => true,
            } && write.acknowledged <= began;
            if must_show {
                assert!(self.has(shown, write.at), "misses a write: {read:?}, {write:?}");
            }
            if began.since(write.acknowledged) > self.max_lag {
                assert!(self.has(shown, write.at), "is too stale: {read:?}, {write:?}");
            }
        }
        self.see(session, shown);
    }

    /// Whether who shows `shown` shows what was at `at`, or that is lost for everybody.
    fn has(&self, shown: Point, at: Point) -> bool {
        if !self.is_of_now(at) {
            return true;
        }
        shown.timeline >= at.timeline && shown.lsn >= at.lsn
    }

    /// Whether a point is of the primary's history as it is now.
    pub(super) fn is_of_now(&self, at: Point) -> bool {
        self.survives(at, self.branches.len() + 1)
    }

    /// How far a host can go back to be of the primary's history.
    pub(super) fn kept(&self, at: Point) -> u64 {
        let later = self.branches.get(at.timeline as usize - 1..).unwrap_or_default();
        later.iter().copied().fold(at.lsn, u64::min)
    }

    /// Whether what is at `at` is part of the history of `timeline`.
    fn survives(&self, at: Point, timeline: usize) -> bool {
        let branches = self.branches.get(at.timeline as usize - 1..timeline - 1);
        branches.is_some_and(|branches| branches.iter().all(|branch| at.lsn <= *branch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    fn at(timeline: u32, lsn: u64) -> Point {
        Point { timeline, lsn }
    }

    fn written(mode: ReadYourWrites) -> Model {
        let mut model = Model::new(mode, Duration::from_millis(100));
        model.acknowledged(1, at(1, 50), ms(10));
        model
    }

    fn read(model: &mut Model, session: usize, began: u64, shown: Point) {
        model.judge(Read { session, began: ms(began), shown });
    }

    #[test]
    #[should_panic(expected = "goes back in time")]
    fn a_read_that_misses_the_sessions_own_write_is_found() {
        read(&mut written(ReadYourWrites::Session), 1, 11, at(1, 49));
    }

    #[test]
    #[should_panic(expected = "misses a write")]
    fn a_read_that_misses_anothers_write_is_found_where_that_counts() {
        read(&mut written(ReadYourWrites::Session), 2, 11, at(1, 49));
        read(&mut written(ReadYourWrites::Database), 2, 11, at(1, 49));
    }

    #[test]
    #[should_panic(expected = "too stale")]
    fn a_read_that_is_too_stale_is_found() {
        let mut model = written(ReadYourWrites::Off);
        read(&mut model, 1, 110, at(1, 49));
        read(&mut model, 1, 111, at(1, 49));
    }

    #[test]
    #[should_panic(expected = "goes back in time")]
    fn a_read_that_shows_less_than_the_one_before_is_found() {
        let mut model = written(ReadYourWrites::Off);
        read(&mut model, 2, 11, at(1, 49));
        read(&mut model, 2, 12, at(1, 48));
    }

    #[test]
    fn what_a_promotion_has_lost_is_missed_by_nobody() {
        let mut model = written(ReadYourWrites::Session);
        model.promoted(40);
        read(&mut model, 1, 200, at(2, 45));
    }
}
