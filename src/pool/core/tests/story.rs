//! A pool and a clock for tests that read like stories: names are numbers, times milliseconds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::answers::{Acquired, Open, Order, Released, Then, Waiter};
use crate::pool::close_reason::CloseReason;
use crate::pool::core::Core;
use crate::pool::counts::Counts;
use crate::pool::id_source::IdSource;
use crate::pool::jitter::Jitter;
use crate::pool::limits::Limits;

pub(in crate::pool::core) const SECOND: u64 = 1000;
pub(in crate::pool::core) const MINUTE: u64 = 60 * SECOND;
pub(in crate::pool::core) const HOUR: u64 = 60 * MINUTE;

pub(in crate::pool::core) struct Story {
    pub(in crate::pool::core) core: Core,
    start: Instant,
    pub(in crate::pool::core) now: Instant,
}

pub(in crate::pool::core) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

pub(in crate::pool::core) fn sizes(pool_size: u32, min_pool_size: u32) -> Limits {
    Limits::new(pool_size, min_pool_size).unwrap()
}

pub(in crate::pool::core) fn granted(waiter: WaiterId, worker: u16) -> Then {
    Then::Grant(Waiter { id: waiter, worker: WorkerId(worker) })
}

pub(in crate::pool::core) fn closing(server: ServerId, reason: CloseReason) -> Order {
    Order::Close { server, home: WorkerId(0), reason }
}

/// The servers that these orders open; there must be no other orders.
pub(in crate::pool::core) fn opened(orders: Vec<Order>) -> Vec<ServerId> {
    let server = |order| match order {
        Order::Open(Open(server)) => server,
        Order::Close { .. } => panic!("{order:?}"),
    };
    orders.into_iter().map(server).collect()
}

pub(in crate::pool::core) fn logins(opens: Vec<Open>) -> Vec<ServerId> {
    opens.into_iter().map(|open| open.0).collect()
}

impl Story {
    pub(in crate::pool::core) fn of(limits: Limits) -> Self {
        let now = Instant::now();
        let core = Core::new(limits, Arc::new(IdSource::default()));
        Self { core, start: now, now }
    }

    /// A pool with this many idle servers at worker 0.
    pub(in crate::pool::core) fn with_idle(
        limits: Limits,
        servers: usize,
    ) -> (Self, Vec<ServerId>) {
        let (mut story, servers) = Self::with_active(limits, servers);
        for server in &servers {
            assert_eq!(story.release(*server, 0), Then::Idle);
        }
        (story, servers)
    }

    /// A pool with this many servers held by clients of worker 0.
    pub(in crate::pool::core) fn with_active(
        limits: Limits,
        servers: usize,
    ) -> (Self, Vec<ServerId>) {
        let mut story = Self::of(limits);
        let mut login = || {
            let (waiter, login) = story.waits(0);
            let login = login.unwrap();
            assert_eq!(story.logs_in(login, 0), granted(waiter, 0));
            login
        };
        let servers = (0..servers).map(|_| login()).collect();
        (story, servers)
    }

    pub(in crate::pool::core) fn pass(&mut self, duration: u64) {
        self.now += ms(duration);
    }

    /// The client of this worker gets a server at once.
    pub(in crate::pool::core) fn takes(&mut self, worker: u16) -> ServerId {
        match self.core.acquire(WorkerId(worker), self.now) {
            Acquired::Take(server) => server,
            wait @ Acquired::Wait(..) => panic!("{wait:?}"),
        }
    }

    /// The client of this worker has to wait; perhaps a login begins.
    pub(in crate::pool::core) fn waits(&mut self, worker: u16) -> (WaiterId, Option<ServerId>) {
        match self.core.acquire(WorkerId(worker), self.now) {
            Acquired::Wait(waiter, open) => (waiter, open.map(|open| open.0)),
            take @ Acquired::Take(_) => panic!("{take:?}"),
        }
    }

    /// The client of this worker has to wait, and no login begins.
    pub(in crate::pool::core) fn queues(&mut self, worker: u16) -> WaiterId {
        let (waiter, open) = self.waits(worker);
        assert_eq!(open, None);
        waiter
    }

    /// A release after which no login begins.
    pub(in crate::pool::core) fn release(&mut self, server: ServerId, worker: u16) -> Then {
        let released = self.core.release(server, WorkerId(worker), self.now);
        assert_eq!(released.opens, []);
        released.then
    }

    /// A login that succeeds, and after which no other one begins.
    pub(in crate::pool::core) fn logs_in(&mut self, login: ServerId, worker: u16) -> Then {
        let released = self.logs_in_and(login, worker);
        assert_eq!(released.opens, []);
        released.then
    }

    pub(in crate::pool::core) fn logs_in_and(&mut self, login: ServerId, worker: u16) -> Released {
        self.core.logged_in(login, WorkerId(worker), self.now, Jitter(0))
    }

    pub(in crate::pool::core) fn fails(&mut self, login: ServerId) -> Option<ServerId> {
        self.core.login_failed(login, self.now).map(|open| open.0)
    }

    pub(in crate::pool::core) fn closed(&mut self, server: ServerId) -> Option<ServerId> {
        self.core.closed(server, self.now).map(|open| open.0)
    }

    pub(in crate::pool::core) fn tick(&mut self) -> Vec<Order> {
        self.core.tick(self.now)
    }

    /// When the next tick is due, in milliseconds after the story began.
    pub(in crate::pool::core) fn next_tick(&mut self) -> Option<u128> {
        let at = self.core.next_tick(self.now)?;
        Some((at - self.start).as_millis())
    }

    /// The earlier time of a tick, in milliseconds after the story began.
    pub(in crate::pool::core) fn sooner(&mut self) -> Option<u128> {
        let at = self.core.sooner()?;
        Some((at - self.start).as_millis())
    }

    pub(in crate::pool::core) fn counts(&self) -> Counts {
        self.core.counts(self.now)
    }
}
