//! Everything that can happen to a primary, its replicas, the questions to them, and sessions.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::model::{Model, Point, Read};
use crate::routing::ReadYourWrites;
use crate::routing::freshness::{
    Answer, Bounds, HostIndex, Ledger, Lsn, Moment, Position, Schedule, Seen, SystemId, Timeline,
    Verdict,
};

/// `read_wait`.
const READ_WAIT: u64 = 10_000_000;

/// Nanoseconds of a microsecond and a millisecond.
const US: u64 = 1_000;
const MS: u64 = 1_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Act(usize),
    Run(usize),
    End(usize),
    GiveUp(usize, u64),
    Replay(usize),
    Look(usize),
    Arrive(usize, u64),
    Heard(usize, u64),
    Silent(usize, u64),
    Lost(usize),
    Connect(usize),
    Up(usize),
    Mend(usize),
    Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Thinking,
    Writing(Option<Point>),
    ReadingPrimary(Option<Point>),
    Waiting { wanted: Moment },
    Reading { replica: usize, incarnation: u32, life: u64, began: Moment },
}

#[derive(Debug)]
struct Session {
    seen: Seen,
    doing: Doing,
    /// Counts what it did: what was meant for an earlier deed comes too late.
    deeds: u64,
}

/// A host, and the sampler's connection to it. Number 0 is the primary.
#[derive(Debug)]
struct Host {
    at: Point,
    /// The timeline that it says: a standby notices late that it follows another.
    says: u32,
    up: bool,
    life: u64,
    delay: u64,
    paused: bool,
    connected: bool,
    cut: bool,
    question: u64,
    sent: Moment,
    asking: bool,
    answer: Option<Answer>,
    last_answer: Moment,
}

pub(super) struct World {
    calm: bool,
    now: u64,
    rng: SmallRng,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    order: u64,
    hosts: Vec<Host>,
    /// When the primary was where.
    history: BTreeMap<u64, Point>,
    sessions: Vec<Session>,
    database: Moment,
    ledger: Ledger,
    schedule: Schedule,
    model: Model,
    pub(super) reads: u32,
    pub(super) reads_on_replicas: u32,
}

impl World {
    /// With everything that can happen.
    pub(super) fn of(seed: u64) -> Self {
        let mut world = Self::calm(seed);
        world.calm = false;
        world.plan(0..200 * MS, Event::Trouble);
        world
    }

    /// Only sessions.
    pub(super) fn calm(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let modes = [ReadYourWrites::Off, ReadYourWrites::Session, ReadYourWrites::Database];
        let mode = modes[rng.random_range(0..3)];
        let max_lag = Duration::from_millis([5, 50, 500][rng.random_range(0..3)]);
        let replicas = rng.random_range(1..=3);
        let start = Point { timeline: 1, lsn: 1_000 };
        let host = || Host {
            at: start,
            says: 1,
            up: true,
            life: 0,
            delay: 100 * US,
            paused: false,
            connected: true,
            cut: false,
            question: 0,
            sent: Moment::NEVER,
            asking: false,
            answer: None,
            last_answer: Moment::NEVER,
        };
        let session = || Session { seen: Seen::default(), doing: Doing::Thinking, deeds: 0 };
        let mut world = Self {
            calm: true,
            now: MS,
            events: BinaryHeap::new(),
            order: 0,
            hosts: (0..=replicas).map(|_| host()).collect(),
            history: BTreeMap::from([(0, start)]),
            sessions: (0..rng.random_range(1..6)).map(|_| session()).collect(),
            database: Moment::NEVER,
            ledger: Ledger::new(replicas),
            schedule: Schedule::new(replicas, max_lag),
            model: Model::new(mode, max_lag),
            reads: 0,
            reads_on_replicas: 0,
            rng,
        };
        (0..world.sessions.len()).for_each(|session| world.plan(0..MS, Event::Act(session)));
        (1..world.hosts.len()).for_each(|host| world.plan(0..MS, Event::Replay(host)));
        world
    }

