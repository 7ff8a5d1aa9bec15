//! Many sessions at once, and what all of them noted.

use std::env;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::task::LocalSet;
use tokio_postgres::{Config, Error};

use super::actor::Actor;
use super::history::{Event, History};
use super::session::Protocol;

/// Four of each protocol: more than a replica's share of the two cores of a small machine, so that
/// sessions overlap.
const SESSIONS: usize = 12;

/// The clock, the counters and the notes that all sessions share.
pub struct Load {
    begun: Instant,
    ids: AtomicU64,
    reads: AtomicU64,
    ending: AtomicBool,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    history: History,
    failures: Vec<Failure>,
}

/// A statement that failed, which ended its session.
#[derive(Clone, Debug)]
pub struct Failure {
    pub at: Duration,
    pub error: String,
}

/// A load that runs in a thread of its own.
pub struct Running {
    pub load: Arc<Load>,
    thread: JoinHandle<()>,
}

impl Load {
    /// The load's clock.
    pub fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    /// A number for a read.
    pub fn next_read(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// A read has its answer.
    pub fn has_read(&self) {
        self.reads.fetch_add(1, Ordering::Relaxed);
    }

    /// How many reads have their answer.
    pub fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn note(&self, events: Vec<Event>) {
        self.notes.lock().unwrap().history.push(events);
    }

    fn note_failure(&self, error: &Error) {
        let error = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
        self.notes.lock().unwrap().failures.push(Failure { at: self.now(), error });
    }
}

impl Running {
    /// Sessions, through one process or by turns through two, that do one thing after the other, each with a pause in between that makes it about this
    /// many steps a second for all of them together.
    pub fn start(to: Vec<Config>, seed: u64, steps_per_s: f64) -> Running {
        let load = Arc::new(Load {
            begun: Instant::now(),
            ids: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            ending: AtomicBool::new(false),
            notes: Mutex::default(),
        });
        let pause = Duration::from_secs_f64(SESSIONS as f64 / steps_per_s);
        let theirs = Arc::clone(&load);
        let thread = thread::spawn(move || drive(&theirs, &to, seed, pause));
        Running { load, thread }
    }

    /// Ends every session after the step that it is in; what all of them noted.
    pub fn stop(self) -> (History, Vec<Failure>) {
        self.load.ending.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let notes = std::mem::take(&mut *self.load.notes.lock().unwrap());
        (notes.history, notes.failures)
    }
}

/// The seed of this run: `PGWEIR_CHECK_SEED`, or another one each time.
pub fn seed() -> u64 {
    let given = env::var("PGWEIR_CHECK_SEED").ok().map(|seed| seed.parse().unwrap());
    let seed = given.unwrap_or_else(rand::random);
    println!("PGWEIR_CHECK_SEED={seed}");
    seed
}

/// How many reads a run checks: `PGWEIR_CHECK_READS`, or a few thousand, which take some seconds.
pub fn reads_wanted() -> u64 {
    env::var("PGWEIR_CHECK_READS").map_or(5000, |reads| reads.parse().unwrap())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {:.3?}: {}", self.at, self.error)
    }
}

fn drive(load: &Arc<Load>, to: &[Config], seed: u64, pause: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let sessions = LocalSet::new();
    for number in 0..SESSIONS {
        let (load, to) = (Arc::clone(load), to.to_vec());
        let protocol = Protocol::ALL[number % Protocol::ALL.len()];
        let random = StdRng::seed_from_u64(seed.wrapping_add(number as u64));
        sessions.spawn_local(keep_going(load, to, protocol, random, pause));
    }
    runtime.block_on(sessions);
}

/// One session after the other: an error ends one, as a connection pool would have it.
async fn keep_going(
    load: Arc<Load>,
    to: Vec<Config>,
    protocol: Protocol,
    mut random: StdRng,
    pause: Duration,
) {
    let mut ticks = tokio::time::interval(pause.max(Duration::from_micros(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !load.ending.load(Ordering::Relaxed) {
        let mut actor = match Actor::open(&load, &to, protocol).await {
            Ok(actor) => actor,
            Err(error) => {
                load.note_failure(&error);
                ticks.tick().await;
                continue;
            }
        };
        while !load.ending.load(Ordering::Relaxed) {
            ticks.tick().await;
            if let Err(error) = actor.step(&mut random).await {
                load.note_failure(&error);
                break;
            }
        }
        load.note(actor.into_events());
    }
}
