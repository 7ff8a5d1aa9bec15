//! Whom to ask for its position, and when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ledger::Ledger;
use super::moment::Moment;

/// How long after the last read that was routed the hosts are still asked. Then nothing wakes up
/// before the next read.
const ACTIVE: Duration = Duration::from_secs(10);

/// Nobody is asked more often than this while nobody waits.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// A lag that may be long does not make the answer to how long it is late.
const INTERVAL_MAX: Duration = Duration::from_secs(1);

/// Questions that follow each other at once for one wish: the way there and back is pause enough,
/// and in that time a replica has replayed most of what is on its way. For the next wish a host is
/// asked no sooner than [`PAUSE_MIN`] after that: those who come one upon the other share a question.
const AT_ONCE: u32 = 3;

/// The first pause after those, and the longest, to which it doubles. The timers of the process
/// are a millisecond apart.
const PAUSE_MIN: Duration = Duration::from_millis(1);
const PAUSE_MAX: Duration = Duration::from_millis(2);

/// Which host is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostIndex {
    /// The primary.
    Primary,
    /// The replica of that number.
    Replica(usize),
}

/// When each host is asked next.
#[derive(Clone, Debug)]
pub struct Schedule {
    interval: Duration,
    last_read: Moment,
    /// What those who wait want a replica to be newer than, and how many want that.
    wishes: BTreeMap<Moment, usize>,
    primary: Asked,
    replicas: Vec<Asked>,
}

/// One host's questions.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    last: Moment,
    /// For which wish it was asked in a hurry, and how often.
    hurried_for: Moment,
    hurried: u32,
}

impl Asked {
    fn at(&mut self, now: Moment, hurry: Option<Moment>) {
        self.last = now;
        let Some(wanted) = hurry else { return };
        self.hurried = if wanted == self.hurried_for { self.hurried.saturating_add(1) } else { 1 };
        self.hurried_for = wanted;
    }

    /// When the host may be asked again for this wish.
    fn due(&self, wanted: Moment) -> Moment {
        if wanted != self.hurried_for {
            return self.last.after(PAUSE_MIN);
        }
        if self.hurried < AT_ONCE {
            return self.last;
        }
        let doubled = PAUSE_MIN * (1 << (self.hurried - AT_ONCE).min(8));
        self.last.after(doubled.min(PAUSE_MAX))
    }
}

impl Schedule {
    /// For a primary with so many replicas, which may be behind by `max_lag`.
    #[must_use]
    pub fn new(replicas: usize, max_lag: Duration) -> Self {
        Self {
            interval: interval(max_lag),
            last_read: Moment::NEVER,
            wishes: BTreeMap::new(),
            primary: Asked::default(),
            replicas: vec![Asked::default(); replicas],
        }
    }

    /// The smallest `max_replica_lag` of those who read has changed.
    pub fn set_max_lag(&mut self, max_lag: Duration) {
        self.interval = interval(max_lag);
    }

    /// A read was routed.
    pub fn read(&mut self, now: Moment) {
        self.last_read = self.last_read.max(now);
    }

    /// Somebody waits for a replica that is fresh as of later than `wanted`.
    pub fn waits(&mut self, wanted: Moment) {
        *self.wishes.entry(wanted).or_default() += 1;
    }

    /// Somebody who wanted that has ceased to wait.
    pub fn waits_no_more(&mut self, wanted: Moment) {
        if let Some(many) = self.wishes.get_mut(&wanted) {
            *many -= 1;
            if *many == 0 {
                self.wishes.remove(&wanted);
            }
        }
    }

    /// Whether somebody waits.
    #[must_use]
    pub fn is_waited_for(&self) -> bool {
        !self.wishes.is_empty()
    }

    /// A question is sent.
    pub fn asked(&mut self, host: HostIndex, ledger: &Ledger, now: Moment) {
        let hurry = self.hurry(host, ledger);
        match host {
            HostIndex::Primary => self.primary.at(now, hurry),
            HostIndex::Replica(index) => {
                if let Some(replica) = self.replicas.get_mut(index) {
                    replica.at(now, hurry);
                }
            }
        }
    }

    /// When to ask this host next, if ever, as things are. A moment that has passed is now.
    #[must_use]
    pub fn next(&self, host: HostIndex, ledger: &Ledger, now: Moment) -> Option<Moment> {
        let asked = match host {
            HostIndex::Primary => &self.primary,
            HostIndex::Replica(index) => self.replicas.get(index)?,
        };
        let active = self.last_read != Moment::NEVER && now.since(self.last_read) < ACTIVE;
        let idle = active.then(|| asked.last.after(self.interval));
        let hurry = self.hurry(host, ledger).map(|wanted| asked.due(wanted));
        [idle, hurry].into_iter().flatten().min()
    }

    /// The newest wish that an answer of this host may bring nearer: first the primary has to say
    /// where it is, then the replicas whether they have got there. Of wishes that never cease to
    /// come, a replica is asked for those that the primary has answered for.
    fn hurry(&self, host: HostIndex, ledger: &Ledger) -> Option<Moment> {
        let asked = ledger.log().asked();
        match host {
            HostIndex::Primary => {
                self.wishes.keys().next_back().copied().filter(|wanted| *wanted >= asked)
            }
            HostIndex::Replica(index) => {
                let (wanted, _) = self.wishes.range(..asked).next_back()?;
                (ledger.proof(index).fresh_as_of <= *wanted).then_some(*wanted)
            }
        }
    }
}