    fn plan(&mut self, after: std::ops::Range<u64>, event: Event) {
        let at = self.now + self.rng.random_range(after);
        self.order += 1;
        self.events.push(Reverse((at, self.order, event)));
    }

    fn moment(&self) -> Moment {
        Moment::from_nanos(self.now)
    }

    pub(super) fn step(&mut self) {
        let Some(Reverse((at, _, event))) = self.events.pop() else { return };
        self.now = at.max(self.now + 1);
        match event {
            Event::Act(session) => self.act(session),
            Event::Run(session) => self.run(session),
            Event::End(session) => self.end(session),
            Event::GiveUp(session, deed) => self.give_up(session, deed),
            Event::Replay(host) => self.replay(host),
            Event::Look(host) => self.look(host),
            Event::Arrive(host, question) => self.arrive(host, question),
            Event::Heard(host, question) => self.heard(host, question),
            Event::Silent(host, question) => {
                if self.hosts[host].asking && self.hosts[host].question == question {
                    self.lost(host);
                }
            }
            Event::Lost(host) => self.lost(host),
            Event::Connect(host) => self.connect(host),
            Event::Up(host) => self.hosts[host].up = true,
            Event::Mend(host) => self.hosts[host].cut = false,
            Event::Trouble => self.trouble(),
        }
    }

    // Sessions.

    fn act(&mut self, session: usize) {
        self.sessions[session].deeds += 1;
        match self.rng.random_range(0..10) {
            0..3 => self.start(session, Doing::Writing(None)),
            3 => self.start(session, Doing::ReadingPrimary(None)),
            _ => {
                self.reads += 1;
                let now = self.moment();
                self.schedule.read(now);
                self.look_at_all();
                self.read(session, true);
            }
        }
    }

    fn start(&mut self, session: usize, doing: Doing) {
        self.sessions[session].doing = doing;
        self.plan(20 * US..MS, Event::Run(session));
    }

    fn bounds(&self, session: usize) -> Bounds {
        let seen = &self.sessions[session].seen;
        let must_see = match self.model.mode {
            ReadYourWrites::Off => Moment::NEVER,
            ReadYourWrites::Session => seen.must_see(),
            ReadYourWrites::Database => seen.must_see().max(self.database),
        };
        Bounds { must_see, now: self.moment(), max_lag: self.model.max_lag }
    }

    /// Reads on a replica that may serve it; waits for one, or goes to the primary.
    fn read(&mut self, session: usize, may_wait: bool) -> bool {
        let (bounds, seen) = (self.bounds(session), self.sessions[session].seen);
        let fresh: Vec<usize> = (0..self.hosts.len() - 1)
            .filter(|index| {
                let number = u16::try_from(*index).unwrap();
                let verdict = seen.judge(number, self.ledger.proof(*index), bounds);
                self.hosts[*index + 1].up && verdict == Verdict::Fresh
            })
            .collect();
        let own = fresh.iter().copied().find(|index| seen.own().map(usize::from) == Some(*index));
        let any = (!fresh.is_empty()).then(|| fresh[self.rng.random_range(0..fresh.len())]);
        if let Some(replica) = own.or(any) {
            let host = &self.hosts[replica + 1];
            let since = bounds.now.since(host.last_answer);
            assert!(since <= self.model.max_lag, "a replica that was cut off for {since:?} serves");
            let incarnation = self.ledger.proof(replica).incarnation;
            let (life, began) = (host.life, bounds.now);
            self.start(session, Doing::Reading { replica, incarnation, life, began });
            return true;
        }
        if may_wait && (self.calm || self.rng.random_bool(0.8)) {
            let wanted = seen.wanted(bounds);
            self.sessions[session].doing = Doing::Waiting { wanted };
            self.schedule.waits(wanted);
            self.plan(
                READ_WAIT..READ_WAIT + 1,
                Event::GiveUp(session, self.sessions[session].deeds),
            );
            self.look_at_all();
        } else if may_wait {
            self.start(session, Doing::ReadingPrimary(None));
        }
        false
    }

