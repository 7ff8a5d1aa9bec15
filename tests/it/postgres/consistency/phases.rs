//! The load's phases: one way to hold replicas up after the other, while all sessions go on.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::history::{Event, History};
use super::load::{Failure, Load, Running};
use super::stage::{Lag, Stage};
use crate::support::{Trace, until};

/// A phase lasts several times [`MAX_LAG`](super::MAX_LAG), so that what is held up becomes too stale.
pub const PHASE_MIN: Duration = Duration::from_millis(1200);

/// What the replicas suffer for some time.
pub struct Phase {
    pub name: &'static str,
    pub lag: Lag,
    /// Which of them.
    pub on: &'static [usize],
    /// Whether a statement may fail: one that runs on a host whose connections end.
    pub may_fail: bool,
    /// Whether most reads must run on replicas.
    pub is_calm: bool,
}

const BOTH: &[usize] = &[0, 1];
const FIRST: &[usize] = &[0];
const SECOND: &[usize] = &[1];

const fn phase(name: &'static str, lag: Lag, on: &'static [usize]) -> Phase {
    Phase { name, lag, on, may_fail: false, is_calm: matches!(lag, Lag::None) }
}

const fn delay(ms: u64) -> Lag {
    Lag::Delay(Duration::from_millis(ms))
}

/// All of them, the harmless ones first.
pub const PHASES: [Phase; 11] = [
    phase("calm", Lag::None, BOTH),
    phase("delay of 5 ms", delay(5), BOTH),
    phase("delay of 100 ms on one", delay(100), FIRST),
    phase("delay of 2 s", delay(2000), BOTH),
    phase("replay paused on one", Lag::Paused, SECOND),
    phase("receivers stopped", Lag::ReceiverStopped, BOTH),
    phase("stream held on one", Lag::StreamHeld, FIRST),
    phase("streams cut", Lag::StreamCut, BOTH),
    phase("pgweir's way held to one", Lag::WayHeld, SECOND),
    Phase { may_fail: true, ..phase("pgweir's ways cut", Lag::WayCut, BOTH) },
    phase("calm again", Lag::None, BOTH),
];

/// When a phase began and ended.
pub struct Span {
    pub phase: &'static Phase,
    pub began: Duration,
    pub ended: Duration,
}

/// Which host served each read, from the hosts' logs.
pub struct Served {
    trace: Trace,
    hosts: HashMap<u64, String>,
}

impl Served {
    pub fn by(trace: Trace) -> Served {
        Served { trace, hosts: HashMap::new() }
    }

    /// The host of a read. One that was lost on a replica and ran again counts for the primary, whose
    /// log is read first.
    pub fn host(&self, read: u64) -> &str {
        self.hosts.get(&read).map_or("nowhere", String::as_str)
    }

    /// Reads what the logs have got meanwhile, and returns how many reads that were on replicas.
    pub fn look(&mut self) -> usize {
        let mut on_replicas = 0;
        for ran in self.trace.ran() {
            let Some(read) = number_of(&ran.line) else { continue };
            on_replicas += usize::from(ran.host != "primary");
            self.hosts.entry(read).or_insert(ran.host);
        }
        on_replicas
    }
}

/// Leads a load through the phases, each for as many reads; when each of them was.
pub fn lead(
    stage: &Stage,
    phases: &'static [Phase],
    running: &Running,
    served: &mut Served,
    reads: u64,
) -> Vec<Span> {
    phases.iter().map(|phase| lead_through(stage, phase, &running.load, served, reads)).collect()
}

fn lead_through(
    stage: &Stage,
    phase: &'static Phase,
    load: &Load,
    served: &mut Served,
    reads: u64,
) -> Span {
    if phase.is_calm {
        served.look();
        until("replicas serve reads", || served.look() > 0);
    }
    let began = load.now();
    phase.on.iter().for_each(|replica| stage.hold_up(*replica, phase.lag));
    let (enough, not_before) = (load.reads() + reads, Instant::now() + PHASE_MIN);
    until(phase.name, || load.reads() >= enough && Instant::now() >= not_before);
    let ended = load.now();
    phase.on.iter().for_each(|replica| stage.let_go(*replica, phase.lag));
    Span { phase, began, ended }
}

/// Of the reads that began in this span, how many there are, and how many of them replicas served.
pub fn share(history: &History, served: &Served, span: &Span) -> (usize, usize) {
    let reads = history.iter().flatten().filter_map(|event| match event {
        Event::Read(read) if (span.began..span.ended).contains(&read.began) => Some(read.id),
        _ => None,
    });
    let reads: Vec<_> = reads.collect();
    let on_replicas = reads.iter().filter(|read| served.host(**read).starts_with("replica"));
    (reads.len(), on_replicas.count())
}

/// The failures that nothing excuses. A connection that was cut may be noticed a little later.
pub fn unexcused<'a>(failures: &'a [Failure], spans: &[Span]) -> Vec<&'a Failure> {
    let excused = |failure: &Failure| {
        spans
            .iter()
            .filter(|span| span.phase.may_fail)
            .any(|span| (span.began..span.ended + Duration::from_secs(1)).contains(&failure.at))
    };
    failures.iter().filter(|failure| !excused(failure)).collect()
}

/// The number in `read-17`.
fn number_of(line: &str) -> Option<u64> {
    let (_, rest) = line.split_once("'read-")?;
    rest.split('\'').next()?.parse().ok()
}
