//! What it costs to acquire a server and to release it, by the rules alone and behind the lock that
//! workers share: `cargo bench --bench pool`.

#![allow(clippy::panic, reason = "a bench may end early")]

mod support;

use criterion::Criterion;
use parking_lot::Mutex;
use pgweir::ids::{ServerId, WaiterId, WorkerId};
use pgweir::pool::{Acquired, Core, Jitter, Limits, Released, Then};
use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

const HOME: WorkerId = WorkerId(0);
const WORKERS: u16 = 8;
const WAITERS: u16 = 1000;

fn main() {
    let mut criterion = support::criterion();
    idle(&mut criterion);
    queued(&mut criterion);
    locked(&mut criterion);
    criterion.final_summary();
}

/// A server is idle, here or elsewhere.
fn idle(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("acquire and release");
    let now = Instant::now();
    let mut core = idle_pool(20, now);
    group.bench_function("same worker", |b| b.iter(|| turn(&mut core, HOME, now)));

    let mut core = idle_pool(1, now);
    let mut workers = (0..WORKERS).map(WorkerId).cycle().skip(1);
    group.bench_function("other worker, one of 8", |b| {
        b.iter(|| workers.next().map(|worker| turn(&mut core, worker, now)));
    });
    group.finish();
}

/// All servers are in use, and 1,000 clients of 8 workers wait.
fn queued(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("1,000 wait");
    let now = Instant::now();
    let (mut core, server) = queued_pool(now);
    // As many of each worker as before: the one that is served has its place taken by another.
    group.bench_function("release to the next, and one more waits", |b| {
        b.iter(|| {
            let worker = granted(&core.release(server, black_box(HOME), now));
            waits(&mut core, worker, now)
        });
    });

    let (mut core, _server) = queued_pool(now);
    let mut places: VecDeque<_> =
        (0..WORKERS).map(|worker| (waits(&mut core, WorkerId(worker), now), worker)).collect();
    group.bench_function("one gives up, and one more waits", |b| {
        b.iter(|| {
            let Some((waiter, worker)) = places.pop_front() else { return };
            assert!(core.abandon(waiter), "it is in the queue");
            places.push_back((waits(&mut core, WorkerId(worker), now), worker));
        });
    });
    group.finish();
}

/// A pool's lock, taken twice for a turn, and the clock read as a worker reads it.
fn locked(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("behind the lock");
    for threads in [1, 2] {
        let name = match threads {
            1 => "one thread",
            _ => "two threads, contended",
        };
        group.bench_function(name, |b| b.iter_custom(|turns| contend(threads, turns)));
    }
    group.finish();
}

/// How long `threads` take for so many turns each, all on one pool.
fn contend(threads: u16, turns: u64) -> Duration {
    let pool = Mutex::new(idle_pool(20, Instant::now()));
    let begin = Barrier::new(usize::from(threads));
    let work = &|worker: WorkerId| {
        begin.wait();
        let begun = Instant::now();
        for _ in 0..turns {
            let server = take(&mut pool.lock(), worker, Instant::now());
            let released = pool.lock().release(black_box(server), worker, Instant::now());
            assert_eq!(released.then, Then::Idle);
        }
        begun.elapsed()
    };
    thread::scope(|scope| {
        let running: Vec<_> =
            (0..threads).map(|worker| scope.spawn(move || work(WorkerId(worker)))).collect();
        running.into_iter().filter_map(|thread| thread.join().ok()).max().unwrap_or_default()
    })
}

fn turn(core: &mut Core, worker: WorkerId, now: Instant) {
    let server = take(core, black_box(worker), now);
    let released = core.release(black_box(server), worker, now);
    assert_eq!(released.then, Then::Idle);
}

fn take(core: &mut Core, worker: WorkerId, now: Instant) -> ServerId {
    match core.acquire(worker, now) {
        Acquired::Take(server) => server,
        wait @ Acquired::Wait(..) => panic!("no server is idle: {wait:?}"),
    }
}

fn waits(core: &mut Core, worker: WorkerId, now: Instant) -> WaiterId {
    match core.acquire(worker, now) {
        Acquired::Wait(waiter, None) => waiter,
        other => panic!("nothing to wait for: {other:?}"),
    }
}

fn granted(released: &Released) -> WorkerId {
    match released.then {
        Then::Grant(waiter) => waiter.worker,
        other => panic!("nobody waits: {other:?}"),
    }
}

/// A pool of so many servers, all of them in use.
fn busy_pool(servers: u32, now: Instant) -> (Core, Vec<ServerId>) {
    let limits = Limits::new(servers, 0).unwrap_or_else(|error| panic!("{error}"));
    let mut core = Core::new(limits, Arc::default());
    let login = |_| match core.acquire(HOME, now) {
        Acquired::Wait(_, Some(open)) => {
            granted(&core.logged_in(open.0, HOME, now, Jitter(0)));
            open.0
        }
        other => panic!("no login: {other:?}"),
    };
    let servers = (0..servers).map(login).collect();
    (core, servers)
}

/// A pool of so many servers, all of them idle at home.
fn idle_pool(servers: u32, now: Instant) -> Core {
    let (mut core, servers) = busy_pool(servers, now);
    for server in servers {
        assert_eq!(core.release(server, HOME, now).then, Then::Idle);
    }
    core
}

/// A pool whose servers are all in use while [`WAITERS`] wait, and one of its servers.
fn queued_pool(now: Instant) -> (Core, ServerId) {
    let (mut core, servers) = busy_pool(20, now);
    for waiter in 0..WAITERS {
        let _ = waits(&mut core, WorkerId(waiter % WORKERS), now);
    }
    (core, servers[0])
}