    fn give_up(&mut self, session: usize, deed: u64) {
        let Session { doing, deeds, .. } = self.sessions[session];
        if let Doing::Waiting { wanted } = doing
            && deeds == deed
        {
            self.schedule.waits_no_more(wanted);
            self.start(session, Doing::ReadingPrimary(None));
        }
    }

    /// The statement runs on its host.
    fn run(&mut self, session: usize) {
        let primary = self.hosts[0].at;
        let doing = match self.sessions[session].doing {
            Doing::Writing(_) => {
                let lsn = primary.lsn + self.rng.random_range(1..200);
                self.hosts[0].at.lsn = lsn;
                self.history.insert(self.now, self.hosts[0].at);
                Doing::Writing(Some(self.hosts[0].at))
            }
            Doing::ReadingPrimary(_) => Doing::ReadingPrimary(Some(primary)),
            Doing::Reading { replica, life, began, .. } => {
                let host = &self.hosts[replica + 1];
                if host.life != life || !host.up {
                    // It was restarted in between: the statement fails.
                    self.sessions[session].doing = Doing::Thinking;
                    return self.plan(0..MS, Event::Act(session));
                }
                self.reads_on_replicas += 1;
                self.model.judge(Read { session, began, shown: host.at });
                self.sessions[session].doing
            }
            Doing::Thinking | Doing::Waiting { .. } => return,
        };
        self.sessions[session].doing = doing;
        self.plan(20 * US..MS, Event::End(session));
    }

    /// The statement is acknowledged.
    fn end(&mut self, session: usize) {
        let now = self.moment();
        let Session { seen, doing, .. } = &mut self.sessions[session];
        match *doing {
            Doing::Writing(Some(at)) => {
                seen.primary(now);
                self.database = self.database.max(now);
                self.model.acknowledged(session, at, now);
            }
            Doing::ReadingPrimary(Some(at)) => {
                seen.primary(now);
                self.model.saw_on_primary(session, at);
            }
            Doing::Reading { replica, incarnation, .. } => {
                seen.replica(u16::try_from(replica).unwrap(), incarnation, now);
            }
            _ => {}
        }
        *doing = Doing::Thinking;
        let think = if self.rng.random_bool(0.1) { 0..200 * MS } else { 0..MS };
        self.plan(think, Event::Act(session));
    }

    // Questions.

    fn index(host: usize) -> HostIndex {
        host.checked_sub(1).map_or(HostIndex::Primary, HostIndex::Replica)
    }

    fn look_at_all(&mut self) {
        (0..self.hosts.len()).for_each(|host| self.look(host));
    }

    fn look(&mut self, host: usize) {
        let now = self.moment();
        if !self.hosts[host].connected || self.hosts[host].asking {
            return;
        }
        let Some(due) = self.schedule.next(Self::index(host), &self.ledger, now) else { return };
        if due > now {
            let wait = due.nanos() - self.now;
            return self.plan(wait..wait + 1, Event::Look(host));
        }
        self.schedule.asked(Self::index(host), &self.ledger, now);
        let asked = &mut self.hosts[host];
        asked.question += 1;
        (asked.asking, asked.sent, asked.answer) = (true, now, None);
        let question = asked.question;
        let way = if !self.calm && self.rng.random_bool(0.02) {
            40 * MS..300 * MS
        } else {
            20 * US..500 * US
        };
        self.plan(way, Event::Arrive(host, question));
        self.plan(100 * MS..101 * MS, Event::Silent(host, question));
    }

    fn arrive(&mut self, host: usize, question: u64) {
        let asked = &mut self.hosts[host];
        if asked.cut || !asked.up || !asked.asking || asked.question != question {
            return;
        }
        let (system, timeline, lsn) = (SystemId(7), Timeline(asked.says), Lsn(asked.at.lsn));
        let position = Position { system, timeline, lsn };
        asked.answer = Some(Answer { in_recovery: host > 0, position, flushed: None });
        self.plan(20 * US..500 * US, Event::Heard(host, question));
    }

