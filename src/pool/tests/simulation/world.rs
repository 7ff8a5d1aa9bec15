//! Everything that floor 3 can do to a pool, in random order.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::model::{Model, Place};
use crate::ids::{ServerId, WaiterId, WorkerId};
use crate::pool::answers::{Acquired, Open, Order, Released, Then};
use crate::pool::backoff::Backoff;
use crate::pool::core::{CANCELS_MAX, Core, REFILL_INTERVAL};
use crate::pool::id_source::IdSource;
use crate::pool::jitter::Jitter;
use crate::pool::limits::Limits;

/// While a world comes to rest, some 10 seconds pass: twice the longest pause of a login.
const REST_STEPS: u32 = 2_000;
const REST_STEP: Duration = Duration::from_millis(5);

/// A client's task.
#[derive(Clone, Copy, Debug)]
enum Client {
    Thinking,
    Waiting(WaiterId),
    /// A grant is on its way to it.
    Granted(ServerId),
    Holding(ServerId),
}

impl Client {
    fn has(self, server: ServerId) -> bool {
        matches!(self, Self::Granted(its) | Self::Holding(its) if its == server)
    }
}

pub(super) struct World {
    core: Core,
    model: Model,
    rng: SmallRng,
    workers: u16,
    /// Client number n belongs to worker n modulo `workers`.
    clients: Vec<Client>,
    names: BTreeMap<WaiterId, usize>,
    logins: Vec<(ServerId, WorkerId)>,
    cancels: Vec<ServerId>,
    host_is_up: bool,
    /// How often, in percent, a thinking client has something to ask: rarely, and most servers are
    /// idle; always, and most clients wait.
    eagerness: u32,
    backoff: Backoff,
    /// When the janitor comes, as far as it was told.
    janitor: Option<Instant>,
}