/// A quarter of the lag that is allowed: the age of an answer adds to the lag.
fn interval(max_lag: Duration) -> Duration {
    (max_lag / 4).clamp(INTERVAL_MIN, INTERVAL_MAX)
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Answer;
    use super::super::position::{Lsn, Position, SystemId, Timeline};
    use super::*;

    const PRIMARY: HostIndex = HostIndex::Primary;
    const REPLICA: HostIndex = HostIndex::Replica(0);

    fn ms(ms: u64) -> Moment {
        Moment::from_nanos(ms * 1_000_000)
    }

    fn answer(in_recovery: bool, lsn: u64) -> Answer {
        let position = Position { system: SystemId(7), timeline: Timeline(1), lsn: Lsn(lsn) };
        Answer { in_recovery, position, flushed: None }
    }

    fn schedule() -> Schedule {
        Schedule::new(1, Duration::from_millis(400))
    }

    #[test]
    fn nobody_is_asked_before_a_read_and_ten_seconds_after_the_last() {
        let (mut schedule, ledger) = (schedule(), Ledger::new(1));
        assert_eq!(schedule.next(PRIMARY, &ledger, ms(5)), None);
        schedule.read(ms(5));
        assert!(schedule.next(PRIMARY, &ledger, ms(500)).unwrap() <= ms(500));
        schedule.asked(PRIMARY, &ledger, ms(500));
        assert_eq!(schedule.next(PRIMARY, &ledger, ms(501)), Some(ms(600)));
        assert_eq!(schedule.next(PRIMARY, &ledger, ms(10_004)), Some(ms(600)));
        assert_eq!(schedule.next(PRIMARY, &ledger, ms(10_005)), None);
        assert_eq!(schedule.next(HostIndex::Replica(1), &ledger, ms(6)), None);
    }

    #[test]
    fn the_interval_is_a_quarter_of_the_lag_within_bounds() {
        assert_eq!(interval(Duration::from_millis(1)), Duration::from_millis(10));
        assert_eq!(interval(Duration::from_millis(500)), Duration::from_millis(125));
        assert_eq!(interval(Duration::from_secs(3600)), Duration::from_secs(1));
    }

    #[test]
    fn who_waits_has_the_primary_asked_first_and_then_the_replicas() {
        let (mut schedule, mut ledger) = (schedule(), Ledger::new(1));
        schedule.waits(ms(100));
        let due = |schedule: &Schedule, ledger: &Ledger, host| {
            schedule.next(host, ledger, ms(102)).is_some_and(|due| due <= ms(102))
        };
        assert!(due(&schedule, &ledger, PRIMARY));
        assert!(!due(&schedule, &ledger, REPLICA));
        schedule.asked(PRIMARY, &ledger, ms(101));
        ledger.primary_answered(answer(false, 50), ms(101), ms(102));
        assert!(!due(&schedule, &ledger, PRIMARY));
        assert!(due(&schedule, &ledger, REPLICA));
        schedule.asked(REPLICA, &ledger, ms(101));
        ledger.replica_answered(0, answer(true, 50), ms(101));
        assert!(!due(&schedule, &ledger, REPLICA));
        // A second one, who has seen more, waits as well.
        schedule.waits(ms(101));
        assert!(due(&schedule, &ledger, PRIMARY));
        schedule.waits_no_more(ms(100));
        schedule.waits_no_more(ms(101));
        assert!(!schedule.is_waited_for() && !due(&schedule, &ledger, PRIMARY));
    }

    #[test]
    fn newcomers_keep_nobody_waiting_who_came_before() {
        let (mut schedule, mut ledger) = (schedule(), Ledger::new(1));
        let due = |schedule: &Schedule, ledger: &Ledger, host, now| {
            schedule.next(host, ledger, now).is_some_and(|due| due <= now)
        };
        for wish in (100..200).step_by(2) {
            schedule.waits(ms(wish));
            let asked = ms(wish + 1);
            assert!(due(&schedule, &ledger, PRIMARY, asked));
            schedule.asked(PRIMARY, &ledger, asked);
            // Before the primary has answered, somebody else has come who wants more.
            schedule.waits(asked);
            ledger.primary_answered(answer(false, wish), asked, ms(wish + 2));
            assert!(due(&schedule, &ledger, REPLICA, ms(wish + 2)), "{wish}");
            schedule.asked(REPLICA, &ledger, ms(wish + 2));
            ledger.replica_answered(0, answer(true, wish), ms(wish + 2));
            assert_eq!(ledger.proof(0).fresh_as_of, asked);
            schedule.waits_no_more(ms(wish));
        }
    }

    #[test]
    fn a_replica_that_does_not_get_there_is_asked_with_growing_pauses() {
        let (mut schedule, mut ledger) = (schedule(), Ledger::new(1));
        schedule.waits(ms(100));
        ledger.primary_answered(answer(false, 50), ms(101), ms(101));
        let pauses: Vec<Duration> = (0..7)
            .map(|_| {
                schedule.asked(REPLICA, &ledger, ms(200));
                ledger.replica_answered(0, answer(true, 49), ms(200));
                schedule.next(REPLICA, &ledger, ms(200)).unwrap().since(ms(200))
            })
            .collect();
        assert_eq!(
            pauses.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            [0, 0, 1, 2, 2, 2, 2]
        );
        // A new wish does not wait for that.
        ledger.primary_answered(answer(false, 60), ms(201), ms(201));
        schedule.waits(ms(200));
        assert_eq!(schedule.next(REPLICA, &ledger, ms(200)), Some(ms(201)));
    }

    #[test]
    fn a_primary_that_says_nothing_of_use_is_not_asked_without_pause() {
        let (mut schedule, ledger) = (schedule(), Ledger::new(1));
        schedule.waits(ms(100));
        (0..20).for_each(|_| schedule.asked(PRIMARY, &ledger, ms(200)));
        assert_eq!(schedule.next(PRIMARY, &ledger, ms(200)), Some(ms(202)));
    }
}
