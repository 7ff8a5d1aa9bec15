//! The samples of the primary: how far its WAL had got, and when that was asked.

use std::collections::VecDeque;

use super::moment::Moment;
use super::position::{Lsn, Position, SystemId, Timeline};

/// Samples that are kept, 24 kB of them. Thinned out, they reach back an hour at any pace: that takes
/// some 850 of them.
const SAMPLES_MAX: usize = 1024;

/// How much a sample's age may be off where samples are thinned out: by a 64th.
const RESOLUTION: u32 = 64;

/// One answer of the primary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sample {
    lsn: Lsn,
    /// When the question was sent, of the newest answer with this position.
    sent: Moment,
    /// When the answer was there, of the first answer with this position.
    seen: Moment,
}

/// Samples of one history of one primary, both positions and moments ascending.
#[derive(Clone, Debug, Default)]
pub struct PrimaryLog {
    history: Option<(SystemId, Timeline)>,
    samples: VecDeque<Sample>,
}

impl PrimaryLog {
    /// Notes that the primary was at `position`, as it answered to a question that was sent at
    /// `sent` and answered by `seen`.
    ///
    /// Another cluster or timeline begins anew. So does a position that steps back: the primary
    /// has crashed, and lost what it had not flushed.
    pub fn record(&mut self, position: Position, sent: Moment, seen: Moment) {
        let history = Some((position.system, position.timeline));
        let stepped_back = self.samples.back().is_some_and(|last| position.lsn < last.lsn);
        if self.history != history || stepped_back {
            self.history = history;
            self.samples.clear();
        }
        match self.samples.back_mut() {
            Some(last) if last.lsn == position.lsn => last.sent = last.sent.max(sent),
            _ => self.samples.push_back(Sample { lsn: position.lsn, sent, seen }),
        }
        if self.samples.len() > SAMPLES_MAX {
            self.thin_out();
        }
    }

    /// Notes that everything acknowledged by `sent` lies before `position`, although the primary has
    /// written further: samples behind it ask for what no replica can reach.
    pub fn settle(&mut self, position: Position, sent: Moment, seen: Moment) {
        let reached = self.samples.partition_point(|sample| sample.lsn <= position.lsn);
        self.samples.truncate(reached);
        self.record(position, sent, seen);
    }

    /// Drops samples that are close together for their age: far back a coarse answer will do, and a
    /// replica that is far behind still gets one. Dropping a sample makes nobody fresher than he is.
    fn thin_out(&mut self) {
        let (newest, mut last) = (self.asked(), Moment::NEVER);
        self.samples.retain(|sample| {
            let keep = sample.sent.since(last) >= newest.since(sample.sent) / RESOLUTION;
            last = if keep { sample.sent } else { last };
            keep
        });
        let surplus = self.samples.len().saturating_sub(SAMPLES_MAX / 8 * 7);
        self.samples.drain(..surplus);
    }

    /// How far the primary was when it was last asked.
    #[must_use]
    pub fn newest(&self) -> Option<Position> {
        let (system, timeline) = self.history?;
        let lsn = self.samples.back()?.lsn;
        Some(Position { system, timeline, lsn })
    }

    /// When the question of the newest sample was sent.
    #[must_use]
    pub fn asked(&self) -> Moment {
        self.samples.back().map_or(Moment::NEVER, |last| last.sent)
    }

    /// Whether `position` is a point of the history that is followed.
    #[must_use]
    pub fn follows(&self, position: Position) -> bool {
        self.history == Some((position.system, position.timeline))
    }

    /// As of when a replica is fresh that has replayed `position`: the send moment of the newest
    /// sample that it has reached.
    #[must_use]
    pub fn proves(&self, position: Position) -> Option<Moment> {
        if !self.follows(position) {
            return None;
        }
        let reached = self.samples.partition_point(|sample| sample.lsn <= position.lsn);
        reached.checked_sub(1).map(|last| self.samples[last].sent)
    }

    /// When the oldest sample was there that `lsn` has not reached.
    #[must_use]
    pub fn missed_since(&self, lsn: Lsn) -> Option<Moment> {
        let reached = self.samples.partition_point(|sample| sample.lsn <= lsn);
        self.samples.get(reached).map(|sample| sample.seen)
    }

    /// When the question of the first sample was sent that is at or past `lsn`.
    #[must_use]
    pub fn reached(&self, lsn: Lsn) -> Option<Moment> {
        let before = self.samples.partition_point(|sample| sample.lsn < lsn);
        self.samples.get(before).map(|sample| sample.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(lsn: u64) -> Position {
        Position { system: SystemId(7), timeline: Timeline(1), lsn: Lsn(lsn) }
    }

    fn ms(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    fn log(samples: &[(u64, u64)]) -> PrimaryLog {
        let mut log = PrimaryLog::default();
        samples.iter().for_each(|(lsn, sent)| log.record(at(*lsn), ms(*sent), ms(*sent + 1)));
        log
    }

    #[test]
    fn a_replica_is_fresh_as_of_the_newest_sample_that_it_has_reached() {
        let log = log(&[(100, 10), (200, 20), (300, 30)]);
        for (replayed, fresh) in [
            (99, None),
            (100, Some(ms(10))),
            (199, Some(ms(10))),
            (200, Some(ms(20))),
            (301, Some(ms(30))),
        ] {
            assert_eq!(log.proves(at(replayed)), fresh, "{replayed}");
        }
        assert_eq!(log.missed_since(Lsn(200)), Some(ms(31)));
        assert_eq!(log.missed_since(Lsn(300)), None);
        assert_eq!(log.reached(Lsn(101)), Some(ms(20)));
        assert_eq!(log.reached(Lsn(301)), None);
    }

    #[test]
    fn an_idle_primary_moves_the_moment_and_not_the_position() {
        let log = log(&[(100, 10), (100, 20), (100, 15)]);
        assert_eq!(log.proves(at(100)), Some(ms(20)));
        assert_eq!(log.asked(), ms(20));
        assert_eq!(log.missed_since(Lsn(99)), Some(ms(11)));
    }

    #[test]
    fn another_history_proves_nothing_and_begins_anew() {
        let mut log = log(&[(100, 10)]);
        let promoted = Position { timeline: Timeline(2), ..at(100) };
        let foreign = Position { system: SystemId(8), ..at(100) };
        assert_eq!(log.proves(promoted), None);
        assert_eq!(log.proves(foreign), None);
        log.record(promoted, ms(20), ms(21));
        assert_eq!(log.proves(at(100)), None);
        assert_eq!(log.proves(promoted), Some(ms(20)));
    }

    #[test]
    fn a_primary_that_steps_back_begins_anew() {
        let mut log = log(&[(100, 10), (200, 20)]);
        log.record(at(150), ms(30), ms(31));
        assert_eq!(log.proves(at(149)), None);
        assert_eq!(log.proves(at(200)), Some(ms(30)));
        assert_eq!(log.newest(), Some(at(150)));
    }

    #[test]
    fn it_is_bounded_and_still_reaches_far_back() {
        let mut log = PrimaryLog::default();
        for n in 1..100_000 {
            log.record(at(n), ms(n), ms(n));
            assert!(log.samples.len() <= SAMPLES_MAX);
        }
        let (early, late) = (log.proves(at(60_000)).unwrap(), log.proves(at(99_900)).unwrap());
        assert!(early > ms(59_000) && early <= ms(60_000), "{early:?}");
        assert_eq!(late, ms(99_900));
        let ascending = |a: &&Sample, b: &&Sample| a.lsn < b.lsn && a.sent < b.sent;
        assert!(log.samples.iter().is_sorted_by(ascending));
    }
}