    fn heard(&mut self, host: usize, question: u64) {
        let now = self.moment();
        let asked = &mut self.hosts[host];
        let Some(answer) = asked.answer else { return };
        if asked.cut || !asked.asking || asked.question != question {
            return;
        }
        asked.asking = false;
        asked.last_answer = now;
        let sent = asked.sent;
        match host.checked_sub(1) {
            None => self.ledger.primary_answered(answer, sent, now),
            Some(replica) => self.ledger.replica_answered(replica, answer, sent),
        };
        for session in 0..self.sessions.len() {
            if let Doing::Waiting { wanted } = self.sessions[session].doing
                && self.read(session, false)
            {
                self.schedule.waits_no_more(wanted);
            }
        }
        self.look_at_all();
    }

    fn lost(&mut self, host: usize) {
        self.hosts[host].connected = false;
        self.hosts[host].asking = false;
        if let Some(replica) = host.checked_sub(1) {
            self.ledger.replica_lost(replica);
        }
        self.plan(MS..20 * MS, Event::Connect(host));
    }

    fn connect(&mut self, host: usize) {
        if self.hosts[host].connected {
            return;
        }
        if self.hosts[host].cut || !self.hosts[host].up {
            return self.plan(MS..50 * MS, Event::Connect(host));
        }
        self.hosts[host].connected = true;
        self.look(host);
    }

    // Hosts.

    fn replay(&mut self, host: usize) {
        let Host { at, delay, paused, .. } = self.hosts[host];
        let shipped = self.history.range(..=self.now.saturating_sub(delay)).next_back();
        let shipped = shipped.map_or(at, |(_, point)| *point);
        let primary = self.hosts[0].at;
        if !paused && shipped.timeline == at.timeline && shipped.lsn > at.lsn {
            self.hosts[host].at.lsn = self.rng.random_range(at.lsn..=shipped.lsn);
        } else if !paused && shipped.timeline > at.timeline && self.model.is_of_now(at) {
            self.hosts[host].at.timeline = primary.timeline;
        }
        if self.rng.random_bool(0.05) {
            self.hosts[host].says = self.hosts[host].at.timeline;
        }
        self.plan(50 * US..MS, Event::Replay(host));
    }

    fn trouble(&mut self) {
        let host = self.rng.random_range(0..self.hosts.len());
        let replica = host.max(1);
        match self.rng.random_range(0..12) {
            0 => self.hosts[replica].delay = self.rng.random_range(0..800) * MS,
            1..6 => self.hosts[replica].delay = self.rng.random_range(0..500) * US,
            6 => self.hosts[replica].paused = true,
            7 | 8 => self.hosts[replica].paused = false,
            9 => {
                self.hosts[host].cut = true;
                self.plan(10 * MS..2_000 * MS, Event::Mend(host));
            }
            10 => self.restart(replica),
            _ => self.promote(replica),
        }
        self.plan(0..200 * MS, Event::Trouble);
    }

    /// It comes back with what it had written to disk: less than it has shown, maybe.
    fn restart(&mut self, host: usize) {
        let (to, back) = (self.hosts[0].at.timeline, self.rng.random_range(0..300));
        let kept = self.model.kept(self.hosts[host].at);
        let restarted = &mut self.hosts[host];
        (restarted.up, restarted.life) = (false, restarted.life + 1);
        restarted.at = Point { timeline: to, lsn: kept.saturating_sub(back).max(1) };
        restarted.says = to;
        self.plan(0..300 * US, Event::Lost(host));
        self.plan(MS..20 * MS, Event::Up(host));
    }

    /// Another standby, as far as this one, takes over the primary's place; what it did not have
    /// is lost.
    fn promote(&mut self, host: usize) {
        if self.hosts[host].at.timeline != self.hosts[0].at.timeline {
            return;
        }
        let lsn = self.hosts[host].at.lsn;
        self.model.promoted(lsn);
        let primary = &mut self.hosts[0];
        primary.at = Point { timeline: primary.at.timeline + 1, lsn };
        primary.says = primary.at.timeline;
        self.history.insert(self.now, self.hosts[0].at);
        if self.rng.random_bool(0.5) {
            self.plan(0..300 * US, Event::Lost(0));
        }
    }
}