impl World {
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let limits = random_limits(&mut rng);
        let workers = rng.random_range(1..=4);
        let now = Instant::now();
        Self {
            core: Core::new(limits, Arc::new(IdSource::default())),
            model: Model::of(limits, workers, now),
            workers,
            clients: vec![Client::Thinking; rng.random_range(10..300)],
            names: BTreeMap::new(),
            logins: Vec::new(),
            cancels: Vec::new(),
            host_is_up: true,
            eagerness: 100,
            backoff: Backoff::default(),
            janitor: Some(now),
            rng,
        }
    }

    /// Something happens.
    pub(super) fn step(&mut self) {
        self.pass_time();
        match self.rng.random_range(0..1000) {
            0..850 => self.any_client_acts(),
            850..920 => self.any_login_ends(),
            920..960 => self.any_cancel_ends(),
            960..975 => self.any_server_dies(),
            975..980 => self.weather_changes(),
            980..983 => self.operator_acts(),
            _ => {}
        }
        self.check();
    }

    /// The host is up, nobody pauses, no new client comes: whoever waits is served.
    pub(super) fn come_to_rest(&mut self) {
        self.host_is_up = true;
        self.set_paused(false);
        let mut steps = 0;
        while self.model.waiting() > 0 || !self.model.has_min_pool_size() {
            steps += 1;
            assert!(steps < REST_STEPS, "{} clients wait for ever", self.model.waiting());
            self.model.now += REST_STEP;
            self.janitor_comes();
            self.clients_finish();
            self.any_login_ends();
            self.any_cancel_ends();
            self.check();
        }
    }

    /// What the janitor is for may be left to it; that waiters have logins may not.
    fn check(&mut self) {
        self.model.check_logins();
        self.janitor_comes();
        self.model.check(&self.core);
        let soon = self.model.now + REFILL_INTERVAL;
        let filled = self.model.is_filled() || self.janitor.is_some_and(|at| at <= soon);
        assert!(filled, "nobody cares for min_pool_size");
    }

    fn pass_time(&mut self) {
        let most_us = match self.rng.random_range(0..1000) {
            0 => 20_000_000,
            1..20 => 200_000,
            _ => 300,
        };
        self.model.now += Duration::from_micros(self.rng.random_range(0..most_us));
        self.janitor_comes();
    }

    /// The janitor comes in time, and is told what floor 3 tells it.
    fn janitor_comes(&mut self) {
        self.janitor = self.core.sooner().or(self.janitor);
        let mut visits = 0;
        while self.janitor.is_some_and(|at| at <= self.model.now) {
            visits += 1;
            assert!(visits < 3, "the janitor is kept awake");
            let orders = self.core.tick(self.model.now);
            self.carry_out(orders);
            self.janitor = self.core.next_tick(self.model.now);
        }
    }

    fn any_client_acts(&mut self) {
        let name = self.rng.random_range(0..self.clients.len());
        let luck = self.rng.random_range(0..100);
        match self.clients[name] {
            Client::Thinking if luck < self.eagerness => self.acquires(name),
            Client::Thinking => {}
            Client::Waiting(waiter) if luck < 5 => self.gives_up(name, waiter),
            Client::Waiting(_) => {}
            Client::Granted(server) if luck < 90 => self.clients[name] = Client::Holding(server),
            // It vanished, or its time was up, before the grant reached it.
            Client::Granted(server) => self.releases(name, server),
            Client::Holding(server) if luck < 70 => self.releases(name, server),
            Client::Holding(server) if luck < 80 => self.is_canceled(server),
            Client::Holding(server) if luck < 83 => self.dies(server, Place::Active),
            Client::Holding(_) => {}
        }
    }

    fn clients_finish(&mut self) {
        for name in 0..self.clients.len() {
            match self.clients[name] {
                Client::Thinking | Client::Waiting(_) => {}
                Client::Granted(server) | Client::Holding(server) => self.releases(name, server),
            }
        }
    }

    fn acquires(&mut self, name: usize) {
        let worker = self.worker_of(name);
        match self.core.acquire(worker, self.model.now) {
            Acquired::Take(server) => {
                self.model.taken(server, worker);
                self.clients[name] = Client::Holding(server);
            }
            Acquired::Wait(waiter, open) => {
                self.model.queued(waiter, worker);
                self.names.insert(waiter, name);
                self.clients[name] = Client::Waiting(waiter);
                self.begin(open, worker);
            }
        }
    }

    fn gives_up(&mut self, name: usize, waiter: WaiterId) {
        assert_eq!(self.core.abandon(waiter), self.model.gave_up(waiter));
        assert!(!self.core.abandon(waiter));
        self.names.remove(&waiter);
        self.clients[name] = Client::Thinking;
    }

    fn releases(&mut self, name: usize, server: ServerId) {
        let worker = self.worker_of(name);
        self.clients[name] = Client::Thinking;
        self.model.released(server, worker);
        let released = self.core.release(server, worker, self.model.now);
        self.settle(server, worker, released);
    }

    fn is_canceled(&mut self, server: ServerId) {
        let may = self.core.cancel_started(server);
        assert_eq!(may, self.model.cancel_started(server, CANCELS_MAX));
        self.cancels.extend(may.then_some(server));
    }

    fn any_cancel_ends(&mut self) {
        let Some(server) = pick(&mut self.rng, &mut self.cancels) else { return };
        let free = self.model.cancel_done(server);
        let released = self.core.cancel_done(server, self.model.now);
        assert_eq!(released.is_some(), free, "{server}");
        if let Some(released) = released {
            self.settle(server, WorkerId(0), released);
        }
    }

    fn any_login_ends(&mut self) {
        if self.backoff.retry_at().is_some_and(|at| self.model.now < at) {
            return;
        }
        let Some((server, worker)) = pick(&mut self.rng, &mut self.logins) else { return };
        if self.rng.random_bool(0.3) && !self.core.still_wanted(server) {
            return self.is_gone(server, worker);
        }
        let jitter = Jitter(self.rng.random());
        if self.host_is_up && self.rng.random_bool(0.95) {
            self.backoff.succeeded();
            self.model.login_ended(server, worker);
            let released = self.core.logged_in(server, worker, self.model.now, jitter);
            self.settle(server, worker, released);
        } else {
            self.backoff.failed(self.model.now, jitter);
            self.model.login_failed(server);
            let open = self.core.login_failed(server, self.model.now);
            self.begin(open, worker);
        }
    }

    fn any_server_dies(&mut self) {
        let n = self.rng.random_range(0..1000);
        if let Some((server, place)) = self.model.nth_server(n) {
            self.dies(server, place);
        }
    }

    fn dies(&mut self, server: ServerId, place: Place) {
        self.logins.retain(|(login, _)| *login != server);
        if place == Place::Active {
            let holder = self.clients.iter_mut().find(|client| client.has(server));
            *holder.unwrap() = Client::Thinking;
        }
        self.is_gone(server, WorkerId(0));
    }

    fn is_gone(&mut self, server: ServerId, worker: WorkerId) {
        self.model.gone(server);
        let open = self.core.closed(server, self.model.now);
        self.begin(open, worker);
        assert_eq!(self.core.state(server), None);
    }

    fn weather_changes(&mut self) {
        self.host_is_up = self.rng.random_bool(0.7);
        self.eagerness = [1, 5, 30, 100][self.rng.random_range(0..4)];
    }

    fn operator_acts(&mut self) {
        let orders = match self.rng.random_range(0..6) {
            0 => {
                self.model.limits = random_limits(&mut self.rng);
                self.core.set_limits(self.model.limits, self.model.now)
            }
            1 => {
                self.model.reconnected();
                self.core.reconnect(self.model.now)
            }
            2 => self.core.close_idle(self.model.now),
            3 => return self.host_says_no(),
            _ => return self.set_paused(!self.model.paused),
        };
        self.carry_out(orders);
    }

    fn set_paused(&mut self, paused: bool) {
        self.model.paused = paused;
        let orders = if paused { self.core.pause() } else { self.core.resume(self.model.now) };
        self.carry_out(orders);
    }

    fn host_says_no(&mut self) {
        let Some((server, worker)) = pick(&mut self.rng, &mut self.logins) else { return };
        self.model.login_failed(server);
        let told = if self.model.has_server() { Vec::new() } else { self.model.drained() };
        let (refused, open) = self.core.login_refused(server, self.model.now);
        assert_eq!(refused, told);
        for waiter in refused {
            let name = self.names.remove(&waiter.id).unwrap();
            self.clients[name] = Client::Thinking;
        }
        self.begin(open, worker);
    }

    fn settle(&mut self, server: ServerId, worker: WorkerId, released: Released) {
        match released.then {
            Then::Idle => self.model.idled(server),
            Then::BeingCanceled => self.model.held_for_cancels(server),
            Then::Close(reason) => self.model.ordered_closed(server, reason),
            Then::Grant(waiter) => {
                self.model.granted(server, waiter);
                let name = self.names.remove(&waiter.id).unwrap();
                assert_eq!(self.worker_of(name), waiter.worker);
                self.clients[name] = Client::Granted(server);
            }
        }
        self.begin(released.opens, worker);
    }

    fn carry_out(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Open(open) => self.begin([open], WorkerId(0)),
                Order::Close { server, home, reason } => {
                    let place = self.model.place(server);
                    assert!(matches!(place, Place::Idle(worker, _) if worker == home));
                    self.model.ordered_closed(server, reason);
                }
            }
        }
    }

    fn begin(&mut self, opens: impl IntoIterator<Item = Open>, worker: WorkerId) {
        for open in opens {
            self.model.opened(open.0);
            self.logins.push((open.0, worker));
        }
    }

    fn worker_of(&self, name: usize) -> WorkerId {
        WorkerId(u16::try_from(name).unwrap() % self.workers)
    }
}

fn pick<T>(rng: &mut SmallRng, from: &mut Vec<T>) -> Option<T> {
    let last = from.len().checked_sub(1)?;
    Some(from.swap_remove(rng.random_range(0..=last)))
}

fn random_limits(rng: &mut SmallRng) -> Limits {
    let unlimited = rng.random_bool(0.05);
    let pool_size = if unlimited { 0 } else { rng.random_range(1..30) };
    let min_pool_size = rng.random_range(0..=pool_size.min(5));
    let mut seconds = |most: u64| Duration::from_millis(rng.random_range(0..most * 1000));
    let (patience, lifetime, idle_timeout) = (seconds(2), seconds(60), seconds(10));
    let off = |duration, off: bool| if off { Duration::ZERO } else { duration };
    Limits::new(pool_size, min_pool_size)
        .unwrap()
        .with_reserve(rng.random_range(0..6), off(patience, rng.random_bool(0.2)))
        .unwrap()
        .with_server_lifetime(off(lifetime, rng.random_bool(0.2)))
        .with_server_idle_timeout(off(idle_timeout, rng.random_bool(0.2)))
        .with_logins_max(NonZeroU32::new(rng.random_range(1..20)).unwrap())
}
